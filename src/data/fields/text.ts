import { Tokenizer } from '@huggingface/tokenizers';
import { TesseraError, tensor } from '../../tensor/index.js';
import { type Check, fraction, positiveInteger } from '../../tensor/options.js';
import { isMissing, showCell, textOf } from '../cells.js';
import { PADDING, UNKNOWN, words } from '../tokenizer.js';
import type { FieldKind } from './field.js';
import { checkSettings, checkState, distinctStrings } from './settings.js';
import { Frequencies } from './statistics.js';
import { Growable, presence, RaggedIds } from './storage.js';

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
   * The probability that training takes a token as unknown, so that the model learns what to make of unknown ones (word dropout,
   * Iyyer et al. 2015). Default 0.1.
   */
  readonly dropTokens: number;
}

/** What is learned of a field of texts. */
export interface TextState {
  readonly settings: TextSettings;
  /** The tokens by falling frequency; they have the ids 2, 3, ... */
  readonly vocabulary: readonly string[];
  /** The number of tokens at which texts are cut: a class of lengths that holds 95% of the training texts whole. */
  readonly length: number;
}

const SHORTEST = 8;
/** Of a text only so many characters for each token that is kept are looked at. */
const CHARACTERS_PER_TOKEN = 64;
const KEPT_WHOLE = 0.95;

/** The class of a length: 8, 16, 32, ... Texts are padded to classes, so that few shapes occur. */
const lengthClass = (length: number): number => Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(Math.max(length, 1))));

/**
 * Texts: `tokens` (rows, time), i32, 0 for padding and 1 for unknown, and `mask` (rows, time), 1 for a token. The time is
 * that of the longest row, rounded up to 8, 16, 32, ...
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
    };
    return checkSettings('text', chosen, defaults, {
      tokenizer,
      size: { expected: 'an integer above 2', fits: (value) => positiveInteger.fits(value) && Number(value) > 2 },
      minimumCount: positiveInteger,
      maximumLength: positiveInteger,
      dropTokens: fraction,
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
    const lengths = new Float64Array(settings.maximumLength + 1);
    return {
      add(value) {
        if (value === undefined) return;
        const tokens = tokensOf(value);
        for (const token of tokens) counts.add(token);
        lengths[tokens.length]++;
      },
      finish() {
        const texts = lengths.reduce((sum, count) => sum + count, 0);
        if (texts === 0) throw new TesseraError('no training row has a value');
        let length = 0;
        for (let covered = lengths[0]; covered < KEPT_WHOLE * texts; covered += lengths[length]) length++;
        return {
          settings,
          vocabulary: counts.most(settings.size - 2, settings.minimumCount),
          length: Math.min(lengthClass(length), settings.maximumLength),
        };
      },
    };
  },

  column({ settings, vocabulary, length }) {
    const { dropTokens } = settings;
    const tokensOf = splitter({ ...settings, maximumLength: length });
    const idOf = new Map(vocabulary.map((token, index) => [token, index + UNKNOWN + 1]));
    const present = new Growable(Uint8Array);
    const ids = new RaggedIds();
    const padded = (tokens: number): number => Math.min(lengthClass(tokens), length);
    return {
      get size() {
        return ids.size;
      },
      add(value) {
        present.push(Number(value !== undefined));
        ids.add(value === undefined ? [] : tokensOf(value).map((token) => idOf.get(token) ?? UNKNOWN));
      },
      async batch(rows, generator) {
        const time = rows.reduce((longest, row) => Math.max(longest, padded(ids.lengthOf(row))), 0);
        const tokens = new Int32Array(rows.length * time).fill(PADDING);
        const mask = new Float32Array(rows.length * time);
        rows.forEach((row, index) => {
          const drawn = generator?.fork(`row ${row}`);
          for (let at = 0; at < ids.lengthOf(row); at++) {
            const isDropped = drawn !== undefined && drawn.uniform() < dropTokens;
            tokens[index * time + at] = isDropped ? UNKNOWN : ids.at(row, at);
            mask[index * time + at] = 1;
          }
        });
        return {
          present: presence(rows, (row) => present.at(row) === 1),
          tokens: tensor(tokens, [rows.length, time]),
          mask: tensor(mask, [rows.length, time]),
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
    });
    if (state.length <= state.settings.maximumLength) return state;
    throw new TesseraError(`text state: length ${state.length} exceeds maximumLength ${state.settings.maximumLength}`);
  },
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
