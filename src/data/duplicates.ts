import { textOf } from './cells.js';
import { Growable } from './growable.js';
import { hashText, mix } from './hash.js';
import { UNUSED } from './splitters.js';
import type { Row } from './table.js';

/** The rows that are compared: 8 bytes each, and as many for the set of those seen. */
const MOST_ROWS = 4_000_000;

/** Rows that are alike in all columns that a model reads. */
export interface Duplicates {
  /** The rows that are equal to an earlier one. */
  readonly rows: number;
  /** The rows of validation and test that are equal to a training row. */
  readonly acrossSplit: number;
  /** The number of rows that were compared: all, or the first 4,000,000. */
  readonly compared: number;
}

/**
 * Finds equal rows by 64-bit hashes of some of their columns: of 4,000,000 different rows two are confused once in a
 * million tables.
 */
export class DuplicateFinder {
  readonly #first = new Growable(Uint32Array);
  readonly #second = new Growable(Uint32Array);

  /** @param columns The positions of the columns that are compared. */
  constructor(private readonly columns: readonly number[]) {}

  /** Looks at the next row. */
  add({ cells }: Row): void {
    if (this.#first.length === MOST_ROWS) return;
    let [first, second] = [1, 2];
    for (const column of this.columns) {
      const text = textOf(cells[column]);
      // A missing cell must differ from every text.
      first = mix(first * 31 + (text === undefined ? 7 : hashText(text)));
      second = mix(second * 37 + (text === undefined ? 9 : hashText(text, 1)));
    }
    this.#first.push(first);
    this.#second.push(second);
  }

  /** Counts the duplicates, given the part of every row; rows of no part are not counted. */
  count(parts: Uint8Array): Duplicates {
    const [first, second] = [this.#first.values, this.#second.values];
    const slots = 2 ** Math.ceil(Math.log2(2 * first.length + 2));
    /** Open addressing: the row of a slot plus one, the first in the order below of those that are equal. */
    const table = new Uint32Array(slots);
    let [duplicates, acrossSplit] = [0, 0];
    // Training rows first, so that a duplicate in another part is found to be equal to one.
    for (const isTraining of [true, false])
      for (let row = 0; row < first.length; row++) {
        if (parts[row] === UNUSED || (parts[row] === 0) !== isTraining) continue;
        let slot = first[row] & (slots - 1);
        for (let other = table[slot] - 1; other >= 0; other = table[slot] - 1) {
          if (first[other] === first[row] && second[other] === second[row]) break;
          slot = (slot + 1) & (slots - 1);
        }
        if (table[slot] === 0) {
          table[slot] = row + 1;
          continue;
        }
        duplicates++;
        if (!isTraining && parts[table[slot] - 1] === 0) acrossSplit++;
      }
    return { rows: duplicates, acrossSplit, compared: first.length };
  }
}
