/*
 * Statistics of measured times, for `tune`, the bench, profiles and `doctor`.
 */

/** The value below which a share of the values lies, linear between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** The middle value, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A measurement is narrow when the distance between its quartiles is within this share of the median. */
const NARROW = 0.05;

/** True if the middle half of the times lies close to the median: more rounds would add nothing. */
export const isNarrow = (times: readonly number[], share = NARROW): boolean =>
  quantile(times, 0.75) - quantile(times, 0.25) <= share * median(times);

/** The greatest common divisor of integers: the step of a clock, from durations that it gave. */
export function greatestCommonDivisor(integers: readonly number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return integers.reduce(divisor, 0);
}
