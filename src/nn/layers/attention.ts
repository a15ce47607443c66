import type { Generator } from '../../tensor/generator.js';
import {
  type AttentionOptions,
  arange,
  attention,
  type Tensor,
  TesseraError,
  type Variable,
} from '../../tensor/index.js';
import { parameter } from '../initializers.js';
import type { Activation } from '../keras/activations.js';
import { Layer, Module } from '../module.js';
import {
  anything,
  boolean,
  checkOptions,
  expectValue,
  fraction,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from '../options.js';
import { Dropout, Linear } from './core.js';
import { LayerNorm } from './normalization.js';

/** Options of a `MultiHeadAttention`. */
export interface MultiHeadAttentionOptions {
  /** Features of x and of the result. */
  readonly features: number;
  /** How many heads share the features. */
  readonly heads: number;
  /** Draws the initial values. Default: a stream of its own, see `setSeed`. */
  readonly generator?: Generator;
}

/**
 * Attention in several heads (Vaswani et al. 2017). With the features split among heads of d = features / heads,
 *
 *   q, k, v = x·W_q + b_q, context·W_k + b_k, context·W_v + b_v
 *   head    = softmax(q·kᵀ / √d)·v           of each head's share of q, k and v
 *   y       = [head₁ ... headₙ]·W_o + b_o
 *
 * x (batch, rows, features), context (batch, keys, features) -> y (batch, rows, features).
 */
export class MultiHeadAttention extends Module {
  /** Query projection, W_q (features, features). */
  readonly query: Linear;
  /** Key projection, W_k (features, features). */
  readonly key: Linear;
  /** Value projection, W_v (features, features). */
  readonly value: Linear;
  /** Output projection of the joined heads, W_o (features, features). */
  readonly output: Linear;
  /** Features of x and of the result. */
  readonly features: number;
  /** How many heads share the features. */
  readonly heads: number;

  /** @throws TesseraError if the heads do not divide the features. */
  constructor(options: MultiHeadAttentionOptions) {
    super();
    const { features, heads, generator } = checkOptions('MultiHeadAttention', options, {
      features: positiveInteger,
      heads: positiveInteger,
      generator: anything,
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
   * Attends from x to itself, or to a context. The mask broadcasts to (batch, heads, rows, keys): true where a row may
   * attend to a key.
   */
  forward(x: Tensor, context: Tensor = x, options: AttentionOptions = {}): Tensor {
    const [batch, rows] = x.shape;
    const byHead = (y: Tensor) =>
      y.reshape([y.shape[0], y.shape[1], this.heads, this.features / this.heads]).permute([0, 2, 1, 3]);
    const [q, k, v] = [this.query.forward(x), this.key.forward(context), this.value.forward(context)].map(byHead);
    const joined = attention(q, k, v, options).permute([0, 2, 1, 3]).reshape([batch, rows, this.features]);
    return this.output.forward(joined);
  }
}

/** Options of a `TransformerBlock`. */
export interface TransformerBlockOptions {
  /** Features of x and of the result. */
  readonly features: number;
  /** Heads of the attention. */
  readonly heads: number;
  /** Units between the two dense layers. Default 4 · features. */
  readonly hidden?: number;
  /** Between the two dense layers. Default 'gelu'. */
  readonly activation?: Activation;
  /** The rate of the dropout after the attention and after the dense layers. Default 0. */
  readonly dropout?: number;
  /** Whether a row attends to no later one. Default false. */
  readonly causal?: boolean;
  /** Draws the initial values. Default: a stream of its own, see `setSeed`. */
  readonly generator?: Generator;
  /** The seed of the dropout. Default: one of its own, see `setSeed`. */
  readonly seed?: number;
}

/**
 * A block of a transformer with its normalisation first (Xiong et al. 2020):
 *
 *   x ← x + dropout(attention(norm₁ x))
 *   x ← x + dropout(activation(norm₂(x)·W₁ + b₁)·W₂ + b₂)
 *
 * x (batch, rows, features) -> the same shape. W₁ (features, hidden), W₂ (hidden, features).
 */
export class TransformerBlock extends Module {
  /** Normalises the input of the attention. */
  readonly norm1: LayerNorm;
  /** Attention of the rows to each other. */
  readonly attention: MultiHeadAttention;
  /** Normalises the input of the two dense layers. */
  readonly norm2: LayerNorm;
  /** To the hidden units, W₁. */
  readonly expand: Linear;
  /** Back to the features, W₂. */
  readonly contract: Linear;
  /** Follows the attention, and the dense layers. */
  readonly drop: Dropout;
  readonly #causal: boolean;

  constructor(options: TransformerBlockOptions) {
    super();
    const checked = checkOptions('TransformerBlock', options, {
      features: positiveInteger,
      heads: positiveInteger,
      hidden: optional(positiveInteger),
      activation: anything,
      dropout: optional(fraction),
      causal: optional(boolean),
      generator: anything,
      seed: optional(nonNegativeInteger),
    });
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

  /** The mask broadcasts to (batch, heads, rows, rows): true where a row may attend to another. */
  forward(x: Tensor, mask?: Tensor): Tensor {
    const normal = this.norm1.forward(x);
    const attended = x.add(this.drop.forward(this.attention.forward(normal, normal, { causal: this.#causal, mask })));
    const wide = this.expand.forward(this.norm2.forward(attended));
    return attended.add(this.drop.forward(this.contract.forward(wide)));
  }
}

/** Options of a `PositionalEmbedding`. */
export interface PositionalEmbeddingOptions {
  /** The most rows that x may have. */
  readonly length: number;
  /** Features of x. */
  readonly features: number;
  /** Draws the initial values. Default: a stream of its own, see `setSeed`. */
  readonly generator?: Generator;
}

/**
 * Adds a learned vector for each position: y[n, t] = x[n, t] + table[t].
 *
 * x (batch, rows, features) with rows ≤ length -> the same shape. `table` (length, features) starts uniform within
 * ±0.05.
 */
export class PositionalEmbedding extends Layer {
  /** A vector for each position, (length, features). */
  readonly table: Variable;
  /** The most rows that x may have. */
  readonly length: number;

  constructor(options: PositionalEmbeddingOptions) {
    super();
    const { length, features, generator } = checkOptions('PositionalEmbedding', options, {
      length: positiveInteger,
      features: positiveInteger,
      generator: anything,
    });
    this.length = length;
    this.table = parameter('table', [length, features], 'randomUniform', generator);
  }

  /** @throws TesseraError if x has more rows than there are positions. */
  override forward(x: Tensor): Tensor {
    const rows = x.shape.at(-2) ?? 0;
    if (rows > this.length)
      throw new TesseraError(`PositionalEmbedding: x ${x.describe()} has more than ${this.length} rows`);
    return x.add(this.table.slice([0], [rows]));
  }
}

/**
 * Positions as sines and cosines of falling frequency (Vaswani et al. 2017): (length, features), features even.
 *
 *   y[t, 2i] = sin(t / 10000^(2i / features)),   y[t, 2i + 1] = cos(t / 10000^(2i / features))
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
  // sin and cos alternate: cos x = sin(x + π/2).
  const phases = arange(2)
    .cast('f32')
    .mul(Math.PI / 2);
  return angle.add(phases).sin().reshape([length, features]);
}
