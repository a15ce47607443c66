import type { Generator } from '../../tensor/generator.js';
import {
  type AttentionOptions,
  arange,
  attention,
  type Tensor,
  TesseraError,
  type Variable,
} from '../../tensor/index.js';
import { defaultGenerator, parameter } from '../initializers.js';
import type { Activation } from '../keras/activations.js';
import { Layer, Module } from '../module.js';
import { Dropout, Linear } from './core.js';
import { LayerNorm } from './normalization.js';

/**
 * Attention in several heads (Vaswani et al. 2017): queries, keys and values are projected, attended to by head, joined
 * and projected again. x (batch, rows, features) -> (batch, rows, features).
 */
export class MultiHeadAttention extends Module {
  /** Projects what looks. */
  readonly query: Linear;
  /** Projects what is looked at. */
  readonly key: Linear;
  /** Projects what is taken from there. */
  readonly value: Linear;
  /** Projects what the heads found, joined. */
  readonly output: Linear;

  /** @throws TesseraError if the heads do not divide the features. */
  constructor(
    /** Of x, and of the result. */
    readonly features: number,
    /** How many share the features. */
    readonly heads: number,
    { generator = defaultGenerator() }: { generator?: Generator } = {},
  ) {
    super();
    if (!Number.isInteger(heads) || heads < 1 || features % heads !== 0)
      throw new TesseraError(`MultiHeadAttention: ${heads} heads do not divide ${features} features`);
    const project = () => new Linear(features, features, { generator });
    this.query = project();
    this.key = project();
    this.value = project();
    this.output = project();
  }

  /** Of x to itself, or to a context (batch, keys, features). The mask broadcasts to (batch, heads, rows, keys). */
  forward(x: Tensor, context: Tensor = x, options: AttentionOptions = {}): Tensor {
    const [batch, rows] = x.shape;
    const byHead = (y: Tensor) =>
      y.reshape([y.shape[0], y.shape[1], this.heads, this.features / this.heads]).permute([0, 2, 1, 3]);
    const [q, k, v] = [this.query.forward(x), this.key.forward(context), this.value.forward(context)].map(byHead);
    const joined = attention(q, k, v, options).permute([0, 2, 1, 3]).reshape([batch, rows, this.features]);
    return this.output.forward(joined);
  }
}

/** Settings of a block of a transformer. */
export interface TransformerBlockOptions {
  /** Units between; default 4 · features. */
  readonly hidden?: number;
  /** Between the two dense layers. Default 'gelu'. */
  readonly activation?: Activation;
  /** Default 0. */
  readonly dropout?: number;
  /** Whether a row sees no later one. Default false. */
  readonly causal?: boolean;
  /** Where the first values come from. */
  readonly generator?: Generator;
  /** Of the dropout. */
  readonly seed?: number;
}

/**
 * A block of a transformer, normalised before (Xiong et al. 2020): x ← x + attention(norm x), x ← x + mlp(norm x).
 * x (batch, rows, features) -> the same shape.
 */
export class TransformerBlock extends Module {
  /** Before the attention. */
  readonly norm1: LayerNorm;
  /** Of the rows to each other. */
  readonly attention: MultiHeadAttention;
  /** Before the two dense layers. */
  readonly norm2: LayerNorm;
  /** To the hidden units. */
  readonly expand: Linear;
  /** Back to the features. */
  readonly contract: Linear;
  /** After the attention, and after the dense layers. */
  readonly drop: Dropout;
  readonly #causal: boolean;

  constructor(features: number, heads: number, options: TransformerBlockOptions = {}) {
    super();
    const { hidden = 4 * features, activation = 'gelu', dropout = 0, causal = false, seed = 0 } = options;
    const { generator = defaultGenerator() } = options;
    this.norm1 = new LayerNorm(features);
    this.attention = new MultiHeadAttention(features, heads, { generator });
    this.norm2 = new LayerNorm(features);
    this.expand = new Linear(features, hidden, { activation, generator });
    this.contract = new Linear(hidden, features, { generator });
    this.drop = new Dropout(dropout, seed);
    this.#causal = causal;
  }

  /** The mask broadcasts to (batch, heads, rows, rows): true where a row may look. */
  forward(x: Tensor, mask?: Tensor): Tensor {
    const options = { causal: this.#causal, ...(mask === undefined ? {} : { mask }) };
    const normal = this.norm1.forward(x);
    const attended = x.add(this.drop.forward(this.attention.forward(normal, normal, options)));
    const wide = this.expand.forward(this.norm2.forward(attended));
    return attended.add(this.drop.forward(this.contract.forward(wide)));
  }
}

/** Adds a learned vector for each place: x (batch, rows, features), rows ≤ length. It starts uniform within ±0.05. */
export class PositionalEmbedding extends Layer {
  /** A vector for each place: (length, features). */
  readonly table: Variable;

  constructor(
    /** How many places there are. */
    readonly length: number,
    /** Of x. */
    readonly features: number,
    { generator = defaultGenerator() }: { generator?: Generator } = {},
  ) {
    super();
    this.table = parameter('table', [length, features], 'randomUniform', generator);
  }

  /** @throws TesseraError if x has more rows than there are places. */
  override forward(x: Tensor): Tensor {
    const rows = x.shape.at(-2)!;
    if (rows > this.length)
      throw new TesseraError(`PositionalEmbedding: x ${x.describe()} has more than ${this.length} rows`);
    return x.add(this.table.slice([0], [rows]));
  }
}

/** sin and cos of the place over falling wavelengths (Vaswani et al. 2017): (length, features), features even. */
export function sinusoidalPositions(length: number, features: number): Tensor {
  if (features % 2 !== 0) throw new TesseraError(`sinusoidalPositions: expected even features, got ${features}`);
  const frequency = arange(features / 2)
    .cast('f32')
    .mul((-2 * Math.log(10_000)) / features)
    .exp();
  const angle = arange(length).cast('f32').expandDims(1).mul(frequency).expandDims(2);
  // sin and cos take turns: cos x = sin(x + π/2).
  const turns = arange(2)
    .cast('f32')
    .mul(Math.PI / 2);
  return angle.add(turns).sin().reshape([length, features]);
}
