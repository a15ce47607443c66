import { Tokenizer as Library } from '@huggingface/tokenizers';
import { TesseraError } from '../../tensor/index.js';
import { expectValue, text as string } from '../../tensor/options.js';
import type { Tokenizer } from './tokenizer.js';

/** Tokens by the contents of a `tokenizer.json`, the format of Hugging Face: byte pairs, or any other model it has. */
export class BytePairTokenizer implements Tokenizer {
  readonly unit = 'byte-pair token';
  readonly size: number;
  readonly #library: Library;

  /** @throws TesseraError if the contents are not those of a tokenizer that the library knows. */
  constructor(private readonly contents: object) {
    expectValue('BytePairTokenizer', 'the contents', contents, {
      expected: "the contents of a tokenizer.json, with a 'model' (not its path)",
      fits: (value) => typeof value === 'object' && value !== null && 'model' in value,
    });
    try {
      this.#library = new Library(contents, {});
      // Ids may have gaps.
      this.size = 1 + [...this.#library.get_vocab().values()].reduce((largest, id) => Math.max(largest, id), -1);
    } catch (error) {
      throw new TesseraError(`BytePairTokenizer: the tokenizer cannot be used: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (!Number.isInteger(this.size) || this.size < 1)
      throw new TesseraError('BytePairTokenizer: the tokenizer has no vocabulary');
  }

  /** The ids of a text's tokens, without special ones. @throws TesseraError if the tokenizer has none for a part. */
  encode(text: string): Int32Array {
    expectValue('BytePairTokenizer.encode', 'the text', text, string);
    const { ids, tokens } = this.#library.encode(text, { add_special_tokens: false });
    const unknown = ids.findIndex((id: unknown) => !Number.isInteger(id));
    if (unknown >= 0)
      throw new TesseraError(`the tokenizer has no token for ${JSON.stringify(tokens[unknown])}, which the text has`);
    return Int32Array.from(ids);
  }

  /** The text of some ids. @throws TesseraError if an id is out of range. */
  decode(ids: ArrayLike<number>): string {
    const list = Array.from(ids);
    const odd = list.find((id) => !Number.isInteger(id) || id < 0 || id >= this.size);
    if (odd !== undefined)
      throw new TesseraError(`BytePairTokenizer.decode: id ${odd} is out of range; expected 0 to ${this.size - 1}`);
    return list.length === 0
      ? ''
      : this.#library.decode(list, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  toJSON(): object {
    return { tokens: 'tokenizer.json', tokenizer: this.contents };
  }
}
