import type { Generator } from '../tensor/generator.js';
import { type DType, type Shape, type Tensor, TesseraError, zeros } from '../tensor/index.js';
import type { Activation } from './activations.js';
import { defaultGenerator } from './initializers.js';
import {
  Activate,
  BatchNorm,
  Conv2D,
  concatenate as concatenateTensors,
  Dropout,
  Embedding,
  Flatten,
  LayerNorm,
  Linear,
  LSTM,
  MaxPool2D,
} from './layers/index.js';
import type { Layer, Module } from './module.js';

/*
 * Models as graphs of layers, in the manner of Keras: `input` makes a symbol, a layer called on symbols makes another,
 * and `Model` is what lies between some of them. A layer learns the size of its input when it is called first.
 */

/** A place in a graph of layers: the shape of what will stand there, without the batch. */
export class SymbolicTensor {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    readonly inputs: readonly SymbolicTensor[] = [],
    /** What computes it from its inputs; none for an input of the graph. */
    readonly compute?: (...values: Tensor[]) => Tensor,
    readonly module?: Module,
    readonly name = '',
  ) {}

  /** A value of its shape for a batch of one, to find out shapes with: nothing is computed. */
  sample(): Tensor {
    const value = zeros([1, ...this.shape]);
    return this.dtype === 'f32' ? value : value.cast(this.dtype);
  }
}

/** An input of a model: the shape of one sample, and 'i32' for ids. */
export const input = ({
  shape,
  dtype = 'f32',
  name = 'input',
}: {
  shape: Shape;
  dtype?: DType;
  name?: string;
}): SymbolicTensor => new SymbolicTensor(shape, dtype, [], undefined, undefined, name);

/** Something to be called on symbols. */
export type SymbolicLayer = (x: SymbolicTensor) => SymbolicTensor;

/** The symbol of a module's, or a function's, result on others. */
function apply(
  name: string,
  inputs: readonly SymbolicTensor[],
  compute: (...values: Tensor[]) => Tensor,
  module?: Module,
): SymbolicTensor {
  const result = compute(...inputs.map((one) => one.sample()));
  if (result.shape[0] !== 1) throw new TesseraError(`${name}: the first axis of its result is not the batch`);
  return new SymbolicTensor(result.shape.slice(1), result.dtype, inputs, compute, module, name);
}

/** A layer that is made when the shape of its input is known, and then stays. */
function lazy<M extends Module>(
  name: string,
  make: (shape: Shape) => M,
  forward: (module: M, x: Tensor) => Tensor,
): SymbolicLayer {
  let made: M | undefined;
  return (x) => {
    made ??= make(x.shape);
    const module = made;
    return apply(name, [x], (value) => forward(module, value!), module);
  };
}

const layer = <M extends Layer>(name: string, make: (shape: Shape) => M): SymbolicLayer =>
  lazy(name, make, (module, x) => module.forward(x));

interface Common {
  readonly activation?: Activation;
  readonly useBias?: boolean;
  /** Where the first values come from; give all layers of a model one. */
  readonly generator?: Generator;
}

/** Layers by the names and with the settings of Keras. */
export const layers = {
  dense: ({ units, ...options }: Common & { units: number }): SymbolicLayer =>
    layer('dense', (shape) => new Linear(shape.at(-1)!, units, options)),
  embedding: ({
    inputDim,
    outputDim,
    generator = defaultGenerator(),
  }: {
    inputDim: number;
    outputDim: number;
    generator?: Generator;
  }): SymbolicLayer => layer('embedding', () => new Embedding(inputDim, outputDim, { generator })),
  lstm: ({
    units,
    returnSequences = false,
    generator = defaultGenerator(),
  }: {
    units: number;
    returnSequences?: boolean;
    generator?: Generator;
  }): SymbolicLayer =>
    lazy(
      'lstm',
      (shape) => new LSTM(shape.at(-1)!, units, { generator }),
      (module, x) => (returnSequences ? module.run(x).sequence : module.forward(x)),
    ),
  conv2d: ({
    filters,
    kernelSize,
    strides = 1,
    ...options
  }: Common & {
    filters: number;
    kernelSize: number | readonly [number, number];
    strides?: number | readonly [number, number];
    padding?: 'valid' | 'same';
  }): SymbolicLayer =>
    layer('conv2d', (shape) => new Conv2D(shape.at(-1)!, filters, kernelSize, { ...options, stride: strides })),
  maxPooling2d: ({ poolSize = 2, strides = poolSize }: { poolSize?: number; strides?: number } = {}): SymbolicLayer =>
    layer('maxPooling2d', () => new MaxPool2D(poolSize, strides)),
  flatten: (): SymbolicLayer => layer('flatten', () => new Flatten()),
  dropout: ({ rate, seed = 0 }: { rate: number; seed?: number }): SymbolicLayer =>
    layer('dropout', () => new Dropout(rate, seed)),
  activation: (name: Activation): SymbolicLayer => layer('activation', () => new Activate(name)),
  batchNormalization: ({
    momentum = 0.99,
    epsilon = 1e-3,
  }: {
    momentum?: number;
    epsilon?: number;
  } = {}): SymbolicLayer => layer('batchNormalization', (shape) => new BatchNorm(shape.at(-1)!, momentum, epsilon)),
  layerNormalization: ({ epsilon = 1e-3 }: { epsilon?: number } = {}): SymbolicLayer =>
    layer('layerNormalization', (shape) => new LayerNorm(shape.at(-1)!, epsilon)),
  /** Joins features, along the last axis. */
  concatenate: (symbols: readonly SymbolicTensor[]): SymbolicTensor =>
    apply('concatenate', symbols, (...values) => concatenateTensors(...values)),
  add: (symbols: readonly SymbolicTensor[]): SymbolicTensor =>
    apply('add', symbols, (...values) => values.reduce((sum, value) => sum.add(value))),
} as const;
