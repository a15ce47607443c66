import { type Tensor, tensor } from '../../tensor/index.js';

/*
 * How columns keep their values in few bytes.
 */

type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** A typed array that grows by doubling. */
export class Growable<List extends Numbers> {
  #values: List;
  #length = 0;

  constructor(readonly type: new (length: number) => List) {
    this.#values = new type(16);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new this.type(2 * this.#length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index];
  }

  /** A copy of the values. */
  values(): List {
    return this.#values.slice(0, this.#length) as List;
  }
}

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
