import { test } from 'vitest';
import { sequenceFeatures } from '../../../src/predictor/baselines/sequence-features.js';
import { ones, tensor } from '../../../src/tensor/index.js';
import { expectClose } from '../../support/numbers.js';

test('a sequence is the number of its events, and the mean, the last one and the share of each of its numbers', async () => {
  const mask = tensor([
    [1, 1, 1],
    [1, 0, 0],
    [0, 0, 0],
  ]);
  const values = tensor([
    [
      [2, 0],
      [4, 9],
      [0, 7],
    ],
    [
      [0, 5],
      [8, 8],
      [8, 8],
    ],
    [
      [8, 8],
      [8, 8],
      [8, 8],
    ],
  ]);
  const known = tensor([
    [
      [1, 0],
      [1, 1],
      [0, 1],
    ],
    [
      [0, 1],
      [1, 1],
      [1, 1],
    ],
    [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  ]);
  const gaps = ones([3, 3, 2]);
  const present = ones([3]);
  expectClose(await sequenceFeatures({ present, mask, values, known, gaps }), [
    ...[Math.log(4), 3, 4, 2 / 3, 8, 7, 2 / 3],
    ...[Math.log(2), 0, 0, 0, 5, 5, 1],
    ...[0, 0, 0, 0, 0, 0, 0],
  ]);
  expectClose(await sequenceFeatures({ present, mask, gaps }), [Math.log(4), Math.log(2), 0]);
});
