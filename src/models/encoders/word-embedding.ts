import { Embedding, Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import type { TextInputs } from './encoder.js';

/** Sizes of a `WordEmbedding`. */
export interface WordEmbeddingOptions {
  /** The number of word ids, including padding and unknown words. */
  readonly vocabulary: number;
  /** The number of ids of character n-grams, including padding. Default 0: words have no n-grams. */
  readonly subwords?: number;
  /** The number of features of a word's vector. */
  readonly outputs: number;
}

/**
 * Vectors of words, to which their character n-grams contribute where the encoder is given `subwords`, so that words
 * that training has not seen have a meaning too (fastText; Bojanowski et al. 2017):
 *
 *   e = E[tokens] + Σₖ G[subwordsₖ] / √n    n the number of n-grams of the word
 *
 * tokens (batch, time) and subwords (batch, time, k), 0 for padding, of i32 -> e (batch, time, outputs).
 * E (vocabulary, outputs), G (subwords, outputs).
 */
export class WordEmbedding extends Module {
  /** The vectors of the words: E (vocabulary, outputs). */
  readonly words: Embedding;
  /** The vectors of character n-grams: G (subwords, outputs); undefined without them. */
  readonly ngrams: Embedding | undefined;

  constructor({ vocabulary, subwords = 0, outputs }: WordEmbeddingOptions) {
    super();
    this.words = new Embedding({ vocabulary, outputs });
    this.ngrams = subwords > 0 ? new Embedding({ vocabulary: subwords, outputs }) : undefined;
  }

  /** Computes e, without the n-grams where there are none. */
  forward({ tokens, subwords }: TextInputs): Tensor {
    const words = this.words.forward(tokens);
    if (this.ngrams === undefined || subwords === undefined) return words;
    const counts = subwords.greater(0).cast('f32').expandDims(-1);
    const sum = this.ngrams.forward(subwords).mul(counts).sum(2);
    return words.add(sum.div(counts.sum(2).maximum(1).sqrt()));
  }
}
