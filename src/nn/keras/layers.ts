import type { Generator } from '../../tensor/generator.js';
import { resize, type Shape, type Tensor } from '../../tensor/index.js';
import {
  Activate,
  type AffineOptions,
  AveragePool2D,
  BatchNorm,
  Bidirectional,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  concatenate as concatenateTensors,
  DepthwiseConv2D,
  Dropout,
  Embedding,
  type EmbeddingOptions,
  Flatten,
  GlobalAveragePool2D,
  GlobalMaxPool2D,
  GRU,
  GroupNorm,
  LayerNorm,
  Linear,
  LSTM,
  MaxPool2D,
  MultiHeadAttention,
  PositionalEmbedding,
  RMSNorm,
  TimeDistributed,
  TransformerBlock,
  type TransformerBlockOptions,
} from '../layers/index.js';
import type { Layer } from '../module.js';
import type { Activation } from './activations.js';
import { type RecurrentOptions, recurrent, type SymbolicRecurrent } from './recurrent.js';
import { call, layer, once, type SymbolicLayer, type SymbolicTensor } from './symbols.js';

type Size = number | readonly [number, number];

/** Settings of a convolution by Keras's names. */
interface ConvolutionOptions<S> extends AffineOptions {
  readonly kernelSize: S;
  readonly strides?: S;
  readonly padding?: 'valid' | 'same';
  readonly dilationRate?: S;
}

const convolution = <S>({ strides, dilationRate, ...options }: ConvolutionOptions<S>) => ({
  ...options,
  ...(strides === undefined ? {} : { stride: strides }),
  ...(dilationRate === undefined ? {} : { dilation: dilationRate }),
});

interface PoolingOptions {
  readonly poolSize?: number;
  readonly strides?: number;
  readonly padding?: 'valid' | 'same';
}

/** A layer without parameters of its own: a function of tensors with the batch first. */
const combine =
  (name: string, compute: (...values: Tensor[]) => Tensor) =>
  (symbols: readonly SymbolicTensor[]): SymbolicTensor =>
    call(name, symbols, compute, { keepsMask: true })[0];

const keepsMask = { keepsMask: true } as const;

