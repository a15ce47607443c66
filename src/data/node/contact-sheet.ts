import { TesseraError } from '../../tensor/index.js';
import type { ImageShape } from '../fields/field.js';
import { loadSharp } from './sharp.js';

const TILE = 128;
const GAP = 8;
const LINE = 18;
const COLUMNS = 6;
/** How many characters fit below a tile at 11 pixels. */
const CAPTION = 21;

/** The shape of a tile, for `decodeBytes`: the image is scaled to fit 128 x 128 pixels on white. */
export const TILE_SHAPE: ImageShape = { height: TILE, width: TILE, fit: 'contain', background: '#ffffff' };

/** An image of a contact sheet. */
export interface SheetImage {
  /**
   * The pixels, RGB bytes of `TILE_SHAPE`; undefined for an image that cannot be used, which is a gray tile that says
   * so.
   */
  readonly pixels?: Uint8Array;
  /** The text below it; what does not fit is cut. */
  readonly caption: string;
}

/**
 * Draws images as a PNG: a grid of six columns with a caption below each, in the order given.
 * @throws TesseraError if there are none, or the package sharp is not installed.
 */
export async function contactSheet(images: readonly SheetImage[]): Promise<Uint8Array> {
  if (images.length === 0) throw new TesseraError('contactSheet: expected at least one image, got none');
  const sharp = await loadSharp();
  const columns = Math.min(COLUMNS, images.length);
  const width = GAP + columns * (TILE + GAP);
  const height = GAP + Math.ceil(images.length / columns) * (TILE + LINE + GAP);
  const tiles = [];
  const labels: string[] = [];
  for (const [index, { pixels, caption }] of images.entries()) {
    const left = GAP + (index % columns) * (TILE + GAP);
    const top = GAP + Math.floor(index / columns) * (TILE + LINE + GAP);
    labels.push(text(left, top + TILE + 13, shorten(caption)));
    if (pixels === undefined)
      labels.push(
        `<rect x="${left}" y="${top}" width="${TILE}" height="${TILE}" fill="#cccccc"/>`,
        text(left + 8, top + TILE / 2, 'cannot be used'),
      );
    else
      tiles.push({ input: Buffer.from(pixels), raw: { width: TILE, height: TILE, channels: 3 as const }, left, top });
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${labels.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#eeeeee' } })
    .composite([...tiles, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

const shorten = (caption: string): string =>
  caption.length <= CAPTION ? caption : `${caption.slice(0, CAPTION - 1)}…`;

/** A line of text as SVG. Control characters and lone surrogates are not allowed there. */
function text(x: number, y: number, line: string): string {
  const escaped = line
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="11">${escaped}</text>`;
}
