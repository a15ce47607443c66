/*
 * The lengths of texts and sequences. They are padded to classes of lengths, so that few shapes occur.
 */

const SHORTEST = 4;
const KEPT_WHOLE = 0.95;

/** The class of a length: 4, 8, 16, 32, ... */
export const lengthClass = (length: number): number =>
  Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(Math.max(length, 1))));

/** Counts the lengths of training rows. */
export class Lengths {
  readonly #counts: Float64Array;

  /** @param maximum The length at which all are cut. */
  constructor(private readonly maximum: number) {
    this.#counts = new Float64Array(maximum + 1);
  }

  add(length: number): void {
    this.#counts[Math.min(length, this.maximum)]++;
  }

  /** The number of rows. */
  get rows(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The class of lengths that holds 95% of the rows whole, at most the maximum. */
  get kept(): number {
    let length = 0;
    for (let covered = this.#counts[0]; covered < KEPT_WHOLE * this.rows; covered += this.#counts[length]) length++;
    return Math.min(lengthClass(length), this.maximum);
  }
}
