import { Generator } from '../tensor/generator.js';
import { checkOptions, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';
import type { PairedData } from './dataset.js';

/** Options of `toyData`. */
export interface ToyOptions {
  /** The number of rows. Default 64. */
  readonly size?: number;
  /** The seed. Default 0. */
  readonly seed?: number;
  /** The height and width of the images. Default 8. */
  readonly pixels?: number;
  /** The maximum number of words per row. Default 4. */
  readonly time?: number;
}

/**
 * Generates a dataset that needs both modalities: the text contains one of two words among noise words, the image is
 * bright in its upper or lower half, and the class is the combination of both. One modality alone reaches at most 50%
 * accuracy.
 *
 * @throws TesseraError if an option is unknown or invalid.
 */
export function toyData(options: ToyOptions = {}): PairedData {
  const {
    size = 64,
    seed = 0,
    pixels = 8,
    time = 4,
  } = checkOptions('toyData', options, {
    size: optional(positiveInteger),
    seed: optional(nonNegativeInteger),
    pixels: optional(positiveInteger),
    time: optional(positiveInteger),
  });
  const generator = new Generator(seed);
  const tokens = new Int32Array(size * time);
  const mask = new Float32Array(size * time);
  const images = new Float32Array(size * pixels * pixels);
  const labels = new Int32Array(size);
  for (let row = 0; row < size; row++) {
    const word = generator.integer(2);
    const half = generator.integer(2);
    labels[row] = 2 * word + half;
    const length = 1 + generator.integer(time);
    const position = generator.integer(length);
    for (let at = 0; at < length; at++) {
      tokens[row * time + at] = at === position ? 2 + word : 4 + generator.integer(4);
      mask[row * time + at] = 1;
    }
    for (let at = 0; at < pixels * pixels; at++) {
      const lower = at >= (pixels * pixels) / 2 ? 1 : 0;
      images[row * pixels * pixels + at] = (lower === half ? 1 : 0) + 0.3 * generator.normal();
    }
  }
  const classes = ['red up', 'red down', 'blue up', 'blue down'];
  return { size, tokens, mask, images, labels, time, image: [pixels, pixels, 1], classes };
}
