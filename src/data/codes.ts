import { Growable } from './growable.js';

/** The texts of rows as numbers in order of appearance, -1 for none. */
export class Codes {
  readonly #numbers = new Map<string, number>();
  readonly #codes = new Growable(Int32Array);
  /** Appends a row. */
  add(text: string | undefined): void {
    let code = -1;
    if (text !== undefined) {
      code = this.#numbers.get(text) ?? this.#numbers.size;
      if (code === this.#numbers.size) this.#numbers.set(text, code);
    }
    this.#codes.push(code);
  }
  /** The texts, in the order of their numbers. */
  get names(): string[] {
    return [...this.#numbers.keys()];
  }
  /** The number of every row so far. */
  get codes(): Int32Array {
    return this.#codes.values;
  }
}
