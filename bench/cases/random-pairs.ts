import type { PairedData } from '../../src/data/index.js';
import { Generator } from '../../src/tensor/index.js';

export interface RandomPairsOptions {
  /** Rows. */
  readonly size: number;
  /** Words of a row, and of how many. */
  readonly time: number;
  readonly vocabulary: number;
  /** Height and width. */
  readonly image: number;
  readonly classes: number;
}

/** Words from the whole vocabulary and pixels of noise: nothing to learn, but all of the work. */
export function randomPairs({ size, time, vocabulary, image, classes }: RandomPairsOptions): PairedData {
  const generator = new Generator(1);
  return {
    size,
    time,
    image: [image, image, 1],
    classes: Array.from({ length: classes }, (_, label) => `${label}`),
    tokens: Int32Array.from({ length: size * time }, () => generator.integer(vocabulary)),
    mask: new Float32Array(size * time).fill(1),
    images: Float32Array.from({ length: size * image ** 2 }, () => generator.normal()),
    labels: Int32Array.from({ length: size }, () => generator.integer(classes)),
  };
}
