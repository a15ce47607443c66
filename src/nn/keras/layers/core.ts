import type { Generator } from '../../../tensor/generator.js';
import { formatShape } from '../../../tensor/graph/shape.js';
import { type Shape, type Tensor, TesseraError } from '../../../tensor/index.js';
import {
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
import { PARAMETER_CHECKS } from '../../initializers.js';
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
import { REGULARIZER } from '../../regularizers.js';
import { call, expectSymbols, featuresOf, layer, once, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

/** A fully connected layer on the last axis, y = activation(x·W + b): (..., features) -> (..., units); see `Linear`. */
export function dense(
  options: AffineOptions & { /** The number of output features. */ readonly units: number },
): SymbolicLayer<Linear> {
  const { units, ...rest } = checkOptions('dense', options, { ...AFFINE_CHECKS, units: positiveInteger });
  expectActivation('dense', rest.activation);
  return layer('dense', (shape) => new Linear({ inputs: featuresOf(shape), outputs: units, ...rest }), {
    keepsMask: true,
  });
}

/** Options of an `embedding` by Keras's names. */
export interface EmbeddingLayerOptions {
  /** The size of the vocabulary: ids are 0 to inputDim - 1. */
  readonly inputDim: number;
  /** The number of features of each vector. */
  readonly outputDim: number;
  /** Whether id 0 is padding, which recurrent layers, attention, losses and metrics skip. Default false. */
  readonly maskZero?: boolean;
  /** The initializer of the table. Default 'randomUniform'. */
  readonly embeddingsInitializer?: EmbeddingOptions['initializer'];
  /** The regularizer of the table. Default: none. */
  readonly embeddingsRegularizer?: EmbeddingOptions['regularizer'];
  /** The generator of the initial values. Default: see `Model`'s `seed`. */
  readonly generator?: Generator;
}

/** An embedding of ids: (time) of i32 -> (time, outputDim); see `Embedding`. */
export function embedding(options: EmbeddingLayerOptions): SymbolicLayer<Embedding> {
  const { inputDim, outputDim, maskZero, embeddingsInitializer, embeddingsRegularizer, generator } = checkOptions(
    'embedding',
    options,
    {
      inputDim: positiveInteger,
      outputDim: positiveInteger,
      maskZero: optional(boolean),
      embeddingsInitializer: PARAMETER_CHECKS.initializer,
      embeddingsRegularizer: REGULARIZER,
      generator: PARAMETER_CHECKS.generator,
    },
  );
  const make = () =>
    new Embedding({
      vocabulary: inputDim,
      outputs: outputDim,
      initializer: embeddingsInitializer,
      regularizer: embeddingsRegularizer,
      generator,
    });
  const moduleFor = once('embedding', make);
  const apply = (ids: SymbolicTensor): SymbolicTensor => {
    expectSymbols('embedding', ids);
    const module = moduleFor(ids.shape);
    const mask = maskZero ? call('mask', [ids], (value) => value.notEqual(0).cast('f32'))[0] : undefined;
    return call('embedding', [ids], (value) => module.forward(value), { module, mask })[0];
  };
  return Object.assign(apply, { make, moduleFor });
}

/**
 * Applies a layer to each step: (time, ...) -> (time, ...). It shares its weights with the layer's other calls, as in
 * Keras.
 */
export function timeDistributed(wrapped: SymbolicLayer<Layer>): SymbolicLayer<TimeDistributed> {
  expectValue('timeDistributed', 'its argument', wrapped, {
    expected: 'a layer, such as layers.dense({ units })',
    fits: (value) => typeof value === 'function' && 'moduleFor' in value,
  });
  return layer('timeDistributed', (shape) => new TimeDistributed(wrapped.moduleFor(shape.slice(1))), {
    keepsMask: true,
  });
}

/** Flattens all axes but the batch: (...) -> (features). */
export const flatten = (): SymbolicLayer<Flatten> => layer('flatten', () => new Flatten());

/** Reshapes each sample; one size may be -1, which is inferred. */
export function reshape(shape: Shape): (x: SymbolicTensor) => SymbolicTensor {
  expectValue('reshape', 'the shape', shape, listOf(integer));
  return (x) => call('reshape', [x], (value) => value.reshape([value.shape[0], ...shape]))[0];
}

/** Repeats each sample's features as the steps of a sequence: (features) -> (count, features). */
export function repeatVector(count: number): (x: SymbolicTensor) => SymbolicTensor {
  expectValue('repeatVector', 'the count', count, positiveInteger);
  return (x) => {
    expectSymbols('repeatVector', x);
    if (x.shape.length !== 1)
      throw new TesseraError(`repeatVector: expected x of [features], got ${formatShape(x.shape)}`);
    return call('repeatVector', [x], (value) => {
      const [batch, features] = value.shape;
      return value.reshape([batch, 1, features]).broadcastTo([batch, count, features]);
    })[0];
  };
}

/** Permutes the axes of each sample, which count from 1 as in Keras. */
export function permute(order: readonly number[]): (x: SymbolicTensor) => SymbolicTensor {
  expectValue('permute', 'the order', order, listOf(integer));
  return (x) => call('permute', [x], (value) => value.permute([0, ...order]))[0];
}

/** Dropout: sets elements to zero with probability `rate` in training; see `Dropout`. */
export function dropout(options: { readonly rate: number; readonly seed?: number }): SymbolicLayer<Dropout> {
  const checked = checkOptions('dropout', options, { rate: fraction, seed: optional(nonNegativeInteger) });
  return layer('dropout', () => new Dropout(checked), { keepsMask: true });
}

/** Applies an activation, given by name. */
export function activation(name: Activation): SymbolicLayer<Activate> {
  activationOf('activation', name);
  return layer('activation', () => new Activate(name), { keepsMask: true });
}

/** Global average pooling over the steps that are not masked: (time, features) -> (features). */
export const globalAveragePooling1d =
  () =>
  (x: SymbolicTensor): SymbolicTensor => {
    expectSymbols('globalAveragePooling1d', x);
    const { mask } = x;
    if (mask === undefined) return call('globalAveragePooling1d', [x], (value) => value.mean(1))[0];
    const mean = (value: Tensor, weights: Tensor) =>
      value
        .mul(weights.expandDims(-1))
        .sum(1)
        .div(weights.sum(1, { keepDims: true }).maximum(1));
    return call('globalAveragePooling1d', [x, mask], mean)[0];
  };
