import type { PairedData } from '../src/data/index.js';
import { Generator } from '../src/tensor/index.js';

export const BATCH = 32;
/** Batches take turns, so that no input lies in a cache from the step before. */
export const BATCHES = 4;

/**
 * What the training step of the bench trains on, 28x28x1 and 20 tokens: words from the whole vocabulary and pixels of
 * noise. Nothing to learn, but all of the work.
 */
export function trainingData(): PairedData {
  const [size, time, image] = [BATCH * BATCHES, 20, [28, 28, 1]] as const;
  const generator = new Generator(1);
  const pixels = image[0] * image[1] * image[2];
  return {
    ...{ size, time, image, classes: Array.from({ length: 10 }, (_, label) => `${label}`) },
    tokens: Int32Array.from({ length: size * time }, () => generator.integer(10_000)),
    mask: new Float32Array(size * time).fill(1),
    images: Float32Array.from({ length: size * pixels }, () => generator.normal()),
    labels: Int32Array.from({ length: size }, () => generator.integer(10)),
  };
}
