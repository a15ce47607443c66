import { Tokenizer } from '@huggingface/tokenizers';
import { TesseraError, tensor } from '../../tensor/index.js';
import { type Check, fraction, nonNegativeInteger, positiveInteger } from '../../tensor/options.js';
import { isMissing, showCell, textOf } from '../cells.js';
import { Growable } from '../growable.js';
import { NGRAMS, subwordsOf } from '../subwords.js';
import { PADDING, UNKNOWN, words } from '../tokenizer.js';
import type { FieldKind } from './field.js';
import { Lengths, lengthClass } from './lengths.js';
import { checkSettings, checkState, distinctStrings } from './settings.js';
import { Frequencies } from './statistics.js';
import { presence, RaggedIds } from './storage.js';

/** Settings of a field of texts. */
export interface TextSettings {
  /** 'words' (default): words by Unicode's rules. Or the contents of a `tokenizer.json`, such as byte-pair tokens. */
  readonly tokenizer: 'words' | object;
  /** The maximum number of ids, padding and unknown included. Default 10,000. */
  readonly size: number;
  /** Tokens that occur less often in the training rows share the id of unknown ones. Default 2. */
  readonly minimumCount: number;
  /** The maximum number of tokens of a text; what follows is cut. Default 256. */
  readonly maximumLength: number;
  /**
   * The probability that training takes a token as unknown, so that the model learns what to make of unknown ones (word
   * dropout, Iyyer et al. 2015). Default 0.1.
   */
  readonly dropTokens: number;
  /**
   * The number of ids that the character n-grams of words share, so that words which training has not seen have a
   * meaning too; 0 for none. 'auto' (default): where texts are of up to 16 words, four ids for each distinct word.
   */
  readonly subwords: 'auto' | number;
}

/** The learned state of a field of texts. */
export interface TextState {
  readonly settings: TextSettings;
  /** The tokens by falling frequency; they have the ids 2, 3, ... */
  readonly vocabulary: readonly string[];
  /** The number of tokens at which texts are cut: a class of lengths that holds 95% of the training texts whole. */
  readonly length: number;
  /** The number of ids of character n-grams, padding included; 0 without them. */
  readonly subwords: number;
}

/** The first id of a token of the vocabulary. */
const FIRST = UNKNOWN + 1;
/** The number of characters of a text that are split into words, for each token that is kept. */
const CHARACTERS_PER_TOKEN = 64;
/** The maximum number of tokens of texts with n-grams: in longer ones the context suffices, and n-grams are costly. */
const LONGEST_WITH_SUBWORDS = 16;
const [FEWEST_SUBWORDS, MOST_SUBWORDS] = [1024, 65_536];

/** The number of ids of n-grams under 'auto', a power of 2. */
function subwordsFor({ tokenizer }: TextSettings, length: number, distinct: number): number {
  if (tokenizer !== 'words' || length > LONGEST_WITH_SUBWORDS) return 0;
  return Math.min(Math.max(FEWEST_SUBWORDS, 2 ** Math.ceil(Math.log2(4 * distinct))), MOST_SUBWORDS);
}

/**
 * Texts: `tokens` (rows, time), i32, 0 for padding and 1 for unknown, and `mask` (rows, time), 1 for a token. The time
 * is that of the longest row, rounded up to 4, 8, 16, ... With n-grams also `subwords` (rows, time, 32), i32, 0 for
 * padding.
 */
