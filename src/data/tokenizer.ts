import { TesseraError } from '../tensor/index.js';
import { checkOptions, expectValue, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';

/** The id of padding. */
export const PADDING = 0;
/** The id of words that are not in the vocabulary. */
export const UNKNOWN = 1;
/** The name of the algorithm of `words`; vocabularies of another one are not compatible. */
const TOKENIZER = 'unicode-words-nfc';

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
/** Matches segments that are words, not punctuation or white space. */
const WORD = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u;

/** A word of ASCII letters and digits with punctuation around it: what is between spaces is most often such. */
const PLAIN = /^["'(]*([a-z0-9]+)[.,;:!?)"']*$/;

/** Converts to lower case and Unicode's normal form C, which keeps accents and unifies equivalent spellings. */
const normalForm = (text: string): string => text.toLowerCase().normalize('NFC');

/**
 * Splits a text into words by Unicode's rules (UAX 29), in lower case and normal form C: é is one letter however it is
 * encoded, Hangul syllables are composed, and compatibility forms such as ｶ differ from カ. Chinese, Japanese and Thai
 * are segmented by the dictionaries of ICU. An emoji is a word, including its joiners and skin tone.
 */
export function words(text: string): string[] {
  if (typeof text !== 'string') throw new TesseraError(`words: expected a string, got ${typeof text}`);
  const found: string[] = [];
  for (const piece of normalForm(text).split(/[ \t\r\n]+/)) {
    // The rules find the same word there, and the segmenter takes ten times as long to.
    const plain = PLAIN.exec(piece);
    if (plain !== null) found.push(plain[1]);
    else if (piece !== '')
      for (const { segment } of segmenter.segment(piece)) if (WORD.test(segment)) found.push(segment);
  }
  return found;
}

/** A piece of a text: its first UTF-16 unit, and the one behind its last. */
export interface Span {
  /** The first unit. */
  readonly begin: number;
  /** The unit behind the last. */
  readonly end: number;
}

/** Where the words of a text are, by the same rules, up to a number of them. */
export function wordSpans(text: string, most: number): Span[] {
  const found: Span[] = [];
  for (const { segment, index } of segmenter.segment(text)) {
    if (found.length === most) break;
    if (WORD.test(segment)) found.push({ begin: index, end: index + segment.length });
  }
  return found;
}

/** Tests whether `words` can return a word. A dictionary may segment it differently than within a text. */
const isWord = (word: unknown): word is string =>
  typeof word === 'string' && word !== '' && words(word).join('') === word;

/** Texts encoded as word ids, padded at the end. */
export interface EncodedTexts {
  /** The word ids (texts, time). */
  readonly tokens: Int32Array;
  /** The mask (texts, time): 1 for a word, 0 for padding. */
  readonly mask: Float32Array;
  /** The number of words per text, including padding. */
  readonly time: number;
}

/** Options of `Vocabulary.of`. */
export interface VocabularyOptions {
  /** The maximum number of ids, including padding and unknown. Default 10,000. */
  readonly size?: number;
  /** The minimum number of occurrences of a word. Default 1. */
  readonly minimumCount?: number;
}

/** A mapping from words to ids. Build it from the training split; other words are encoded as `UNKNOWN`. */
export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws TesseraError if `words` cannot return one of the words, or a word occurs twice. */
  constructor(/** The words, in order of their ids, from id 2 on. */ readonly words: readonly string[]) {
    expectValue('Vocabulary', 'words', words, { expected: 'an array of words', fits: Array.isArray });
    const bad = words.findIndex((word) => !isWord(word));
    if (bad >= 0) {
      throw new TesseraError(
        `Vocabulary: word ${bad} is ${JSON.stringify(words[bad])}; expected one word in lower case and normal form C`,
      );
    }
    this.#ids = new Map(words.map((word, index) => [word, index + 2]));
    if (this.#ids.size !== words.length) {
      throw new TesseraError('Vocabulary: a word occurs twice; expected each word once');
    }
  }

  /**
   * Builds a vocabulary of the most frequent words of texts; words of equal frequency are in order of appearance.
   * @throws TesseraError if an option is unknown or invalid.
   */
  static of(texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
    const { size = 10_000, minimumCount = 1 } = checkOptions('Vocabulary.of', options, {
      size: optional({
        expected: 'an integer of 2 or above',
        fits: (value) => positiveInteger.fits(value) && value !== 1,
      }),
      minimumCount: optional(nonNegativeInteger),
    });
    if (typeof texts !== 'object' || texts === null || !(Symbol.iterator in texts))
      throw new TesseraError(`Vocabulary.of: expected a list of texts, got ${typeof texts}`);
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const frequent = [...counts].filter(([, count]) => count >= minimumCount).sort(([, a], [, b]) => b - a);
    return new Vocabulary(frequent.slice(0, size - 2).map(([word]) => word));
  }

  /**
   * Restores a vocabulary from the output of `JSON.stringify`.
   * @throws TesseraError if it is malformed, or was written by a version with another tokenizer.
   */
  static fromJSON(json: string): Vocabulary {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (error) {
      throw new TesseraError('Vocabulary.fromJSON: the text is not valid JSON', { cause: error });
    }
    const { tokenizer, words } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (tokenizer !== TOKENIZER) {
      const found = Array.isArray(value)
        ? 'an array, written by a tokenizer that removed accents'
        : JSON.stringify(tokenizer);
      throw new TesseraError(
        `Vocabulary.fromJSON: expected words of the tokenizer '${TOKENIZER}', got ${found}; build it again with Vocabulary.of`,
      );
    }
    if (!Array.isArray(words))
      throw new TesseraError(`Vocabulary.fromJSON: expected a list of words, got ${typeof words}`);
    return new Vocabulary(words);
  }

  /** Returns the tokenizer's name and the words in order of their ids, for `JSON.stringify`. */
  toJSON(): { tokenizer: string; words: readonly string[] } {
    return { tokenizer: TOKENIZER, words: this.words };
  }

  /** The number of ids, including padding and unknown. */
  get size(): number {
    return this.words.length + 2;
  }

  /**
   * Encodes texts as rows of `time` ids: longer texts are truncated, shorter ones padded. A text without words is all
   * padding; with its mask of zeros, an LSTM returns its initial state.
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
   * Decodes ids to words separated by spaces; padding is omitted, and unknown becomes `?`.
   * @throws TesseraError if an id is out of range.
   */
  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens)
      .filter((id) => id !== PADDING)
      .map((id) => {
        const word = id === UNKNOWN ? '?' : this.words[id - 2];
        if (word === undefined)
          throw new TesseraError(`Vocabulary.decode: id ${id} is out of range; expected 0 to ${this.size - 1}`);
        return word;
      })
      .join(' ');
  }
}