/** Layers by the names and with the settings of Keras. */
export const layers = {
  /** y = activation(x·W + b) of the last axis. */
  dense: ({ units, ...options }: AffineOptions & { readonly units: number }): SymbolicLayer<Linear> =>
    layer('dense', (shape) => new Linear({ inputs: shape.at(-1)!, outputs: units, ...options }), keepsMask),
  /** Vectors for ids; with `maskZero` the id 0 is padding, which recurrent layers after it leave out. */
  embedding: ({
    inputDim,
    outputDim,
    maskZero = false,
    ...options
  }: Pick<EmbeddingOptions, 'generator'> & {
    readonly inputDim: number;
    readonly outputDim: number;
    readonly maskZero?: boolean;
    readonly embeddingsInitializer?: EmbeddingOptions['initializer'];
    readonly embeddingsRegularizer?: EmbeddingOptions['regularizer'];
  }): SymbolicLayer<Embedding> => {
    const { embeddingsInitializer, embeddingsRegularizer, ...rest } = options;
    const embed = layer(
      'embedding',
      () =>
        new Embedding({
          vocabulary: inputDim,
          outputs: outputDim,
          ...rest,
          ...(embeddingsInitializer === undefined ? {} : { initializer: embeddingsInitializer }),
          ...(embeddingsRegularizer === undefined ? {} : { regularizer: embeddingsRegularizer }),
        }),
    );
    const counts = (ids?: Tensor) => ids!.notEqual(0).cast('f32');
    const apply = (ids: SymbolicTensor) =>
      maskZero ? embed(ids).withMask(call('mask', [ids], counts)[0]) : embed(ids);
    return Object.assign(apply, { make: embed.make });
  },

  /** A long short-term memory over the steps of a sequence. */
  lstm: ({ units, returnSequences = false, ...options }: RecurrentOptions): SymbolicRecurrent =>
    recurrent(
      'lstm',
      returnSequences,
      (shape) => new LSTM({ inputs: shape.at(-1)!, outputs: units, ...options }),
      (module, x, mask, [hidden, cell]) =>
        module.run(x, mask, hidden === undefined ? undefined : { hidden, cell: cell }),
      ['hidden', 'cell'],
    ),
  /** A gated recurrent unit over the steps of a sequence. */
  gru: ({
    units,
    returnSequences = false,
    resetAfter = true,
    ...options
  }: RecurrentOptions & { readonly resetAfter?: boolean }): SymbolicRecurrent =>
    recurrent(
      'gru',
      returnSequences,
      (shape) => new GRU({ inputs: shape.at(-1)!, outputs: units, resetAfter, ...options }),
      (module, x, mask, [hidden]) => module.run(x, mask, hidden === undefined ? undefined : { hidden }),
      ['hidden'],
    ),
  /** Two of a recurrent layer, one of them from the end; their results are joined. */
  bidirectional: (around: SymbolicRecurrent): SymbolicRecurrent =>
    recurrent(
      'bidirectional',
      around.returnSequences,
      (shape) => new Bidirectional({ forwards: around.make(shape), backwards: around.make(shape) }),
      (module, x, mask) => module.run(x, mask),
      ['hidden'],
    ),
  /** A layer applied to each step by itself. */
  timeDistributed: (around: SymbolicLayer<Layer>): SymbolicLayer<TimeDistributed> =>
    layer('timeDistributed', (shape) => new TimeDistributed(around.make(shape.slice(1))), keepsMask),

  /** Convolution along time. */
  conv1d: ({
    filters,
    ...options
  }: Omit<ConvolutionOptions<number>, 'padding'> & {
    readonly filters: number;
    readonly padding?: 'valid' | 'same' | 'causal';
    readonly groups?: number;
  }): SymbolicLayer<Conv1D> => {
    const { padding = 'valid', ...rest } = options;
    const made = { ...convolution(rest), padding };
    return layer('conv1d', (shape) => new Conv1D({ inputs: shape.at(-1)!, outputs: filters, ...made }));
  },
  /** Convolution of images, channels last. */
  conv2d: ({
    filters,
    ...options
  }: ConvolutionOptions<Size> & { readonly filters: number; readonly groups?: number }): SymbolicLayer<Conv2D> =>
    layer('conv2d', (shape) => new Conv2D({ inputs: shape.at(-1)!, outputs: filters, ...convolution(options) })),
  /** Convolution of each channel by itself. */
  depthwiseConv2d: ({
    depthMultiplier = 1,
    ...options
  }: ConvolutionOptions<Size> & { readonly depthMultiplier?: number }): SymbolicLayer<DepthwiseConv2D> => {
    const made = { ...convolution(options), multiplier: depthMultiplier };
    return layer('depthwiseConv2d', (shape) => new DepthwiseConv2D({ inputs: shape.at(-1)!, ...made }));
  },
  /** The transpose of a convolution: larger images. */
  conv2dTranspose: ({
    filters,
    ...options
  }: ConvolutionOptions<Size> & { readonly filters: number }): SymbolicLayer<Conv2DTranspose> => {
    const made = convolution(options);
    return layer(
      'conv2dTranspose',
      (shape) => new Conv2DTranspose({ inputs: shape.at(-1)!, outputs: filters, ...made }),
    );
  },
  /** Each pixel so many times, in both directions; 'bilinear' draws lines between them. */
  upSampling2d: ({
    size = 2,
    interpolation = 'nearest',
  }: {
    readonly size?: number;
    readonly interpolation?: 'nearest' | 'bilinear';
  } = {}) => {
    const enlarge = (x?: Tensor) => {
      const [, height, width] = x!.shape;
      return resize(x!, [size * height, size * width], interpolation);
    };
    return (x: SymbolicTensor): SymbolicTensor => call('upSampling2d', [x], enlarge)[0];
  },

  /** The largest of each window. */
  maxPooling2d: ({
    poolSize = 2,
    strides = poolSize,
    padding = 'valid',
  }: PoolingOptions = {}): SymbolicLayer<MaxPool2D> =>
    layer('maxPooling2d', () => new MaxPool2D({ size: poolSize, stride: strides, padding })),
  /** The mean of each window. */
  averagePooling2d: ({
    poolSize = 2,
    strides = poolSize,
    padding = 'valid',
  }: PoolingOptions = {}): SymbolicLayer<AveragePool2D> =>
    layer('averagePooling2d', () => new AveragePool2D({ size: poolSize, stride: strides, padding })),
  /** The largest of each channel. */
  globalMaxPooling2d: (): SymbolicLayer<GlobalMaxPool2D> => layer('globalMaxPooling2d', () => new GlobalMaxPool2D()),
  /** The mean of each channel. */
  globalAveragePooling2d: (): SymbolicLayer<GlobalAveragePool2D> =>
    layer('globalAveragePooling2d', () => new GlobalAveragePool2D()),
  /** The mean over the steps that count. */
  globalAveragePooling1d:
    () =>
    (x: SymbolicTensor): SymbolicTensor => {
      const { mask } = x;
      if (mask === undefined) return call('globalAveragePooling1d', [x], (value) => value.mean(1))[0];
      const mean = (value?: Tensor, counts?: Tensor) =>
        value!
          .mul(counts!.expandDims(-1))
          .sum(1)
          .div(counts!.sum(1, { keepDims: true }).maximum(1));
      return call('globalAveragePooling1d', [x, mask], mean)[0];
    },

  /** Normalises each channel over the batch; in use by the statistics that it kept. */
  batchNormalization: ({
    momentum = 0.99,
    epsilon = 1e-3,
  }: {
    readonly momentum?: number;
    readonly epsilon?: number;
  } = {}): SymbolicLayer<BatchNorm> =>
    layer('batchNormalization', (shape) => new BatchNorm({ features: shape.at(-1)!, momentum, epsilon }), keepsMask),
  /** Normalises the last axis. */
  layerNormalization: ({ epsilon = 1e-3 }: { readonly epsilon?: number } = {}): SymbolicLayer<LayerNorm> =>
    layer('layerNormalization', (shape) => new LayerNorm({ features: shape.at(-1)!, epsilon }), keepsMask),
  /** Divides the last axis by its root mean square. */
  rmsNormalization: ({ epsilon = 1e-6 }: { readonly epsilon?: number } = {}): SymbolicLayer<RMSNorm> =>
    layer('rmsNormalization', (shape) => new RMSNorm({ features: shape.at(-1)!, epsilon }), keepsMask),
  /** Normalises groups of channels of each sample. */
  groupNormalization: ({
    groups = 32,
    epsilon = 1e-3,
  }: {
    readonly groups?: number;
    readonly epsilon?: number;
  } = {}): SymbolicLayer<GroupNorm> =>
    layer('groupNormalization', (shape) => new GroupNorm({ features: shape.at(-1)!, groups, epsilon })),

  /** Attention of a sequence to itself, or to a context, in several heads. */
  multiHeadAttention: ({
    numHeads,
    causal = false,
    ...options
  }: {
    readonly numHeads: number;
    readonly causal?: boolean;
    readonly generator?: Generator;
  }) => {
    const moduleFor = once((shape) => new MultiHeadAttention({ features: shape.at(-1)!, heads: numHeads, ...options }));
    return (x: SymbolicTensor, context: SymbolicTensor = x): SymbolicTensor => {
      const module = moduleFor(x.shape);
      const masks = context.mask === undefined ? [] : [context.mask];
      const attend = (value?: Tensor, other?: Tensor, mask?: Tensor) =>
        module.forward(value!, other, { causal, ...(mask === undefined ? {} : { mask: byKey(mask) }) });
      return call('multiHeadAttention', [x, context, ...masks], attend, { module, keepsMask: true })[0];
    };
  },
  /** A block of a transformer: attention, then two dense layers, each normalised before and added. */
  transformerBlock: ({
    numHeads,
    ...options
  }: Omit<TransformerBlockOptions, 'features' | 'heads'> & { readonly numHeads: number }) => {
    const moduleFor = once((shape) => new TransformerBlock({ features: shape.at(-1)!, heads: numHeads, ...options }));
    return (x: SymbolicTensor): SymbolicTensor => {
      const module = moduleFor(x.shape);
      const masks = x.mask === undefined ? [] : [x.mask];
      const block = (value?: Tensor, mask?: Tensor) =>
        module.forward(value!, mask === undefined ? undefined : byKey(mask));
      return call('transformerBlock', [x, ...masks], block, { module, keepsMask: true })[0];
    };
  },
  /** Adds a learned vector for each place. */
  positionalEmbedding: (options: { readonly generator?: Generator } = {}): SymbolicLayer<PositionalEmbedding> =>
    layer(
      'positionalEmbedding',
      ([length, features]) => new PositionalEmbedding({ length, features, ...options }),
      keepsMask,
    ),

  /** Everything in one axis. */
  flatten: (): SymbolicLayer<Flatten> => layer('flatten', () => new Flatten()),
  /** Another shape for each sample. */
  reshape:
    (shape: Shape) =>
    (x: SymbolicTensor): SymbolicTensor =>
      call('reshape', [x], (value) => value.reshape([value.shape[0], ...shape]))[0],
  /** Axes of each sample in another order, counted from 1 as in Keras. */
  permute:
    (order: readonly number[]) =>
    (x: SymbolicTensor): SymbolicTensor =>
      call('permute', [x], (value) => value.permute([0, ...order]))[0],
  /** Sets a share of the elements to zero while training. */
  dropout: ({ rate, seed }: { readonly rate: number; readonly seed?: number }): SymbolicLayer<Dropout> =>
    layer('dropout', () => new Dropout({ rate, seed }), keepsMask),
  /** A function by its name. */
  activation: (name: Activation): SymbolicLayer<Activate> => layer('activation', () => new Activate(name), keepsMask),
  /** Any function of tensors with the batch first. */
  lambda: (compute: (...values: Tensor[]) => Tensor) => combine('lambda', compute),

  /** Joins features, along the last axis. */
  concatenate: combine('concatenate', (...values) => concatenateTensors(...values)),
  /** The sum. */
  add: combine('add', (...values) => values.reduce((sum, value) => sum.add(value))),
  /** The first less the second. */
  subtract: combine('subtract', (a, b) => a.sub(b)),
  /** The product, element by element. */
  multiply: combine('multiply', (...values) => values.reduce((product, value) => product.mul(value))),
  /** The mean, element by element. */
  average: combine('average', (...values) => values.reduce((sum, value) => sum.add(value)).div(values.length)),
  /** The largest, element by element. */
  maximum: combine('maximum', (...values) => values.reduce((most, value) => most.maximum(value))),
  /** The smallest, element by element. */
  minimum: combine('minimum', (...values) => values.reduce((least, value) => least.minimum(value))),
} as const;

/** A mask of steps (batch, time) as attention takes it: (batch, 1, 1, time), true where a key may be looked at. */
const byKey = (mask: Tensor): Tensor => mask.notEqual(0).expandDims(1).expandDims(1);
