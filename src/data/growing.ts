/** Numbers that are appended one by one to a typed array, which grows by doubling. */
export class GrowingArray<Values extends Uint8Array | Uint32Array | Int32Array | Float64Array> {
  #values: Values;
  #size = 0;

  constructor(private readonly Type: new (length: number) => Values) {
    this.#values = new Type(1024);
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  add(value: number): void {
    if (this.#size === this.#values.length) {
      const larger = new this.Type(2 * this.#size);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#size++] = value;
  }

  /** The numbers so far: a view. */
  get values(): Values {
    return this.#values.subarray(0, this.#size) as Values;
  }
}
