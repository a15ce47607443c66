import { Generator } from '../tensor/generator.js';

/** A uniform random sample of a stream, of fixed size and seed (reservoir sampling, Vitter 1985). */
export class Reservoir<Item> {
  readonly #items: Item[] = [];
  readonly #generator = new Generator(0).fork('sample');
  #seen = 0;

  constructor(private readonly most: number) {}

  /** The items drawn so far. */
  get items(): readonly Item[] {
    return this.#items;
  }

  /** Offers the next item, which `make` makes if it is drawn. */
  offer(make: () => Item): void {
    const index = this.#seen < this.most ? this.#seen : this.#generator.integer(this.#seen + 1);
    if (index < this.most) this.#items[index] = make();
    this.#seen++;
  }
}
