import { TesseraError } from '../tensor/index.js';

/** The id of padding, and of a word that the vocabulary does not have. */
export const PADDING = 0;
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
  readonly time: number;
}

/** Ids of words. Build it from the training split only: a word that is not in there is `UNKNOWN` ever after. */
export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws TesseraError if a word stands twice. */
  constructor(readonly words: readonly string[]) {
    this.#ids = new Map(words.map((word, index) => [word, index + 2]));
    if (this.#ids.size !== words.length)
      throw new TesseraError('Vocabulary: a word stands twice; expected each word once');
  }

  /** The most frequent words of some texts, at most `size` ids with padding and unknown; equals in order of appearance. */
  static of(
    texts: Iterable<string>,
    { size = 10_000, minimumCount = 1 }: { size?: number; minimumCount?: number } = {},
  ): Vocabulary {
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count >= minimumCount).sort(([, a], [, b]) => b - a);
    return new Vocabulary(frequent.slice(0, size - 2).map(([word]) => word));
  }

  /** How many ids there are, padding and unknown included. */
  get size(): number {
    return this.words.length + 2;
  }

  /** Texts as rows of `time` ids: longer ones are cut, shorter ones padded. A text without words is all padding. */
  encode(texts: readonly string[], time: number): EncodedTexts {
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
}
