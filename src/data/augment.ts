import { Generator } from '../tensor/generator.js';
import { TesseraError } from '../tensor/index.js';
import type { PairedData } from './dataset.js';
import { PADDING, UNKNOWN } from './tokenizer.js';

/** How many words, and which. */
export interface DropWordsOptions {
  /** Share of the words to replace. */
  readonly rate: number;
  /** Draws them. */
  readonly seed: number;
  /** Another epoch, other words. */
  readonly epoch?: number;
}

/**
 * Replaces words by `UNKNOWN` at random; everything else is shared with the dataset given. For training only: every
 * word of the training texts is in the vocabulary, so without this a model never meets `UNKNOWN` before the held-out
 * texts, where it is a common word. Depends on (seed, epoch) alone.
 *
 * @throws TesseraError if the rate is not in [0, 1).
 */
export function dropWords(data: PairedData, { rate, seed, epoch = 0 }: DropWordsOptions): PairedData {
  if (!(rate >= 0 && rate < 1)) throw new TesseraError(`dropWords: expected a rate in [0, 1), got ${rate}`);
  if (rate === 0) return data;
  const generator = new Generator(seed, epoch).fork('drop words');
  const tokens = data.tokens.map((id) => (id !== PADDING && generator.uniform() < rate ? UNKNOWN : id));
  return { ...data, tokens };
}
