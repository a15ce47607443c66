import { TesseraError } from '../../tensor/index.js';
import { decodeImage, loadSharp } from './images.js';

/** An image of a contact sheet. */
export interface SheetImage {
  /** The bytes of an image file. */
  readonly bytes: Uint8Array;
  /** The text below it; what does not fit is cut. */
  readonly caption: string;
}

const TILE = 128;
const GAP = 8;
const LINE = 18;
const COLUMNS = 6;
/** How many characters fit below a tile at 11 pixels. */
const CAPTION = 21;

/**
 * Draws images as a PNG: a grid of six columns with a caption below each, in the order given. Each is scaled to fit 128 x 128
 * pixels on a white background; one that cannot be decoded is a gray tile that says so.
 * @throws TesseraError if there are none, or the package sharp is not installed.
 */
export async function contactSheet(images: readonly SheetImage[]): Promise<Uint8Array> {
  if (images.length === 0) throw new TesseraError('contactSheet: expected at least one image, got none');
  const sharp = await loadSharp();
  const columns = Math.min(COLUMNS, images.length);
  const rows = Math.ceil(images.length / columns);
  const place = (index: number) => ({
    left: GAP + (index % columns) * (TILE + GAP),
    top: GAP + Math.floor(index / columns) * (TILE + LINE + GAP),
  });
  const tiles = [];
  const captions: string[] = [];
  for (const [index, { bytes, caption }] of images.entries()) {
    const { left, top } = place(index);
    captions.push(text(left, top + TILE + 13, shorten(caption)));
    try {
      const pixels = await decodeImage(bytes, [TILE, TILE, 3]);
      const input = Uint8Array.from(pixels, (value) => Math.round(255 * value));
      tiles.push({ input, raw: { width: TILE, height: TILE, channels: 3 } as const, left, top });
    } catch {
      captions.push(
        `<rect x="${left}" y="${top}" width="${TILE}" height="${TILE}" fill="#cccccc"/>`,
        text(left + 8, top + TILE / 2, 'cannot be decoded'),
      );
    }
  }
  const width = GAP + columns * (TILE + GAP);
  const height = GAP + rows * (TILE + LINE + GAP);
  const labels = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${captions.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#eeeeee' } })
    .composite([...tiles, { input: Buffer.from(labels), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

const shorten = (caption: string): string =>
  caption.length <= CAPTION ? caption : `${caption.slice(0, CAPTION - 1)}…`;

/** A line of text as SVG. Control characters are not allowed there. */
function text(x: number, y: number, line: string): string {
  const escaped = line
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="11">${escaped}</text>`;
}
