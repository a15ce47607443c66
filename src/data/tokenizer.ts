import { TesseraError } from '../tensor/index.js';

/** The id of padding, and of a word that the vocabulary does not have. */
export const PADDING = 0;
/** The id of words that are not in the vocabulary. */
export const UNKNOWN = 1;

/** The words of a text: lower case, without accents, split at everything that is no letter and no digit. */
export function words(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** Texts as ids, `time` to a row, padded at the end. */
export interface EncodedTexts {
  /** (texts, time) */
  readonly tokens: Int32Array;
  /** (texts, time): 1 for a word, 0 for padding */
  readonly mask: Float32Array;
  /** Words of a text, with padding. */
  readonly time: number;
}

/** Ids of words. Build it from the training split only: a word that is not in there is `UNKNOWN` ever after. */
export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws TesseraError if a word is empty or no text, or stands twice. */
  constructor(/** From id 2 on. */ readonly words: readonly string[]) {
    const bad = words.findIndex((word) => typeof word !== 'string' || word === '');
    if (bad >= 0) throw new TesseraError(`Vocabulary: word ${bad} is ${JSON.stringify(words[bad])}; expected a text`);
    this.#ids = new Map(words.map((word, index) => [word, index + 2]));
    if (this.#ids.size !== words.length) {
      throw new TesseraError('Vocabulary: a word stands twice; expected each word once');
    }
  }

  /**
   * The most frequent words of some texts, at most `size` ids with padding and unknown; equals in order of appearance.
   * @throws TesseraError if `size` is not a whole number from 2.
   */
  static of(
    texts: Iterable<string>,
    { size = 10_000, minimumCount = 1 }: { size?: number; minimumCount?: number } = {},
  ): Vocabulary {
    if (!Number.isInteger(size) || size < 2) {
      throw new TesseraError(`Vocabulary.of: expected a size from 2 (padding and unknown take two ids), got ${size}`);
    }
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count >= minimumCount).sort(([, a], [, b]) => b - a);
    return new Vocabulary(frequent.slice(0, size - 2).map(([word]) => word));
  }

  /**
   * A vocabulary from what `JSON.stringify` made of one.
   * @throws TesseraError if it is not JSON, not a list, or holds what the tokenizer never yields.
   */
  static fromJSON(json: string): Vocabulary {
    let list: unknown;
    try {
      list = JSON.parse(json);
    } catch (error) {
      throw new TesseraError('Vocabulary.fromJSON: expected JSON; the text is damaged', { cause: error });
    }
    if (!Array.isArray(list))
      throw new TesseraError(`Vocabulary.fromJSON: expected a list of words, got ${typeof list}`);
    const bad = list.findIndex((word) => typeof word !== 'string' || words(word).join() !== word);
    if (bad >= 0) {
      throw new TesseraError(`Vocabulary.fromJSON: entry ${bad} is ${JSON.stringify(list[bad])}; expected one word`);
    }
    return new Vocabulary(list);
  }

  /** The words in order of their ids: what `JSON.stringify` writes. */
  toJSON(): readonly string[] {
    return this.words;
  }

  /** How many ids there are, padding and unknown included. */
  get size(): number {
    return this.words.length + 2;
  }

  /**
   * Texts as rows of `time` ids: longer ones are cut, shorter ones padded. A text without words is all padding: its
   * mask is all zeros, and an LSTM under the mask leaves it at the state it began with.
   * @throws TesseraError if `time` is not a positive integer.
   */
  encode(texts: readonly string[], time: number): EncodedTexts {
    if (!Number.isInteger(time) || time < 1) {
      throw new TesseraError(`Vocabulary.encode: expected a length from 1 word, got ${time}`);
    }
    const tokens = new Int32Array(texts.length * time);
    const mask = new Float32Array(texts.length * time);
    texts.forEach((text, row) => {
      words(text)
        .slice(0, time)
        .forEach((word, at) => {
          tokens[row * time + at] = this.#ids.get(word) ?? UNKNOWN;
          mask[row * time + at] = 1;
        });
    });
    return { tokens, mask, time };
  }

  /**
   * The words of some ids: padding is left out, unknown is `?`.
   * @throws TesseraError if an id is not of this vocabulary.
   */
  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens)
      .filter((id) => id !== PADDING)
      .map((id) => {
        const word = id === UNKNOWN ? '?' : this.words[id - 2];
        if (word === undefined)
          throw new TesseraError(`Vocabulary.decode: there is no id ${id}; expected 0 to ${this.size - 1}`);
        return word;
      })
      .join(' ');
  }
}
