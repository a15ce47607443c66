import sharp from 'sharp';
import { TesseraError } from '../../tensor/index.js';
import { readWholeFile } from './files.js';

/** More pixels than this are refused before they are decoded. */
const MAXIMUM_PIXELS = 64 * 2 ** 20;
const MAXIMUM_BYTES = 256 * 2 ** 20;

/**
 * A picture (PNG, JPEG, WebP, GIF, SVG) as numbers in [0, 1], rows of pixels of 1 (grey) or 3 (RGB) channels, scaled to
 * height x width on a white ground.
 *
 * @throws TesseraError if the bytes are no picture, a part of one, or too large.
 */
export async function decodeImage(
  bytes: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  name = 'image',
): Promise<Float32Array> {
  try {
    const picture = sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' })
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
