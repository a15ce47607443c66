import type { Tokenizer } from './tokenizer.js';

/** What a decoder gives for bytes that are no character yet. */
const INCOMPLETE = '\uFFFD';

/**
 * Decodes tokens as they come. A character may consist of several tokens, and a tokenizer may drop a space at the
 * beginning of a text: tokens are decoded together with those before them, and what ends within a character waits.
 */
export class TokenStream {
  /** The tokens that are decoded together; the first `#shown` of them have been given out. */
  #ids: number[] = [];
  #shown = 0;

  constructor(private readonly tokenizer: Tokenizer) {}

  /** Adds a token, and returns the text that has become complete. */
  push(id: number): string {
    this.#ids.push(id);
    const text = this.#pending();
    if (text === '' || text.endsWith(INCOMPLETE)) return '';
    this.#ids = this.#ids.slice(this.#shown);
    this.#shown = this.#ids.length;
    return text;
  }

  /** The text of the tokens that still wait. */
  end(): string {
    const text = this.#pending();
    this.#ids = [];
    this.#shown = 0;
    return text;
  }

  #pending(): string {
    const before = this.tokenizer.decode(this.#ids.slice(0, this.#shown));
    return this.tokenizer.decode(this.#ids).slice(before.length);
  }
}
