import { expect, test } from 'vitest';
import { disagreesAt, rotatingSets } from '../../../src/tensor/tune/measure.js';

test.each([
  ['nothing', 0, 8],
  ['little', 4, 8],
  ['an eighth of 64 MiB', 2 ** 23, 8],
  ['a third and a bit', 2 ** 26 / 3 + 1, 3],
  ['all of it', 2 ** 26, 2],
  ['more', 2 ** 30, 2],
])('of %s at a time, %i bytes, so many sets take turns: %i', (_, bytes, sets) => {
  expect(rotatingSets(bytes)).toBe(sets);
});

test.each([
  ['equals', [100, 1], -1],
  ['within a ten-thousandth of the largest', [100, 1.009], -1],
  ['beyond it', [100, 1.011], 1],
  ['the first of several', [101, 2], 0],
  ['not a number', [100, Number.NaN], 1],
  ['infinite', [Number.POSITIVE_INFINITY, 1], 0],
  ['too short', [100], 1],
])('a result with %s', (_, found, at) => {
  expect(disagreesAt(found, [100, 1])).toBe(at);
});

test('what is expected to be no number agrees with nothing', () => {
  expect(disagreesAt([Number.NaN], [Number.NaN])).toBe(0);
  expect(disagreesAt([], [])).toBe(-1);
});
