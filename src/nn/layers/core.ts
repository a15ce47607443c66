import type { Generator } from '../../tensor/generator.js';
import { concat, dropout, type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { expectAxes, expectTensor, within } from '../../tensor/ops/checks.js';
import { checkOptions, fraction, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { type Activation, activationOf } from '../activations.js';
import { type InitializerLike, nextStream, PARAMETER_CHECKS, parameter } from '../initializers.js';
import { Counter, Layer } from '../module.js';
import { REGULARIZER, type Regularizer } from '../regularizers.js';
import { AFFINE_CHECKS, AffineLayer, type AffineOptions } from './affine.js';

/** Options of a `Linear`. */
export interface LinearOptions extends AffineOptions {
  /** The number of features of x. */
  readonly inputs: number;
  /** The number of features of y. */
  readonly outputs: number;
}

/**
 * A fully connected layer, in one dispatch:
 *
 *   y = activation(x·W + b)
 *
 * x (..., inputs) -> y (..., outputs). W `kernel` (inputs, outputs) starts Glorot uniform, b `bias` (outputs) zero.
 */
export class Linear extends AffineLayer {
  /** The number of features of x. */
  readonly inputs: number;
  /** The number of features of y. */
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

  /** Computes y. @throws TesseraError if the last axis of x does not have `inputs` features. */
  override forward(x: Tensor): Tensor {
    expectAxes(this.constructor.name, 'x', x, 'f32', ['...', this.inputs]);
    const [input, kernel] = this.operands(x);
    return this.finish(input.matmul(kernel));
  }
}

/** Options of an `Embedding`. */
export interface EmbeddingOptions {
  /** The size of the vocabulary: ids are 0 to vocabulary - 1. */
  readonly vocabulary: number;
  /** The number of features of each vector. */
  readonly outputs: number;
  /** The initializer of the table. Default 'randomUniform'. */
  readonly initializer?: InitializerLike;
  /** The regularizer of the table. Default: none. */
  readonly regularizer?: Regularizer;
  /** The generator of the initial values. Default: a stream of its own; see `setSeed`. */
  readonly generator?: Generator;
}

/**
 * An embedding, a table with a vector for each id:
 *
 *   y[..., :] = table[ids[...], :]
 *
 * ids (...) of i32 -> y (..., outputs). `table` (vocabulary, outputs) starts uniform within ±0.05.
 */
export class Embedding extends Layer {
  /** The vectors of all ids: (vocabulary, outputs). */
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
      initializer: PARAMETER_CHECKS.initializer,
      regularizer: REGULARIZER,
      generator: PARAMETER_CHECKS.generator,
    });
    this.table = within('Embedding', () => parameter('table', [vocabulary, outputs], initializer, generator));
    if (regularizer !== undefined) this.addPenalty(() => regularizer(this.table));
  }

  /** Looks up the vectors of the ids. @throws TesseraError if an id known on the host is not in the vocabulary. */
  override forward(ids: Tensor): Tensor {
    expectAxes('Embedding', 'ids', ids, 'i32', ['...']);
    return within('Embedding', () => this.table.gather(ids));
  }
}

/** Flattens all axes but the batch: x (batch, ...) -> y (batch, features). Nothing is copied. */
export class Flatten extends Layer {
  override forward(x: Tensor): Tensor {
    expectTensor('Flatten', 'x', x);
    const [batch, ...rest] = x.shape;
    if (batch === undefined) throw new TesseraError('Flatten: expected a batch axis, got a scalar');
    return x.reshape([batch, rest.reduce((product, size) => product * size, 1)]);
  }
}

/** Options of a `Dropout`. */
export interface DropoutOptions {
  /** The probability of an element to be dropped, within [0, 1). */
  readonly rate: number;
  /** The seed that determines which elements are dropped. Default: one of its own; see `setSeed`. */
  readonly seed?: number;
}

