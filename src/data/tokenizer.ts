import { TesseraError } from '../tensor/index.js';
import { checkOptions, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';

/** The id of padding, and of a word that the vocabulary does not have. */
export const PADDING = 0;
/** The id of words that are not in the vocabulary. */
export const UNKNOWN = 1;
/** Names what `words` does: ids of words mean something else where it gives others. */
const TOKENIZER = 'unicode-words-nfc';

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
/** What a segment needs to be a word: punctuation and white space have none of it. */
const WORD = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u;

/** Lower case in Unicode's normal form C: no letter, accent or vowel sign is lost, and what looks the same is the same. */
const normalForm = (text: string): string => text.toLowerCase().normalize('NFC');

/**
 * The words of a text by Unicode's rules (UAX 29), in lower case and normal form C: é is one letter however it was
 * written, Hangul syllables are composed, and compatibility forms such as ｶ stay apart from カ. Chinese, Japanese and Thai
 * are split by the dictionaries of the engine's ICU. An emoji is a word, with its joiners and skin tone.
 */
export function words(text: string): string[] {
  return Array.from(segmenter.segment(normalForm(text)), ({ segment }) => segment).filter((word) => WORD.test(word));
}

/** Whether `words` can give it. A dictionary may split a word that stands alone otherwise than within a text. */
const isWord = (word: unknown): word is string =>
  typeof word === 'string' && word !== '' && words(word).join('') === word;

/** Texts as ids, `time` to a row, padded at the end. */
export interface EncodedTexts {
  /** (texts, time) */
  readonly tokens: Int32Array;
  /** (texts, time): 1 for a word, 0 for padding */
  readonly mask: Float32Array;
  /** Words of a text, with padding. */
  readonly time: number;
}

/** Which words a vocabulary has. */
export interface VocabularyOptions {
  /** How many ids there are at most; padding and unknown take two. Default 10,000. */
  readonly size?: number;
  /** How often a word must occur. Default 1. */
  readonly minimumCount?: number;
}

/** Ids of words. Build it from the training split only: a word that is not in there is `UNKNOWN` ever after. */
export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws TesseraError if one of them is no word as `words` gives it, or stands twice. */
  constructor(/** From id 2 on. */ readonly words: readonly string[]) {
    const bad = words.findIndex((word) => !isWord(word));
    if (bad >= 0) {
      throw new TesseraError(
        `Vocabulary: word ${bad} is ${JSON.stringify(words[bad])}; expected one word in lower case and normal form C`,
      );
    }
    this.#ids = new Map(words.map((word, index) => [word, index + 2]));
    if (this.#ids.size !== words.length) {
      throw new TesseraError('Vocabulary: a word stands twice; expected each word once');
    }
  }

  /**
   * The most frequent words of some texts, at most `size` ids with padding and unknown; equals in order of appearance.
   * @throws TesseraError if an option is unknown or not what it should be.
   */
  static of(texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
    const { size = 10_000, minimumCount = 1 } = checkOptions('Vocabulary.of', options, {
      size: optional({
        expected: 'an integer of 2 or above',
        fits: (value) => positiveInteger.fits(value) && value !== 1,
      }),
      minimumCount: optional(nonNegativeInteger),
    });
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count >= minimumCount).sort(([, a], [, b]) => b - a);
    return new Vocabulary(frequent.slice(0, size - 2).map(([word]) => word));
  }

  /**
   * A vocabulary from what `JSON.stringify` made of one.
   * @throws TesseraError if it is damaged, or of a version whose `words` gave other words.
   */
  static fromJSON(json: string): Vocabulary {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (error) {
      throw new TesseraError('Vocabulary.fromJSON: expected JSON; the text is damaged', { cause: error });
    }
    const { tokenizer, words } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (tokenizer !== TOKENIZER) {
      const found = Array.isArray(value) ? 'a list, whose words have lost their accents' : JSON.stringify(tokenizer);
      throw new TesseraError(
        `Vocabulary.fromJSON: expected words of the tokenizer '${TOKENIZER}', got ${found}; build it anew with Vocabulary.of`,
      );
    }
    if (!Array.isArray(words))
      throw new TesseraError(`Vocabulary.fromJSON: expected a list of words, got ${typeof words}`);
    return new Vocabulary(words);
  }

  /** The words in order of their ids, and the tokenizer that gives them: what `JSON.stringify` writes. */
  toJSON(): { tokenizer: string; words: readonly string[] } {
    return { tokenizer: TOKENIZER, words: this.words };
  }

  /** How many ids there are, padding and unknown included. */
  get size(): number {
    return this.words.length + 2;
  }

  /**
   * Texts as rows of `time` ids: longer ones are truncated, shorter ones padded. A text without words is all padding: its
   * mask is all zeros, and an LSTM under the mask leaves it at the state it began with.
   * @throws TesseraError if `time` is not a positive integer.
   */
  encode(texts: readonly string[], time: number): EncodedTexts {
    if (!Number.isInteger(time) || time < 1) {
      throw new TesseraError(`Vocabulary.encode: time must be a positive integer, got ${time}`);
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
