import { randomPairs } from './cases/random-pairs.js';

export const BATCH = 32;
/** Batches alternate, so that no input is in a cache from the step before. */
export const BATCHES = 4;

/** What the training step of the bench trains on: 28x28x1, 20 tokens, ten classes. */
export const trainingData = () =>
  randomPairs({ size: BATCH * BATCHES, time: 20, vocabulary: 10_000, image: 28, classes: 10 });
