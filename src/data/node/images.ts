import { TesseraError } from '../../tensor/index.js';
import { readWholeFile } from './files.js';

/** More pixels than this are refused before they are decoded. */
const MAXIMUM_PIXELS = 64 * 2 ** 20;
const MAXIMUM_BYTES = 256 * 2 ** 20;

/** Loaded where a picture is decoded: sharp is a large binary, and who decodes none need not install it. */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TesseraError(
      code === 'ERR_MODULE_NOT_FOUND'
        ? 'decodeImage: pictures are decoded by sharp, which is not installed; run: npm install sharp'
        : `decodeImage: sharp cannot be loaded; run: npm install sharp (${message})`,
      { cause: error },
    );
  }
}

/**
 * A picture (PNG, JPEG, WebP, GIF, SVG) as numbers in [0, 1], rows of pixels of 1 (grey) or 3 (RGB) channels, scaled to
 * height x width on a white ground, turned as its EXIF orientation says.
 *
 * @throws TesseraError if the bytes are no picture, a part of one, or too large, or the package sharp is not installed.
 */
export async function decodeImage(
  bytes: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  name = 'image',
): Promise<Float32Array> {
  const sharp = await loadSharp();
  try {
    const picture = sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize(width, height, { fit: 'contain', background: '#ffffff' })
      .flatten({ background: '#ffffff' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .removeAlpha();
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`it has ${info.channels} channels, expected ${channels}`);
    return Float32Array.from(data, (value) => value / 255);
  } catch (error) {
    throw new TesseraError(
      `cannot decode '${name}': ${(error as Error).message}; expected a PNG, JPEG, WebP, GIF or SVG picture`,
      { cause: error },
    );
  }
}

/** The same, of a file. @throws TesseraError as `decodeImage`, or if the file cannot be read. */
export async function readImage(file: string, shape: readonly [number, number, number]): Promise<Float32Array> {
  return decodeImage(await readWholeFile(file, { maximumBytes: MAXIMUM_BYTES }), shape, file);
}
