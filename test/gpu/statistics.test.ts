import { expect, test } from 'vitest';
import { statistics } from '../../bench/measure.js';
import { greatestCommonDivisor, isNarrow, median, quantile } from '../../src/gpu/statistics.js';

test('quantiles lie between neighbors, whatever the order', () => {
  expect(quantile([4, 1, 3, 2], 0)).toBe(1);
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([4, 1, 3, 2], 1)).toBe(4);
  expect(quantile([5, 1, 2, 4, 3], 0.25)).toBe(2);
  expect(quantile([7], 0.75)).toBe(7);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(statistics([30, 10, 20])).toEqual({ milliseconds: 20, quartiles: [15, 25] });
});

test('an interval is narrow within a twentieth of the median', () => {
  expect(isNarrow([100, 100, 100, 104, 104])).toBe(true);
  expect(isNarrow([100, 100, 100, 106, 106])).toBe(false);
  // An outlier does not widen it.
  expect(isNarrow([100, 100, 101, 102, 900])).toBe(true);
});

test('the step of a clock is what all its durations are multiples of', () => {
  expect(greatestCommonDivisor([65_536, 196_608, 0, 131_072])).toBe(65_536);
  expect(greatestCommonDivisor([1000, 1500, 2250])).toBe(250);
  expect(greatestCommonDivisor([17, 4])).toBe(1);
});
