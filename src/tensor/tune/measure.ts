/*
 * What makes a comparison of kernels fair, in `tune` and in the bench: no run finds its inputs in a cache, and all compute
 * the same.
 */

/** Buffer sets of at least this many bytes together defeat caches. */
const ROTATED = 2 ** 26;

/** How many sets of buffers, each of `bytes`, consecutive runs rotate over so that no run hits a warm cache. */
export const rotatingSets = (bytes: number): number => Math.min(8, Math.max(2, Math.ceil(ROTATED / bytes)));

/** Results agree within this share of the largest value. */
const TOLERANCE = 1e-4;

/** Index of the first result that is not what is expected; -1 if there is none. */
export function disagreesAt(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let at = 0; at < expected.length; at++) largest = Math.max(largest, Math.abs(expected[at]));
  for (let at = 0; at < expected.length; at++)
    if (!(Math.abs(found[at] - expected[at]) <= TOLERANCE * largest)) return at; // NaN agrees with nothing
  return -1;
}
