import { randomPairs } from './cases/random-pairs.js';

/** The batch size of the training step. */
export const BATCH = 32;
/** Steps rotate over this many batches, so that no input is in a cache from the previous step. */
export const BATCHES = 4;

/** Generates the data of the training step: images of 28x28x1, 20 tokens, ten classes. */
export const trainingData = () =>
  randomPairs({ size: BATCH * BATCHES, time: 20, vocabulary: 10_000, image: 28, classes: 10 });
