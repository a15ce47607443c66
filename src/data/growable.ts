type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Numbers that are appended one by one to a typed array, which grows by doubling. */
export class Growable<List extends Numbers> {
  #values: List;
  #length = 0;

  constructor(readonly type: new (length: number) => List) {
    this.#values = new type(16);
  }

  /** How many there are. */
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

  /** The numbers so far: a view, which does not grow. */
  get values(): List {
    return this.#values.subarray(0, this.#length) as List;
  }
}
