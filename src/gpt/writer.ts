import { TokenStream } from '../data/tokens/token-stream.js';
import type { Tokenizer } from '../data/tokens/tokenizer.js';

/** Turns the tokens of one text into pieces of it as they come, up to a stop text, which is left out. */
export class Writer {
  readonly #stream: TokenStream;
  /** What may be the beginning of the stop text. */
  #held = '';
  #text = '';
  #tokens = 0;
  #isStopped = false;

  constructor(
    tokenizer: Tokenizer,
    private readonly stop?: string,
  ) {
    this.#stream = new TokenStream(tokenizer);
  }

  /** What has been written. */
  get text(): string {
    return this.#text;
  }

  /** The number of tokens, those of the stop text included. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Whether the stop text has come. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Adds a token, and returns the text that can be shown. After the stop text nothing is added. */
  push(token: number): string {
    if (this.#isStopped) return '';
    this.#tokens++;
    return this.#add(this.#stream.push(token));
  }

  /** Ends the text, and returns what has been held back. */
  end(): string {
    if (this.#isStopped) return '';
    const shown = this.#add(this.#stream.end());
    const rest = this.#isStopped ? '' : this.#held;
    this.#held = '';
    this.#text += rest;
    return shown + rest;
  }

  #add(piece: string): string {
    const text = this.#held + piece;
    const { stop } = this;
    const at = stop === undefined ? -1 : text.indexOf(stop);
    this.#isStopped = at >= 0;
    const end = at >= 0 ? at : text.length - beginningOf(stop ?? '', text);
    this.#held = at >= 0 ? '' : text.slice(end);
    this.#text += text.slice(0, end);
    return text.slice(0, end);
  }
}

/** The length of the longest end of a text that begins the stop text. */
function beginningOf(stop: string, text: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--)
    if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
