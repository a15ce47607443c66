import { expect, test } from 'vitest';
import { sampleToken, tokenProbabilities } from '../../../src/models/index.js';
import { Generator } from '../../../src/tensor/index.js';
import { expectClose } from '../../support/numbers.js';

/** Logits of given probabilities. */
const logs = (...p: number[]) => p.map(Math.log);

test('probabilities are the softmax of the logits by the temperature', () => {
  expectClose(tokenProbabilities(logs(0.5, 0.25, 0.25)), [0.5, 0.25, 0.25]);
  expectClose(tokenProbabilities(logs(0.5, 0.25, 0.25), { temperature: 0.5 }), [4 / 6, 1 / 6, 1 / 6]);
  expectClose(tokenProbabilities([1000, 1001, -1000]), [1 / (1 + Math.E), Math.E / (1 + Math.E), 0]);
  expect(Array.from(tokenProbabilities([1, 3, 3, 2], { temperature: 0 }))).toEqual([0, 1, 0, 0]);
  expectClose(tokenProbabilities([Number.NEGATIVE_INFINITY, 0]), [0, 1]);
});

test('topK keeps the likeliest tokens', () => {
  expectClose(tokenProbabilities(logs(0.1, 0.4, 0.3, 0.2), { topK: 2 }), [0, 4 / 7, 3 / 7, 0]);
  expectClose(tokenProbabilities(logs(0.25, 0.25, 0.25, 0.25), { topK: 1 }), [1, 0, 0, 0]);
  expectClose(tokenProbabilities(logs(0.6, 0.4), { topK: 9 }), [0.6, 0.4]);
});

test('topP keeps the fewest tokens that add up to it', () => {
  const logits = logs(0.125, 0.5, 0.125, 0.25);
  expectClose(tokenProbabilities(logits, { topP: 0.49 }), [0, 1, 0, 0]);
  expectClose(tokenProbabilities(logits, { topP: 0.7 }), [0, 2 / 3, 0, 1 / 3]);
  expectClose(tokenProbabilities(logits, { topP: 0.8 }), [1 / 7, 4 / 7, 0, 2 / 7]);
  expectClose(tokenProbabilities(logits, { topP: 1 }), [0.125, 0.5, 0.125, 0.25]);
  // Of those that topK has left.
  expectClose(tokenProbabilities(logs(0.5, 0.3, 0.2), { topK: 2, topP: 0.6 }), [1, 0, 0]);
});

test('the repetition penalty lowers the logits of earlier tokens, once each', () => {
  const previous = [0, 1, 1];
  expectClose(tokenProbabilities([2, -1, 0], { repetitionPenalty: 2, previous }), tokenProbabilities([1, -2, 0]));
});

/** Pearson's statistic Σ (observed - expected)² / expected. */
function chiSquare(probabilities: ArrayLike<number>, draws: readonly number[]): number {
  return Array.from(probabilities).reduce((sum, p, token) => {
    const expected = p * draws.length;
    const observed = draws.filter((draw) => draw === token).length;
    return p === 0 ? sum + observed * 1e9 : sum + (observed - expected) ** 2 / expected;
  }, 0);
}

test.each([
  ['softmax', {}],
  ['a temperature', { temperature: 1.7 }],
  ['topK', { topK: 6 }],
  ['topP', { topP: 0.8 }],
])('draws match the probabilities: %s', (_, options) => {
  const logits = Array.from({ length: 11 }, (__, token) => 2 * Math.sin(3 * token));
  const generator = new Generator(7);
  const draws = Array.from({ length: 20_000 }, () => sampleToken(logits, generator, options));
  const probabilities = tokenProbabilities(logits, options);
  // Of at most 10 degrees of freedom 29.6 is exceeded by one sample in a thousand; the seed is fixed.
  expect(chiSquare(probabilities, draws)).toBeLessThan(29.6);
  // The test has power: against neighboring probabilities the same draws are out of the question.
  const other = tokenProbabilities(logits, { ...options, temperature: 1.2 * ('temperature' in options ? 1.7 : 1) });
  expect(chiSquare(other, draws)).toBeGreaterThan(29.6);
});

test('a seed repeats its draws', () => {
  const draw = (seed: number) => {
    const generator = new Generator(seed);
    return Array.from({ length: 50 }, () => sampleToken([0, 0.1, 0.2, 0.3], generator));
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test.each<[string, () => unknown, string]>([
  ['no logits', () => tokenProbabilities([]), 'expected the logits of at least one token'],
  ['NaN', () => tokenProbabilities([0, Number.NaN]), 'the logit of token 1 is NaN'],
  ['infinity', () => tokenProbabilities([Number.POSITIVE_INFINITY]), 'the logit of token 0 is Infinity'],
  ['none that may come', () => tokenProbabilities([-1 / 0, -1 / 0]), 'all logits are -Infinity'],
  [
    'a temperature',
    () => tokenProbabilities([0], { temperature: -1 }),
    'temperature must be a finite number of 0 or above',
  ],
  ['topK', () => tokenProbabilities([0], { topK: 0 }), 'topK must be a positive integer, got 0'],
  ['topP', () => tokenProbabilities([0], { topP: 0 }), 'topP must be a number within (0, 1], got 0'],
  [
    'a previous token',
    () => tokenProbabilities([0, 1], { repetitionPenalty: 2, previous: [2] }),
    'the previous token 2 has no logit; expected 0 to 1',
  ],
  ['no generator', () => sampleToken([0], 5 as never), 'expected a Generator second'],
])('%s: a clear error', (_, run, message) => {
  expect(run).toThrow(message);
});
