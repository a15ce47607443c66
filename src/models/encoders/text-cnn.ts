import { Conv1D, concatenate, Dropout } from '../../nn/index.js';
import { type Tensor, TesseraError } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { sizes } from '../options.js';
import { Encoder, type Features, type TextInputs } from './encoder.js';
import { expectText, TEXT_CHECKS, type TextOptions } from './text.js';
import { WordEmbedding } from './word-embedding.js';

/** Options of a `TextCNN`. */
export interface TextCNNOptions extends TextOptions {
  /** The number of features of a word's vector. Default 128. */
  readonly embedding?: number;
  /** The numbers of words that the convolutions span. The width is shared out evenly among them. Default [3, 4, 5]. */
  readonly kernelSizes?: readonly number[];
}

/**
 * An encoder of texts: convolutions over the words and their maxima over time (Kim 2014),
 *
 *   e = m ⊙ E[tokens]                                       (batch, time, embedding)
 *   c = m ⊙ [relu(conv₃(e)); relu(conv₄(e)); relu(conv₅(e))]    (batch, time, width)
 *   pooled = dropout(max over time of c)                    (batch, width)
 *
 * where m is the mask: padding is zeros, as beyond the ends of the text, and takes no part in the maximum.
 *
 * tokens (batch, time) of i32, mask (batch, time) -> pooled (batch, width), tokens c (batch, time, width).
 */
export class TextCNN extends Encoder<TextInputs> {
  override readonly width: number;
  /** Word embedding: E (vocabulary, embedding). */
  readonly embedding: WordEmbedding;
  /** The convolutions over the words. */
  readonly convolutions: readonly Conv1D[];
  /** Dropout of the pooled features. */
  readonly drop: Dropout;

  constructor(options: TextCNNOptions) {
    super();
    const {
      vocabulary,
      subwords,
      embedding = 128,
      width = 128,
      kernelSizes = [3, 4, 5],
      dropout = 0,
      seed,
    } = checkOptions('TextCNN', options, {
      ...TEXT_CHECKS,
      embedding: optional(positiveInteger),
      kernelSizes: optional(sizes),
    });
    if (width < kernelSizes.length)
      throw new TesseraError(
        `TextCNN: expected a width of at least ${kernelSizes.length}, one feature for each of the kernelSizes, got ${width}`,
      );
    this.width = width;
    this.embedding = new WordEmbedding({ vocabulary, subwords, outputs: embedding });
    this.convolutions = kernelSizes.map((kernelSize, index) => {
      const outputs = Math.floor((width + index) / kernelSizes.length);
      return new Conv1D({ inputs: embedding, outputs, kernelSize, padding: 'same', activation: 'relu' });
    });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: TextInputs): Features {
    expectText('TextCNN', inputs, this.embedding);
    const { mask } = inputs;
    const masked = (x: Tensor) => (mask === undefined ? x : x.mul(mask.expandDims(-1)));
    const words = masked(this.embedding.forward(inputs));
    const features = masked(concatenate(...this.convolutions.map((convolution) => convolution.forward(words))));
    return { pooled: this.drop.forward(features.max(1)), tokens: features, mask };
  }
}
