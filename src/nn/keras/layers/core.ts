import type { Generator } from '../../../tensor/generator.js';
import type { Shape, Tensor } from '../../../tensor/index.js';
import {
  anything,
  boolean,
  checkOptions,
  expectValue,
  fraction,
  integer,
  listOf,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from '../../../tensor/options.js';
import { type Activation, activationOf, expectActivation } from '../../activations.js';
import { AFFINE_CHECKS } from '../../layers/affine.js';
import {
  Activate,
  type AffineOptions,
  Dropout,
  Embedding,
  type EmbeddingOptions,
  Flatten,
  Linear,
  TimeDistributed,
} from '../../layers/index.js';
import type { Layer } from '../../module.js';
import { call, layer, once, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

/** y = activation(x·W + b) of the last axis. */
export function dense(options: AffineOptions & { readonly units: number }): SymbolicLayer<Linear> {
  const { units, ...rest } = checkOptions('dense', options, { ...AFFINE_CHECKS, units: positiveInteger });
  expectActivation('dense', rest.activation);
  return layer('dense', (shape) => new Linear({ inputs: shape[shape.length - 1], outputs: units, ...rest }), {
    keepsMask: true,
  });
}

/** Options of an `embedding` by Keras's names. */
export interface EmbeddingLayerOptions {
  /** How many ids there are: 0 to inputDim - 1. */
  readonly inputDim: number;
  /** Features of the vector of an id. */
  readonly outputDim: number;
  /** The id 0 is padding: layers that heed a mask, losses and metrics leave it out. Default false. */
  readonly maskZero?: boolean;
  /** Default 'randomUniform'. */
  readonly embeddingsInitializer?: EmbeddingOptions['initializer'];
  /** A penalty on the table. */
  readonly embeddingsRegularizer?: EmbeddingOptions['regularizer'];
  /** Draws the initial values. */
  readonly generator?: Generator;
}

/** Vectors for ids. */
export function embedding(options: EmbeddingLayerOptions): SymbolicLayer<Embedding> {
  const { inputDim, outputDim, maskZero, embeddingsInitializer, embeddingsRegularizer, generator } = checkOptions(
    'embedding',
    options,
    {
      inputDim: positiveInteger,
      outputDim: positiveInteger,
      maskZero: optional(boolean),
      embeddingsInitializer: anything,
      embeddingsRegularizer: anything,
      generator: anything,
    },
  );
  const initial = { initializer: embeddingsInitializer, regularizer: embeddingsRegularizer, generator };
  const make = () => new Embedding({ vocabulary: inputDim, outputs: outputDim, ...initial });
  const moduleFor = once(make);
  const apply = (ids: SymbolicTensor): SymbolicTensor => {
    const module = moduleFor(ids.shape);
    const mask = maskZero ? call('mask', [ids], (value) => value.notEqual(0).cast('f32'))[0] : undefined;
    return call('embedding', [ids], (value) => module.forward(value), { module, mask })[0];
  };
  return Object.assign(apply, { make, moduleFor });
}

/** A layer applied to each step by itself. It shares its weights with that layer's other calls, as in Keras. */
export function timeDistributed(around: SymbolicLayer<Layer>): SymbolicLayer<TimeDistributed> {
  expectValue('timeDistributed', 'its argument', around, {
    expected: 'a layer, such as layers.dense({ units })',
    fits: (value) => typeof value === 'function' && 'moduleFor' in value,
  });
  return layer('timeDistributed', (shape) => new TimeDistributed(around.moduleFor(shape.slice(1))), {
    keepsMask: true,
  });
}

/** Everything in one axis. */
export const flatten = (): SymbolicLayer<Flatten> => layer('flatten', () => new Flatten());

/** Another shape for each sample; one size may be -1: what is left. */
export const reshape =
  (shape: Shape) =>
  (x: SymbolicTensor): SymbolicTensor =>
    call('reshape', [x], (value) => value.reshape([value.shape[0], ...shape]))[0];

/** Axes of each sample in another order, counted from 1 as in Keras. */
export function permute(order: readonly number[]): (x: SymbolicTensor) => SymbolicTensor {
  expectValue('permute', 'the order', order, listOf(integer));
  return (x) => call('permute', [x], (value) => value.permute([0, ...order]))[0];
}

/** Sets a share of the elements to zero while training. */
export function dropout(options: { readonly rate: number; readonly seed?: number }): SymbolicLayer<Dropout> {
  const checked = checkOptions('dropout', options, { rate: fraction, seed: optional(nonNegativeInteger) });
  return layer('dropout', () => new Dropout(checked), { keepsMask: true });
}

/** A function by its name. */
export function activation(name: Activation): SymbolicLayer<Activate> {
  activationOf('activation', name);
  return layer('activation', () => new Activate(name), { keepsMask: true });
}

/** The mean over the steps that count. */
export const globalAveragePooling1d =
  () =>
  (x: SymbolicTensor): SymbolicTensor => {
    const { mask } = x;
    if (mask === undefined) return call('globalAveragePooling1d', [x], (value) => value.mean(1))[0];
    const mean = (value: Tensor, counts: Tensor) =>
      value
        .mul(counts.expandDims(-1))
        .sum(1)
        .div(counts.sum(1, { keepDims: true }).maximum(1));
    return call('globalAveragePooling1d', [x, mask], mean)[0];
  };
