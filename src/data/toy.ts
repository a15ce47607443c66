import { Generator } from '../tensor/generator.js';
import { checkOptions, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';
import type { PairedData } from './dataset.js';

/** Sizes of the toy data. */
export interface ToyOptions {
  /** Rows. Default 64. */
  readonly size?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Height and width. Default 8. */
  readonly pixels?: number;
  /** Words of a row. Default 4. */
  readonly time?: number;
}

/**
 * Pairs that need both modalities: the text names one of two words among noise words, the image is bright in its upper
 * or lower half, and the class is the pair of both. Each modality alone decides half of the question: at best 50%.
 *
 * @throws TesseraError if an option is unknown or not what it should be.
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
    const place = generator.integer(length);
    for (let at = 0; at < length; at++) {
      tokens[row * time + at] = at === place ? 2 + word : 4 + generator.integer(4);
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
