import type { Generator } from '../../tensor/generator.js';
import { concat, dropout, type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { defaultGenerator, type InitializerLike, parameter } from '../initializers.js';
import { type Activation, activationOf } from '../keras/activations.js';
import type { Regularizer } from '../keras/regularizers.js';
import { Layer } from '../module.js';
import { AffineLayer, type AffineOptions } from './affine.js';

/**
 * A fully connected layer: y = activation(x·W + b), one dispatch.
 *
 * x (..., in) -> (..., out). W (in, out) starts Glorot uniform, b (out) zero, as in Keras.
 */
export class Linear extends AffineLayer {
  constructor(
    /** Features of x. */
    readonly inputs: number,
    /** Features of y. */
    readonly outputs: number,
    options: AffineOptions = {},
  ) {
    super([inputs, outputs], outputs, options);
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

/** Settings of a table of vectors. */
export interface EmbeddingOptions {
  /** Default 'randomUniform'. */
  readonly initializer?: InitializerLike;
  /** A penalty on the table. */
  readonly regularizer?: Regularizer;
  /** Where the first values come from. */
  readonly generator?: Generator;
}

/**
 * A table of vectors, one for each of `count` ids: (batch, time) of i32 -> (batch, time, features).
 *
 * It starts uniform within ±0.05, as in Keras.
 */
export class Embedding extends Layer {
  /** (count, features) */
  readonly table: Variable;

  constructor(
    /** How many ids there are. */
    readonly count: number,
    /** Of a vector. */
    readonly features: number,
    { initializer = 'randomUniform', regularizer, generator = defaultGenerator() }: EmbeddingOptions = {},
  ) {
    super();
    this.table = parameter('table', [count, features], initializer, generator);
    if (regularizer !== undefined) this.addPenalty(() => regularizer(this.table));
  }

  /** @throws TesseraError if an id known on the host is not below `count`. */
  override forward(ids: Tensor): Tensor {
    return this.table.gather(ids);
  }
}

/** Everything but the batch in one axis: (batch, ...) -> (batch, features). Free. */
export class Flatten extends Layer {
  override forward(x: Tensor): Tensor {
    const [batch, ...rest] = x.shape;
    if (batch === undefined) throw new TesseraError('Flatten: expected a batch axis, got a scalar');
    return x.reshape([batch, rest.reduce((product, size) => product * size, 1)]);
  }
}

/**
 * While training, sets a share `rate` of the elements to zero and scales the others by 1 / (1 - rate); else passes x
 * on. Srivastava et al. 2014. Each call draws anew; the same seed draws the same.
 */
export class Dropout extends Layer {
  /** How often it has drawn: the next draw's number. A resumed training sets it. */
  draws = 0;

  constructor(
    /** The share that is set to zero. */
    readonly rate: number,
    /** Of its draws. */
    readonly seed = 0,
  ) {
    super();
    if (!(rate >= 0 && rate < 1)) throw new TesseraError(`Dropout: the rate must lie within [0, 1), got ${rate}`);
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.rate > 0 ? dropout(x, this.rate, { seed: this.seed, draw: this.draws++ }) : x;
  }
}

/** An activation as a layer. */
export class Activate extends Layer {
  constructor(/** Its name. */ readonly activation: Activation) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return activationOf('Activate', this.activation)(x);
  }
}

/** Layers one after the other. */
export class Sequential extends Layer {
  /** In the order in which they compute. */
  readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => layer.forward(value), x);
  }
}

/** y = x + layer(x). He, Zhang, Ren and Sun 2016. */
export class Residual extends Layer {
  constructor(/** What is added to x. */ readonly layer: Layer) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return x.add(this.layer.forward(x));
  }
}

/** Joins features: [(batch, a), (batch, b), ...] -> (batch, a + b + ...). */
export const concatenate = (...tensors: Tensor[]): Tensor => concat(tensors, -1);
