import { TesseraError } from '../../tensor/index.js';
import { byteArray, checkOptions, expectValue, listOf, oneOf, positiveInteger, text } from '../../tensor/options.js';
import type { ImageShape } from '../fields/field.js';
import { readWholeFile } from './files.js';
import { loadSharp } from './sharp.js';

/** Larger images are rejected before decoding. */
const MAXIMUM_PIXELS = 64 * 2 ** 20;
const MAXIMUM_BYTES = 256 * 2 ** 20;

/**
 * Decodes an image (PNG, JPEG, WebP, GIF, SVG) to RGB bytes (height, width, 3), rotated by its EXIF orientation, on the
 * background where it is transparent. It is scaled to lie within height x width, or to cover it and be cropped.
 *
 * @throws TesseraError if the bytes are not a complete image, or too large, the shape is invalid, or the package sharp
 * is not installed.
 */
export async function decodeBytes(bytes: Uint8Array, shape: ImageShape, name = 'image'): Promise<Uint8Array> {
  checkOptions('decodeBytes', shape, {
    height: positiveInteger,
    width: positiveInteger,
    fit: oneOf('contain', 'cover'),
    background: text,
  });
  return decode(bytes, shape, 3, name);
}

/**
 * Decodes an image (PNG, JPEG, WebP, GIF, SVG) to pixels in [0, 1], (height, width, channels) with 1 (gray) or 3 (RGB)
 * channels. It is scaled to fit height x width on a white background, and rotated by its EXIF orientation.
 *
 * @throws TesseraError if the bytes are not a complete image, or too large, or the package sharp is not installed.
 */
export async function decodeImage(
  bytes: Uint8Array,
  shape: readonly [height: number, width: number, channels: number],
  name = 'image',
): Promise<Float32Array> {
  expectValue('decodeImage', 'the shape', shape, listOf(positiveInteger, 3));
  const [height, width, channels] = shape;
  const fitted: ImageShape = { height, width, fit: 'contain', background: '#ffffff' };
  return Float32Array.from(await decode(bytes, fitted, channels, name), (value) => value / 255);
}

async function decode(
  bytes: Uint8Array,
  { height, width, fit, background }: ImageShape,
  channels: number,
  name: string,
): Promise<Uint8Array> {
  expectValue(`cannot decode '${name}'`, 'its bytes', bytes, byteArray);
  const sharp = await loadSharp();
  try {
    const scaled = sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize(width, height, { fit, background })
      .flatten({ background })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .removeAlpha();
    const { data, info } = await scaled.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`it has ${info.channels} channels, expected ${channels}`);
    return data;
  } catch (error) {
    throw undecodable(error as Error, name);
  }
}

/** Reads an image file and decodes it as `decodeImage`. @throws TesseraError also if the file cannot be read. */
export async function readImage(file: string, shape: readonly [number, number, number]): Promise<Float32Array> {
  return decodeImage(await readWholeFile(file, { maximumBytes: MAXIMUM_BYTES }), shape, file);
}

/** The longer side of a thumbnail. */
const THUMBNAIL = 192;

/**
 * Makes a small picture of an image, as a `data:` URL of WebP, which any page can show.
 * @throws TesseraError if the bytes are not a complete image, or too large, or the package sharp is not installed.
 */
export async function thumbnail(bytes: Uint8Array): Promise<string> {
  expectValue('thumbnail', 'the bytes', bytes, byteArray);
  const sharp = await loadSharp();
  try {
    const scaled = sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize(THUMBNAIL, THUMBNAIL, { fit: 'inside', withoutEnlargement: true });
    return `data:image/webp;base64,${(await scaled.webp().toBuffer()).toString('base64')}`;
  } catch (error) {
    throw undecodable(error as Error, 'image');
  }
}

/**
 * Draws an image, such as an SVG, as a PNG of `pixels` x `pixels`, transparent where it is empty.
 * @throws TesseraError if the bytes are not a complete image, or too large, or the package sharp is not installed.
 */
export async function renderImage(bytes: Uint8Array, pixels: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  try {
    return await sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' })
      .resize(pixels, pixels, { fit: 'contain', background: '#ffffff00' })
      .png()
      .toBuffer();
  } catch (error) {
    throw undecodable(error as Error, 'image');
  }
}

function undecodable(error: Error, name: string): TesseraError {
  // The decoder says the same on several lines; where it decodes other images meanwhile, it may lose what was wrong.
  const [line] = error.message.split('\n');
  const reason = line === 'Unknown error' ? 'it is cut off or damaged' : line.replace(/:$/, '');
  const message = /pixel limit/i.test(reason)
    ? `it has more than ${MAXIMUM_PIXELS.toLocaleString('en-US')} pixels; scale it down`
    : `${reason}; expected a PNG, JPEG, WebP, GIF or SVG image`;
  return new TesseraError(`cannot decode '${name}': ${message}`, { cause: error });
}
