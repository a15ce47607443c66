import type { Generator } from '../../tensor/generator.js';
import {
  type AttentionOptions,
  arange,
  attention,
  type Tensor,
  TesseraError,
  type Variable,
} from '../../tensor/index.js';
import { expectAxes, within } from '../../tensor/ops/checks.js';
import {
  anything,
  boolean,
  checkOptions,
  expectValue,
  fraction,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from '../../tensor/options.js';
import { type Activation, expectActivation } from '../activations.js';
import { type InitializerLike, PARAMETER_CHECKS, parameter } from '../initializers.js';
import { Layer, Module } from '../module.js';
import { Dropout, Linear } from './core.js';
import { LayerNorm } from './normalization.js';

/** Options of a `MultiHeadAttention`. */
export interface MultiHeadAttentionOptions {
  /** The number of features of x and y. */
  readonly features: number;
  /** The number of heads, which must divide the features. */
  readonly heads: number;
  /** The generator of the initial values. Default: a stream of its own; see `setSeed`. */
  readonly generator?: Generator;
}

/**
 * Multi-head attention (Vaswani et al. 2017). The features are split into heads of d = features / heads:
 *
 *   q     = x·W_q + b_q               (batch, rows, features)
 *   k     = context·W_k + b_k         (batch, keys, features)
 *   v     = context·W_v + b_v         (batch, keys, features)
 *   headᵢ = softmax(qᵢ·kᵢᵀ / √d)·vᵢ   (batch, rows, d)
 *   y     = [head₁ ... headₙ]·W_o + b_o
 *
 * x (batch, rows, features), context (batch, keys, features) -> y (batch, rows, features). The matrices W start Glorot
 * uniform, the biases b zero.
 */
export class MultiHeadAttention extends Module {
  /** Query projection: W_q (features, features), b_q (features). */
  readonly query: Linear;
  /** Key projection: W_k (features, features), b_k (features). */
  readonly key: Linear;
  /** Value projection: W_v (features, features), b_v (features). */
  readonly value: Linear;
  /** Output projection of the concatenated heads: W_o (features, features), b_o (features). */
  readonly output: Linear;
  /** The number of features of x and y. */
  readonly features: number;
  /** The number of heads, which must divide the features. */
  readonly heads: number;

  /** @throws TesseraError if the number of heads does not divide the features. */
  constructor(options: MultiHeadAttentionOptions) {
    super();
    const { features, heads, generator } = checkOptions('MultiHeadAttention', options, {
      features: positiveInteger,
      heads: positiveInteger,
      generator: PARAMETER_CHECKS.generator,
    });
    if (features % heads !== 0)
      throw new TesseraError(`MultiHeadAttention: ${heads} heads do not divide ${features} features`);
    this.features = features;
    this.heads = heads;
    const project = () => new Linear({ inputs: features, outputs: features, generator });
    this.query = project();
    this.key = project();
    this.value = project();
    this.output = project();
  }

  /**
   * Attends from x to the context, or to x itself. The mask broadcasts to (batch, heads, rows, keys) and is true where
   * a row attends to a key.
   */
  forward(x: Tensor, context: Tensor = x, options: AttentionOptions = {}): Tensor {
    expectAxes('MultiHeadAttention', 'x', x, 'f32', ['batch', 'rows', this.features]);
    const [batch, rows] = x.shape;
    expectAxes('MultiHeadAttention', 'context', context, 'f32', [batch, 'keys', this.features]);
    const byHead = (y: Tensor) =>
      y.reshape([y.shape[0], y.shape[1], this.heads, this.features / this.heads]).permute([0, 2, 1, 3]);
    const [q, k, v] = [this.query.forward(x), this.key.forward(context), this.value.forward(context)].map(byHead);
    const heads = within('MultiHeadAttention', () => attention(q, k, v, options));
    return this.output.forward(heads.permute([0, 2, 1, 3]).reshape([batch, rows, this.features]));
  }
}

/** Options of a `TransformerBlock`. */
export interface TransformerBlockOptions {
  /** The number of features of x and y. */
  readonly features: number;
  /** The number of heads of the attention, which must divide the features. */
  readonly heads: number;
  /** The number of hidden units of the feed-forward network. Default 4 · features. */
  readonly hidden?: number;
  /** The activation of the hidden units. Default 'gelu'. */
  readonly activation?: Activation;
  /** The rate of the dropout after the attention and after the feed-forward network. Default 0. */
  readonly dropout?: number;
  /** Whether the attention is causal: a row attends only to itself and earlier rows. Default false. */
  readonly causal?: boolean;
  /** The generator of the initial values. Default: a stream of its own; see `setSeed`. */
  readonly generator?: Generator;
  /** The seed of the dropout. Default: one of its own; see `setSeed`. */
  readonly seed?: number;
}

/** Checks of the options of a `TransformerBlock` that have defaults. */
export const TRANSFORMER_CHECKS = {
  hidden: optional(positiveInteger),
  activation: anything,
  dropout: optional(fraction),
  causal: optional(boolean),
  generator: PARAMETER_CHECKS.generator,
  seed: optional(nonNegativeInteger),
};

/**
 * A pre-norm transformer block (Xiong et al. 2020):
 *
 *   h = x + dropout(attention(norm₁(x)))
 *   y = h + dropout(activation(norm₂(h)·W₁ + b₁)·W₂ + b₂)
 *
 * x (batch, rows, features) -> y (batch, rows, features). W₁ (features, hidden), b₁ (hidden), W₂ (hidden, features),
 * b₂ (features); the norms are layer normalizations.
 */
export class TransformerBlock extends Module {
  /** Layer normalization of the attention's input. */
  readonly norm1: LayerNorm;
  /** Self-attention. */
  readonly attention: MultiHeadAttention;
  /** Layer normalization of the feed-forward network's input. */
  readonly norm2: LayerNorm;
  /** First layer of the feed-forward network: W₁ (features, hidden), b₁ (hidden). */
  readonly expand: Linear;
  /** Second layer of the feed-forward network: W₂ (hidden, features), b₂ (features). */
  readonly contract: Linear;
  /** Dropout after the attention and after the feed-forward network. */
  readonly drop: Dropout;
  readonly #causal: boolean;

  constructor(options: TransformerBlockOptions) {
    super();
    const checked = checkOptions('TransformerBlock', options, {
      ...TRANSFORMER_CHECKS,
      features: positiveInteger,
      heads: positiveInteger,
    });
    expectActivation('TransformerBlock', checked.activation);
    const { features, heads, generator, seed } = checked;
    const { hidden = 4 * features, activation = 'gelu', dropout = 0, causal = false } = checked;
    this.norm1 = new LayerNorm({ features });
    this.attention = new MultiHeadAttention({ features, heads, generator });
    this.norm2 = new LayerNorm({ features });
    this.expand = new Linear({ inputs: features, outputs: hidden, activation, generator });
    this.contract = new Linear({ inputs: hidden, outputs: features, generator });
    this.drop = new Dropout({ rate: dropout, seed });
    this.#causal = causal;
  }

  /**
   * Applies the block. The mask broadcasts to (batch, heads, rows, rows) and is true where a row attends to another.
   */
  forward(x: Tensor, mask?: Tensor): Tensor {
    expectAxes('TransformerBlock', 'x', x, 'f32', ['batch', 'rows', this.attention.features]);
    const normalized = this.norm1.forward(x);
    const attended = within('TransformerBlock', () =>
      this.attention.forward(normalized, normalized, { causal: this.#causal, mask }),
    );
    const h = x.add(this.drop.forward(attended));
    const hidden = this.expand.forward(this.norm2.forward(h));
    return h.add(this.drop.forward(this.contract.forward(hidden)));
  }
}

/** Options of a `PositionalEmbedding`. */
export interface PositionalEmbeddingOptions {
  /** The maximum number of rows of x. */
  readonly length: number;
  /** The number of features of x. */
  readonly features: number;
  /** The initializer of the table. Default 'randomUniform'. */
  readonly initializer?: InitializerLike;
  /** The generator of the initial values. Default: a stream of its own; see `setSeed`. */
  readonly generator?: Generator;
}

/**
 * A learned positional embedding, added to x:
 *
 *   y[n, t, :] = x[n, t, :] + table[t, :]
 *
 * x (batch, rows, features) with rows ≤ length -> y (batch, rows, features). `table` (length, features) starts uniform
 * within ±0.05.
 */
export class PositionalEmbedding extends Layer {
  /** The vectors of the positions: (length, features). */
  readonly table: Variable;
  /** The maximum number of rows of x. */
  readonly length: number;

  constructor(options: PositionalEmbeddingOptions) {
    super();
    const {
      length,
      features,
      initializer = 'randomUniform',
      generator,
    } = checkOptions('PositionalEmbedding', options, {
      length: positiveInteger,
      features: positiveInteger,
      initializer: PARAMETER_CHECKS.initializer,
      generator: PARAMETER_CHECKS.generator,
    });
    this.length = length;
    this.table = within('PositionalEmbedding', () => parameter('table', [length, features], initializer, generator));
  }

  /** Adds the embeddings of the positions to x. @throws TesseraError if x has more than `length` rows. */
  override forward(x: Tensor): Tensor {
    const [, features] = this.table.shape;
    expectAxes('PositionalEmbedding', 'x', x, 'f32', ['...', 'rows', features]);
    const rows = x.shape[x.rank - 2];
    if (rows > this.length)
      throw new TesseraError(`PositionalEmbedding: x ${x.describe()} has more than ${this.length} rows`);
    return x.add(this.table.slice([0], [rows]));
  }
}

/**
 * The sinusoidal positional encoding (Vaswani et al. 2017), y (length, features) for even features:
 *
 *   y[t, 2i]     = sin(t / 10000^(2i / features))
 *   y[t, 2i + 1] = cos(t / 10000^(2i / features))
 */
export function sinusoidalPositions(length: number, features: number): Tensor {
  expectValue('sinusoidalPositions', 'length', length, positiveInteger);
  expectValue('sinusoidalPositions', 'features', features, positiveInteger);
  if (features % 2 !== 0) throw new TesseraError(`sinusoidalPositions: expected even features, got ${features}`);
  const frequency = arange(features / 2)
    .cast('f32')
    .mul((-2 * Math.log(10_000)) / features)
    .exp();
  const angle = arange(length).cast('f32').expandDims(1).mul(frequency).expandDims(2);
  // Sines and cosines alternate: cos x = sin(x + π/2).
  const phases = arange(2)
    .cast('f32')
    .mul(Math.PI / 2);
  return angle.add(phases).sin().reshape([length, features]);
}
