import type { Generator } from '../tensor/generator.js';
import {
  concat,
  dropout,
  type LstmState,
  lstm,
  maxPool2d,
  type Tensor,
  TesseraError,
  type Variable,
} from '../tensor/index.js';
import { type Activation, activations } from './activations.js';
import {
  defaultGenerator,
  glorotUniform,
  type Initializer,
  orthogonal,
  parameter,
  uniformInitializer,
  zerosInitializer,
} from './initializers.js';
import { Layer, Module } from './module.js';

export interface LinearOptions {
  readonly activation?: Activation;
  readonly useBias?: boolean;
  readonly kernelInitializer?: Initializer;
  /** Where the first values come from. */
  readonly generator?: Generator;
}

/**
 * A fully connected layer: y = activation(x·W + b), one dispatch.
 *
 * x (batch, in) -> (batch, out). W (in, out) starts Glorot uniform, b (out) zero, as in Keras.
 */
export class Linear extends Layer {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
  readonly #activation: Activation;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
    {
      activation = 'linear',
      useBias = true,
      kernelInitializer = glorotUniform,
      generator = defaultGenerator(),
    }: LinearOptions = {},
  ) {
    super();
    this.kernel = parameter('kernel', [inputs, outputs], kernelInitializer, generator);
    this.bias = useBias ? parameter('bias', [outputs], zerosInitializer, generator) : undefined;
    this.#activation = activation;
  }

  override forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inputs) {
      throw new TesseraError(`Linear: expected ${this.inputs} features in the last axis, got ${x.describe()}`);
    }
    const product = x.matmul(this.kernel);
    return activations[this.#activation](this.bias === undefined ? product : product.add(this.bias));
  }
}

/**
 * A table of vectors, one for each of `count` ids: (batch, time) of i32 -> (batch, time, features).
 *
 * It starts uniform within ±0.05, as in Keras.
 */
export class Embedding extends Layer {
  readonly table: Variable;

  constructor(
    readonly count: number,
    readonly features: number,
    {
      initializer = uniformInitializer(),
      generator = defaultGenerator(),
    }: { initializer?: Initializer; generator?: Generator } = {},
  ) {
    super();
    this.table = parameter('table', [count, features], initializer, generator);
  }

  /** @throws TesseraError if an id known on the host is not below `count`. */
  override forward(ids: Tensor): Tensor {
    return this.table.gather(ids);
  }
}

/**
 * A long short-term memory over a sequence (formula at the op `lstm`): x (batch, time, in) -> the last hidden state
 * (batch, units). Steps whose mask is 0 leave the state as it is.
 *
 * The kernel starts Glorot uniform, the recurrent kernel orthogonal, the bias zero but for the forget gate's, which is
 * one (Jozefowicz, Zaremba, Sutskever 2015), as in Keras.
 */
export class LSTM extends Module {
  readonly kernel: Variable;
  readonly recurrentKernel: Variable;
  readonly bias: Variable;

  constructor(
    readonly inputs: number,
    readonly units: number,
    { generator = defaultGenerator() }: { generator?: Generator } = {},
  ) {
    super();
    this.kernel = parameter('kernel', [inputs, 4 * units], glorotUniform, generator);
    this.recurrentKernel = parameter('recurrentKernel', [units, 4 * units], orthogonal, generator);
    const forgetOnes: Initializer = () => new Float32Array(4 * units).fill(1, units, 2 * units);
    this.bias = parameter('bias', [4 * units], forgetOnes, generator);
  }

  /** The last hidden state (batch, units). */
  forward(x: Tensor, mask?: Tensor, initial?: LstmState): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /** All hidden states (batch, time, units), and the last state. */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): { sequence: Tensor; last: LstmState } {
    const options = { ...(mask === undefined ? {} : { mask }), ...(initial === undefined ? {} : { initial }) };
    return lstm(x, this.kernel, this.recurrentKernel, this.bias, options);
  }
}

export interface Conv2DOptions extends LinearOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: 'valid' | 'same';
}

/**
 * Convolution in two dimensions, channels last: y = activation(x * W + b), one dispatch.
 *
 * x (batch, height, width, in) -> (batch, height', width', out). W (height, width, in, out) starts Glorot uniform,
 * b (out) zero, as in Keras.
 */
export class Conv2D extends Layer {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
  readonly #options: Conv2DOptions;

  constructor(inputs: number, filters: number, size: number | readonly [number, number], options: Conv2DOptions = {}) {
    super();
    const { useBias = true, kernelInitializer = glorotUniform, generator = defaultGenerator() } = options;
    const [height, width] = typeof size === 'number' ? [size, size] : size;
    this.kernel = parameter('kernel', [height, width, inputs, filters], kernelInitializer, generator);
    this.bias = useBias ? parameter('bias', [filters], zerosInitializer, generator) : undefined;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', activation = 'linear' } = this.#options;
    const y = x.conv2d(this.kernel, { stride, padding });
    return activations[activation](this.bias === undefined ? y : y.add(this.bias));
  }
}

/** The largest value of each window: (batch, height, width, channels) -> smaller height and width. */
export class MaxPool2D extends Layer {
  constructor(
    readonly size = 2,
    readonly stride = size,
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, { size: this.size, stride: this.stride });
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
    readonly rate: number,
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
  constructor(readonly activation: Activation) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return activations[this.activation](x);
  }
}

/** Layers one after the other. */
export class Sequential extends Layer {
  readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  override forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => layer.forward(value), x);
  }
}

/** Joins features: [(batch, a), (batch, b), ...] -> (batch, a + b + ...). */
export const concatenate = (...tensors: Tensor[]): Tensor => concat(tensors, -1);
