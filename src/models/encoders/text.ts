import { type Checks, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { expectIds, expectInputs, expectTensor, FEATURE_CHECKS, type FeatureOptions } from '../options.js';
import type { TextInputs } from './encoder.js';
import type { WordEmbedding } from './word-embedding.js';

/** Options that encoders of texts share. */
export interface TextOptions extends FeatureOptions {
  /** The number of word ids, including padding and unknown words. */
  readonly vocabulary: number;
  /** The number of ids of character n-grams, including padding. Default 0: words have no n-grams. */
  readonly subwords?: number;
}

/** Checks of `TextOptions`. */
export const TEXT_CHECKS: Checks<TextOptions> = {
  ...FEATURE_CHECKS,
  vocabulary: positiveInteger,
  subwords: optional(nonNegativeInteger),
};

/**
 * Checks the inputs of an encoder of texts.
 * @throws TesseraError if one is missing, has another type or shape, or holds an id out of range.
 */
export function expectText(where: string, inputs: TextInputs, embedding: WordEmbedding): void {
  const { tokens, mask, subwords } = expectInputs(where, inputs);
  const { words, ngrams } = embedding;
  const { shape } = expectIds(where, 'tokens', tokens, words.table.shape[0], ['batch', 'time']);
  if (mask !== undefined) expectTensor(where, 'mask', mask, 'f32', shape);
  if (ngrams !== undefined) expectIds(where, 'subwords', subwords, ngrams.table.shape[0], [...shape, 'n-grams']);
}
