import { Dropout, LayerNorm, PositionalEmbedding, sinusoidalPositions, TransformerBlock } from '../../nn/index.js';
import { type Tensor, TesseraError } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { expectMultiple } from '../options.js';
import { Encoder, type Features, type TextInputs } from './encoder.js';
import { meanOfTokens } from './masked.js';
import { expectText, TEXT_CHECKS, type TextOptions } from './text.js';
import { WordEmbedding } from './word-embedding.js';

/** Options of a `TextTransformer`. */
export interface TextTransformerOptions extends TextOptions {
  /** The number of transformer blocks. Default 2. */
  readonly depth?: number;
  /** The number of heads of the attention, which divides the width. Default 4. */
  readonly heads?: number;
  /** The largest number of words, for learned positions. Default: positions are sinusoidal, and any number is taken. */
  readonly length?: number;
}

/**
 * A transformer, an encoder of texts (Vaswani et al. 2017, with pre-norm blocks):
 *
 *   x₀ = dropout(√width·E[tokens] + P)    (batch, time, width)
 *   xₗ = blockₗ(xₗ₋₁)                     words attend to words, not to padding
 *   y = norm(x_depth)                     (batch, time, width)
 *   pooled = mean of y over the words     (batch, width)
 *
 * tokens (batch, time) of i32, mask (batch, time) -> pooled (batch, width), tokens y (batch, time, width).
 */
export class TextTransformer extends Encoder<TextInputs> {
  override readonly width: number;
  /** Word embedding: E (vocabulary, width). */
  readonly embedding: WordEmbedding;
  /** Learned positions: P (length, width); undefined where they are sinusoidal. */
  readonly positions: PositionalEmbedding | undefined;
  /** The transformer blocks. */
  readonly blocks: readonly TransformerBlock[];
  /** Normalization of the last block's result. */
  readonly norm: LayerNorm;
  /** Dropout of the words' vectors. */
  readonly drop: Dropout;

  /** @throws TesseraError if the heads do not divide the width, or the width is odd for sinusoidal positions. */
  constructor(options: TextTransformerOptions) {
    super();
    const {
      vocabulary,
      subwords,
      width = 128,
      depth = 2,
      heads = 4,
      length,
      dropout = 0,
      seed,
    } = checkOptions('TextTransformer', options, {
      ...TEXT_CHECKS,
      depth: optional(positiveInteger),
      heads: optional(positiveInteger),
      length: optional(positiveInteger),
    });
    expectMultiple('TextTransformer', 'width', width, 'heads', heads);
    if (length === undefined && width % 2 !== 0)
      throw new TesseraError(
        `TextTransformer: sinusoidal positions need an even width, got ${width}; or give a length`,
      );
    this.width = width;
    this.embedding = new WordEmbedding({ vocabulary, subwords, outputs: width });
    this.positions = length === undefined ? undefined : new PositionalEmbedding({ length, features: width });
    this.blocks = Array.from({ length: depth }, () => new TransformerBlock({ features: width, heads, dropout }));
    this.norm = new LayerNorm({ features: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: TextInputs): Features {
    expectText('TextTransformer', inputs, this.embedding);
    const { mask } = inputs;
    const words = this.#addPositions(this.embedding.forward(inputs).mul(Math.sqrt(this.width)));
    const attended = mask?.greater(0).reshape([mask.shape[0], 1, 1, mask.shape[1]]);
    const last = this.blocks.reduce((x, block) => block.forward(x, attended), this.drop.forward(words));
    const y = this.norm.forward(last);
    return { pooled: meanOfTokens(y, mask), tokens: y, mask };
  }

  #addPositions(words: Tensor): Tensor {
    const { positions } = this;
    const [, time] = words.shape;
    if (positions === undefined) return words.add(sinusoidalPositions(time, this.width));
    if (time > positions.length)
      throw new TesseraError(`TextTransformer: expected texts of at most ${positions.length} words, got ${time}`);
    return positions.forward(words);
  }
}
