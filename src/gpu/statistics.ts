/*
 * Statistics of measured times, for `tune`, benchmarks, profiles and `doctor`.
 */

/** Computes a quantile, for a fraction in [0, 1], with linear interpolation. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = fraction * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** Computes the median. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Times are narrow if their interquartile range is at most this fraction of the median. */
const NARROW = 0.05;

/** Tests whether the interquartile range of times is a small fraction of the median, so that more rounds add little. */
export const isNarrow = (times: readonly number[], fraction = NARROW): boolean =>
  quantile(times, 0.75) - quantile(times, 0.25) <= fraction * median(times);

/** Computes the greatest common divisor of integers, such as the resolution of a clock from durations. */
export function greatestCommonDivisor(integers: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return integers.reduce(divisor, 0);
}
