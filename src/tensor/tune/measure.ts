/*
 * Fair comparisons of kernels, for `tune` and the benchmarks: no run finds its inputs in a cache, and all kernels
 * compute the same result.
 */

/** Rotating over buffer sets of at least this many bytes in total defeats caches. */
const ROTATED = 2 ** 26;

/** Returns how many sets of buffers, each of `bytes`, runs must rotate over so that none hits a warm cache. */
export const rotatingSets = (bytes: number): number => Math.min(8, Math.max(2, Math.ceil(ROTATED / bytes)));

/** Results agree if they differ by at most this fraction of the largest value. */
const TOLERANCE = 1e-4;

/** Returns the index of the first result that differs from the expected one, or -1 if there is none. */
export function disagreesAt(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let at = 0; at < expected.length; at++) largest = Math.max(largest, Math.abs(expected[at]));
  for (let at = 0; at < expected.length; at++)
    if (!(Math.abs(found[at] - expected[at]) <= TOLERANCE * largest)) return at; // true for NaN too
  return -1;
}
