/** A mapping from texts to sequences of token ids, and back. */
export interface Tokenizer {
  /** The number of ids: they are 0 to size - 1. */
  readonly size: number;
  /** What a token is, for messages: `character` or `byte-pair token`. */
  readonly unit: string;
  /** Encodes a text. @throws TesseraError if the text has what no token stands for. */
  encode(text: string): Int32Array;
  /** Decodes ids. @throws TesseraError if an id is out of range. */
  decode(ids: ArrayLike<number>): string;
  /** All that `parseTokenizer` needs to make it again. */
  toJSON(): object;
}
