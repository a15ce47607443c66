import { type Tensor, tensor } from '../../tensor/index.js';
import { Growable } from '../growable.js';

/*
 * How columns keep their values in few bytes.
 */

/** Lists of ids, one per row, stored one after the other. */
export class RaggedIds {
  readonly #ends = new Growable(Uint32Array);
  readonly #ids = new Growable(Uint32Array);

  /** The number of rows. */
  get size(): number {
    return this.#ends.length;
  }

  add(ids: Iterable<number>): void {
    for (const id of ids) this.#ids.push(id);
    this.#ends.push(this.#ids.length);
  }

  lengthOf(row: number): number {
    return this.#ends.at(row) - this.#begin(row);
  }

  /** The id at a position of a row. */
  at(row: number, position: number): number {
    return this.#ids.at(this.#begin(row) + position);
  }

  #begin(row: number): number {
    return row === 0 ? 0 : this.#ends.at(row - 1);
  }
}

/** The tensor `present` (rows). */
export const presence = (rows: Uint32Array, isPresent: (row: number) => boolean): Tensor =>
  tensor(Float32Array.from(rows, (row) => Number(isPresent(row))));
