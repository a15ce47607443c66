import type { Generator } from '../../tensor/generator.js';
import { concat, dropout, type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { type InitializerLike, nextStream, parameter } from '../initializers.js';
import { type Activation, activationOf } from '../keras/activations.js';
import type { Regularizer } from '../keras/regularizers.js';
import { Counter, Layer } from '../module.js';
import { anything, checkOptions, fraction, nonNegativeInteger, optional, positiveInteger } from '../options.js';
import { AFFINE_CHECKS, AffineLayer, type AffineOptions } from './affine.js';

/** Options of a `Linear`. */
export interface LinearOptions extends AffineOptions {
  /** Features of x. */
  readonly inputs: number;
  /** Features of y. */
  readonly outputs: number;
}

/**
 * A fully connected layer, one dispatch:
 *
 *   y = activation(x·W + b)
 *
 * x (..., inputs) -> y (..., outputs). W `kernel` (inputs, outputs) starts Glorot uniform, b `bias` (outputs) zero.
 */
export class Linear extends AffineLayer {
  /** Features of x. */
  readonly inputs: number;
  /** Features of y. */
  readonly outputs: number;

  constructor(options: LinearOptions) {
    const { inputs, outputs } = checkOptions('Linear', options, {
      ...AFFINE_CHECKS,
      inputs: positiveInteger,
      outputs: positiveInteger,
    });
    super([inputs, outputs], outputs, options);
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** @throws TesseraError if the last axis of x has not `inputs` features. */
  override forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inputs) {
      throw new TesseraError(`Linear: expected ${this.inputs} features in the last axis, got ${x.describe()}`);
    }
    const [input, kernel] = this.operands(x);
    return this.finish(input.matmul(kernel));
  }
}

/** Options of an `Embedding`. */
export interface EmbeddingOptions {
  /** How many ids there are: 0 to vocabulary - 1. */
  readonly vocabulary: number;
  /** Features of the vector of an id. */
  readonly outputs: number;
  /** Default 'randomUniform'. */
  readonly initializer?: InitializerLike;
  /** A penalty on the table. */
  readonly regularizer?: Regularizer;
  /** Draws the initial values. Default: a stream of its own, see `setSeed`. */
  readonly generator?: Generator;
}

/**
 * A table of vectors, one for each id:
 *
 *   y[..., :] = table[ids[...], :]
 *
 * ids (batch, time) of i32 -> y (batch, time, outputs). `table` (vocabulary, outputs) starts uniform within ±0.05.
 */
export class Embedding extends Layer {
  /** The vectors (vocabulary, outputs). */
  readonly table: Variable;

  constructor(options: EmbeddingOptions) {
    super();
    const {
      vocabulary,
      outputs,
      initializer = 'randomUniform',
      regularizer,
      generator,
    } = checkOptions('Embedding', options, {
      vocabulary: positiveInteger,
      outputs: positiveInteger,
      initializer: anything,
      regularizer: anything,
      generator: anything,
    });
    this.table = parameter('table', [vocabulary, outputs], initializer, generator);
    if (regularizer !== undefined) this.addPenalty(() => regularizer(this.table));
  }

  /** @throws TesseraError if an id known on the host is not in the vocabulary. */
  override forward(ids: Tensor): Tensor {
    return this.table.gather(ids);
  }
}

/** Merges all axes but the batch: x (batch, ...) -> (batch, features). Free. */
export class Flatten extends Layer {
  override forward(x: Tensor): Tensor {
    const [batch, ...rest] = x.shape;
    if (batch === undefined) throw new TesseraError('Flatten: expected a batch axis, got a scalar');
    return x.reshape([batch, rest.reduce((product, size) => product * size, 1)]);
  }
}

/** Options of a `Dropout`. */
export interface DropoutOptions {
  /** The share of the elements that is set to zero, within [0, 1). */
  readonly rate: number;
  /** The same seed draws the same elements. Default: one of its own, see `setSeed`. */
  readonly seed?: number;
}

/**
 * While training, sets elements to zero at random, each with probability `rate`, and scales the others so that the mean
 * stays (Srivastava et al. 2014); at inference it passes x on:
 *
 *   y = m ⊙ x / (1 - rate),   m ~ Bernoulli(1 - rate)
 *
 * Each call draws anew. How often it has drawn is part of a model's state, so that resumed training draws what
 * uninterrupted training would have drawn.
 */
export class Dropout extends Layer {
  /** The share that is set to zero. */
  readonly rate: number;
  /** How often it has drawn. */
  readonly draws = new Counter();
  #seed: number;
  readonly #hasOwnSeed: boolean;

  constructor(options: DropoutOptions) {
    super();
    const { rate, seed } = checkOptions('Dropout', options, { rate: fraction, seed: optional(nonNegativeInteger) });
    this.rate = rate;
    this.#seed = seed ?? nextStream().bits();
    this.#hasOwnSeed = seed !== undefined;
  }

  override drawFrom(generator: Generator): void {
    if (!this.#hasOwnSeed) this.#seed = generator.bits();
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.rate > 0 ? dropout(x, this.rate, { seed: this.#seed, draw: this.draws.value++ }) : x;
  }
}

/** An activation as a layer: y = activation(x). */
export class Activate extends Layer {
  /** @throws TesseraError if there is no activation of that name. */
  constructor(/** Its name. */ readonly activation: Activation) {
    super();
    activationOf('Activate', activation);
  }

  override forward(x: Tensor): Tensor {
    return activationOf('Activate', this.activation)(x);
  }
}

/** Layers one after the other: y = layerₙ(... layer₁(x)). */
export class Sequential extends Layer {
  /** In the order in which they compute. */
  readonly layers: readonly Layer[];

  /** @throws TesseraError if one of them is no layer. */
  constructor(...layers: Layer[]) {
    super();
    this.layers = layers.map((layer, index) => expectLayer('Sequential', `layer ${index}`, layer));
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => layer.forward(value), x);
  }
}

/** y = x + layer(x). He, Zhang, Ren and Sun 2016. */
export class Residual extends Layer {
  /** What is added to x. */
  readonly layer: Layer;

  /** @throws TesseraError if it is no layer. */
  constructor(layer: Layer) {
    super();
    this.layer = expectLayer('Residual', 'its argument', layer);
  }

  override forward(x: Tensor): Tensor {
    return x.add(this.layer.forward(x));
  }
}

/** @throws TesseraError if something is no layer. */
export function expectLayer(where: string, what: string, layer: unknown): Layer {
  if (layer instanceof Layer) return layer;
  const got = Array.isArray(layer) ? 'an array' : layer === null ? 'null' : typeof layer;
  throw new TesseraError(`${where}: ${what} must be a Layer, got ${got}`);
}

/** Joins features: [(batch, a), (batch, b), ...] -> (batch, a + b + ...). */
export const concatenate = (...tensors: Tensor[]): Tensor => concat(tensors, -1);
