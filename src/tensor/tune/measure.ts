/*
 * What makes a comparison of kernels fair, in `tune` as in the bench: their inputs take turns, and they compute the same.
 */
/** So many bytes take turns, and more than most caches hold. */
const ROTATED = 2 ** 26;

/** How many sets of buffers of so many bytes take turns, so that no run finds its inputs where the run before left them. */
export const setsInTurn = (bytes: number): number => Math.min(8, Math.max(2, Math.ceil(ROTATED / bytes)));

/** Results agree within this share of the largest value. */
const TOLERANCE = 1e-4;

/** The first place where a result is not what is expected; -1 if there is none. */
export function disagreesAt(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let at = 0; at < expected.length; at++) largest = Math.max(largest, Math.abs(expected[at]));
  for (let at = 0; at < expected.length; at++)
    if (!(Math.abs(found[at] - expected[at]) <= TOLERANCE * largest)) return at; // NaN agrees with nothing
  return -1;
}
