import { expect, test } from 'vitest';
import { baselinesOf } from '../../src/gpt/baselines.js';

test('the baselines are the cross-entropies of their formulas', () => {
  const [train, validation] = [Int32Array.of(0, 1, 0, 1, 0), Int32Array.of(0, 1, 1)];
  const { uniform, unigram, bigram } = baselinesOf(train, validation, 3);
  expect(uniform).toBeCloseTo(Math.log(3), 12);
  // p(1) = (2 + 1) / (5 + 3), twice.
  expect(unigram).toBeCloseTo(-Math.log(3 / 8), 12);
  // p(1 | 0) = (2 + 1) / (3 + 3), and p(1 | 1) = (0 + 1) / (2 + 3).
  expect(bigram).toBeCloseTo(-(Math.log(1 / 2) + Math.log(1 / 5)) / 2, 12);
});