export const text: FieldKind<string, TextSettings, TextState> = {
  kind: 'text',

  settings(chosen) {
    const defaults: TextSettings = {
      tokenizer: 'words',
      size: 10_000,
      minimumCount: 2,
      maximumLength: 256,
      dropTokens: 0.1,
      subwords: 'auto',
    };
    return checkSettings('text', chosen, defaults, {
      tokenizer,
      size: { expected: 'an integer above 2', fits: (value) => positiveInteger.fits(value) && Number(value) > 2 },
      minimumCount: positiveInteger,
      maximumLength: positiveInteger,
      dropTokens: fraction,
      subwords: {
        expected: `'auto', 0 for none, or an integer from 2 to ${MOST_SUBWORDS}`,
        fits: (value) => value === 'auto' || (subwordCount.fits(value) && Number(value) <= MOST_SUBWORDS),
      },
    });
  },

  parse(cell) {
    if (isMissing(cell)) return undefined;
    if (typeof cell !== 'object' || cell instanceof Date) return textOf(cell);
    throw new TesseraError(`expected a text, got ${showCell(cell)}`);
  },

  learner(settings) {
    const tokensOf = splitter(settings);
    const counts = new Frequencies();
    const lengths = new Lengths(settings.maximumLength);
    return {
      add(value) {
        if (value === undefined) return;
        const tokens = tokensOf(value);
        for (const token of tokens) counts.add(token);
        lengths.add(tokens.length);
      },
      finish() {
        if (lengths.rows === 0) throw new TesseraError('no training row has a value');
        const length = lengths.kept;
        const { size, minimumCount, subwords } = settings;
        return {
          settings,
          vocabulary: counts.most(size - 2, minimumCount),
          length,
          subwords: subwords === 'auto' ? subwordsFor(settings, length, counts.distinct) : subwords,
        };
      },
    };
  },

  column({ settings, vocabulary, length, subwords }) {
    const { dropTokens } = settings;
    const tokensOf = splitter({ ...settings, maximumLength: length });
    const known = vocabulary.length;
    // A word out of the vocabulary has an index behind it where its n-grams count.
    const words = [...vocabulary];
    const indexOf = new Map(words.map((token, index) => [token, index]));
    const add = (token: string): number => {
      indexOf.set(token, words.length);
      return words.push(token) - 1;
    };
    const present = new Growable(Uint8Array);
    const ids = new RaggedIds();
    const idOf = (token: string): number => {
      const index = indexOf.get(token) ?? (subwords > 0 ? add(token) : undefined);
      return index === undefined ? UNKNOWN : index + FIRST;
    };
    const padded = (tokens: number): number => Math.min(lengthClass(tokens), length);
    return {
      get size() {
        return ids.size;
      },
      add(value) {
        present.push(Number(value !== undefined));
        ids.add(value === undefined ? [] : tokensOf(value).map(idOf));
      },
      async batch(rows, generator) {
        const time = rows.reduce((longest, row) => Math.max(longest, padded(ids.lengthOf(row))), 0);
        const tokens = new Int32Array(rows.length * time).fill(PADDING);
        const mask = new Float32Array(rows.length * time);
        const ngrams = new Int32Array(subwords > 0 ? tokens.length * NGRAMS : 0).fill(PADDING);
        rows.forEach((row, index) => {
          const drawn = generator?.fork(`row ${row}`);
          for (let at = 0; at < ids.lengthOf(row); at++) {
            const isDropped = drawn !== undefined && drawn.uniform() < dropTokens;
            const id = ids.at(row, at);
            const to = index * time + at;
            tokens[to] = isDropped || id >= known + FIRST ? UNKNOWN : id;
            mask[to] = 1;
            if (subwords > 0) ngrams.set(subwordsOf(words[id - FIRST], subwords), to * NGRAMS);
          }
        });
        return {
          present: presence(rows, (row) => present.at(row) === 1),
          tokens: tensor(tokens, [rows.length, time]),
          mask: tensor(mask, [rows.length, time]),
          ...(subwords > 0 && { subwords: tensor(ngrams, [rows.length, time, NGRAMS]) }),
        };
      },
      lengthOf(row) {
        return padded(ids.lengthOf(row));
      },
    };
  },

  parseState(json) {
    const state = checkState<TextSettings, TextState>(text, json, {
      vocabulary: distinctStrings,
      length: positiveInteger,
      subwords: subwordCount,
    });
    if (state.length <= state.settings.maximumLength) return state;
    throw new TesseraError(`text state: length ${state.length} exceeds maximumLength ${state.settings.maximumLength}`);
  },
};

/** Accepts 0, and what leaves an id beside padding. */
const subwordCount: Check = {
  expected: '0 or an integer of 2 or more',
  fits: (value) => nonNegativeInteger.fits(value) && value !== 1,
};

const tokenizer: Check = {
  expected: "'words' or the contents of a tokenizer.json (not its path)",
  fits: (value) => value === 'words' || (typeof value === 'object' && value !== null && 'model' in value),
};

/** A function from a text to its first `maximumLength` tokens. */
function splitter({ tokenizer, maximumLength }: TextSettings): (value: string) => string[] {
  const split = tokenizer === 'words' ? words : tokensBy(tokenizer as object);
  return (value) => split(value.slice(0, CHARACTERS_PER_TOKEN * maximumLength)).slice(0, maximumLength);
}

/** @throws TesseraError if the contents are not those of a tokenizer that the library knows. */
function tokensBy(contents: object): (value: string) => string[] {
  try {
    const loaded = new Tokenizer(contents, {});
    return (value) => loaded.tokenize(value);
  } catch (error) {
    throw new TesseraError(`text: the tokenizer cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