/**
 * Dropout (Srivastava et al. 2014). In training each element is set to zero with probability `rate`, and the others are
 * scaled so that the expected value stays the same:
 *
 *   y = m ⊙ x / (1 - rate),   m ~ Bernoulli(1 - rate)
 *
 * At inference y = x. x (...) -> y (...), the same shape. Each call draws a new m. The number of draws is part of the
 * state, so that resumed training draws what uninterrupted training would have drawn.
 */
export class Dropout extends Layer {
  /** The probability of an element to be dropped. */
  readonly rate: number;
  /** The number of draws so far. */
  readonly draws = new Counter();
  #seed: number;
  readonly #isSeeded: boolean;

  constructor(options: DropoutOptions) {
    super();
    const { rate, seed } = checkOptions('Dropout', options, { rate: fraction, seed: optional(nonNegativeInteger) });
    this.rate = rate;
    this.#seed = seed ?? nextStream().bits();
    this.#isSeeded = seed !== undefined;
  }

  override drawFrom(generator: Generator): void {
    if (!this.#isSeeded) this.#seed = generator.bits();
  }

  override forward(x: Tensor): Tensor {
    expectAxes('Dropout', 'x', x, 'f32', ['...']);
    const drawn = this.next();
    return drawn === undefined ? x : dropout(x, drawn.rate, { seed: drawn.seed, draw: drawn.draw });
  }

  /** Draws for an op with a dropout of its own, such as `attention`; undefined where nothing is dropped. */
  next(): { readonly rate: number; readonly seed: number; readonly draw: number } | undefined {
    if (!this.training || this.rate === 0) return undefined;
    return { rate: this.rate, seed: this.#seed, draw: this.draws.value++ };
  }
}

/** An activation as a layer: y = activation(x), of the same shape as x. */
export class Activate extends Layer {
  /** @throws TesseraError if there is no activation of that name. */
  constructor(/** The name of the activation. */ readonly activation: Activation) {
    super();
    activationOf('Activate', activation);
  }

  override forward(x: Tensor): Tensor {
    expectAxes('Activate', 'x', x, 'f32', ['...']);
    return within('Activate', () => activationOf('Activate', this.activation)(x));
  }
}

/** A sequence of layers, each applied to the output of the one before: y = layerₙ(... layer₂(layer₁(x))). */
export class Sequential extends Layer {
  /** The layers in the order of application. */
  readonly layers: readonly Layer[];

  /** @throws TesseraError if an argument is not a layer. */
  constructor(...layers: Layer[]) {
    super();
    this.layers = layers.map((layer, index) => expectLayer('Sequential', `layer ${index}`, layer));
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce(
      (value, layer, index) => within(`Sequential: layer ${index}`, () => layer.forward(value)),
      x,
    );
  }
}

/** A residual connection around a layer (He, Zhang, Ren and Sun 2016): y = x + layer(x), of the same shape as x. */
export class Residual extends Layer {
  /** The layer whose output is added to x. */
  readonly layer: Layer;

  /** @throws TesseraError if the argument is not a layer. */
  constructor(layer: Layer) {
    super();
    this.layer = expectLayer('Residual', 'its argument', layer);
  }

  override forward(x: Tensor): Tensor {
    expectTensor('Residual', 'x', x);
    return within('Residual', () => x.add(this.layer.forward(x)));
  }
}

/** Returns a layer unchanged. @throws TesseraError if the value is not a layer. */
export function expectLayer(where: string, name: string, layer: unknown): Layer {
  if (layer instanceof Layer) return layer;
  const got = Array.isArray(layer) ? 'an array' : layer === null ? 'null' : typeof layer;
  throw new TesseraError(`${where}: ${name} must be a Layer, got ${got}`);
}

/** Concatenates along the last axis: (batch, a), (batch, b), ... -> (batch, a + b + ...). */
export const concatenate = (...tensors: Tensor[]): Tensor => within('concatenate', () => concat(tensors, -1));
