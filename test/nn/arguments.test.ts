import { expect, test } from 'vitest';
import { normalize, pixelStatistics, Vocabulary, words } from '../../src/data/index.js';
import * as nn from '../../src/nn/index.js';
import * as nnLayers from '../../src/nn/layers/index.js';
import * as tensors from '../../src/tensor/index.js';

const { grad, tensor, TesseraError, Variable, variable } = tensors;
const no = 5 as never;
const x = variable([1, 2]);
const one = x.sum();
const linear = new nn.Linear({ inputs: 2, outputs: 2 });
const adam = new nn.Adam([x]);

/** Calls with arguments that TypeScript refuses, and JavaScript does not. */
const CALLS: Readonly<Record<string, () => unknown>> = {
  'grad of a number': () => grad(no, [x]),
  'grad by a tensor, not a list': () => grad(one, x as never),
  'grad by nothing': () => grad(one, [undefined as never]),
  evaluate: () => tensors.evaluate(no),
  explain: () => tensors.explain(no),
  profile: () => tensors.profile(no),
  checkFinite: () => tensors.checkFinite(no),
  tune: () => tensors.tune(no),
  step: () => adam.step(no),
  stepAll: () => nn.Optimizer.stepAll(one, one as never),
  'stepAll of none': () => nn.Optimizer.stepAll(one, []),
  'loadState of an optimizer': () => adam.loadState(no),
  encodeSafetensors: () => nn.encodeSafetensors({} as never),
  'Linear of an array': () => linear.forward([1, 2] as never),
  'dense of a number': () => nn.layers.dense({ units: 2 })(no),
  accuracy: () => nn.accuracy(no, no),
  topKAccuracy: () => nn.topKAccuracy(no, no),
  crossEntropy: () => nn.crossEntropy(no, no),
  meanSquaredError: () => nn.meanSquaredError(no, no),
  'Vocabulary.of': () => Vocabulary.of(no),
  words: () => words(no),
  l2: () => nn.l2('a' as never),
  sum: () => x.sum('a' as never),
  permute: () => x.permute(undefined as never),
  slice: () => x.slice(undefined as never),
  einsum: () => tensors.einsum(no),
  cast: () => x.cast('f64' as never),
  tile: () => tensors.tile(x, 'a' as never),
  pad: () => x.pad('a' as never),
  Variable: () => new Variable(undefined as never, [1]),
  'Variable of negative sizes': () => new Variable(new Float32Array(1), [-1, -1]),
  'Variable of a fraction as i32': () => new Variable(Float32Array.of(1.5), [1], 'w', 'i32'),
  'Variable of f64': () => new Variable(Float32Array.of(1), [1], 'w', 'f64' as never),
  'set of a number': () => x.set(no),
  'tensor of negative sizes': () => tensor([1], [-1, -1]),
  setDefaultDevice: () => tensors.setDefaultDevice(tensors.openDevice({ device: 'reference' }) as never),
  'explain of a list': () => tensors.explain([x] as never),
  decodeSafetensors: () => nn.decodeSafetensors('model.safetensors' as never),
  parameter: () => nn.parameter('w', no, 'zeros', undefined),
  concatenate: () => nn.concatenate(no),
  Vocabulary: () => new Vocabulary(no),
  normalize: () => normalize([0.5] as never, { mean: [0], deviation: [1] }),
  'normalize by misspelt statistics': () => normalize(new Float32Array(1), { mean: [0], std: [1] } as never),
  pixelStatistics: () => pixelStatistics([0.5] as never, 1),
};

test.each(Object.entries(CALLS))('%s says what it expects', async (_, call) => {
  await expect((async () => call())()).rejects.toBeInstanceOf(TesseraError);
});

/* Losses, metrics and activations are composed of ops, whose names mean nothing to who called them. */
const { huber, infoNCE, l1, l1l2, l2, setSeed, accuracy, areaUnderCurve, topKAccuracy } = nn;
const { binaryCrossEntropy, crossEntropy, cosineDistance, klDivergence, meanAbsoluteError, meanSquaredError } = nn;
const { l2Normalize } = nn;
const NAMED: Readonly<Record<string, unknown>> = {
  ...{ huber, infoNCE, l1, l1l2, l2, setSeed, accuracy, areaUnderCurve, topKAccuracy, l2Normalize },
  ...{ binaryCrossEntropy, crossEntropy, cosineDistance, klDivergence, meanAbsoluteError, meanSquaredError },
};
const shapes = [[2, 3], [2, 4], [2], [0, 3]];
const given: readonly unknown[] = [
  ...shapes.flatMap((shape) => (['f32', 'i32', 'bool'] as const).map((dtype) => tensors.zeros(shape).cast(dtype))),
  ...['x', null, undefined, -1, 9, {}, [1, 2]],
];

const sumsOfMetrics = Object.entries(nn.metrics).map(([name, { sums }]) => [name, sums] as const);
test.each([
  ...Object.entries(NAMED),
  ...Object.entries(nn.losses),
  ...Object.entries(nn.activations),
  ...sumsOfMetrics,
])('an error of %s begins with its name', (name, call) => {
  for (const first of given)
    for (const second of given) {
      try {
        (call as (...given: readonly unknown[]) => unknown)(first, second);
      } catch (error) {
        expect(String(error)).toMatch(new RegExp(`^TesseraError: ${name}: `));
      }
    }
});

/* Layers compute with ops, and Keras's layers with those of nn: errors name the one that was called. */
const sizes = { inputs: 3, outputs: 4 };
const LAYERS: Readonly<Record<string, () => { forward(x: never): unknown }>> = {
  Linear: () => new nn.Linear(sizes),
  Embedding: () => new nn.Embedding({ vocabulary: 3, outputs: 2 }),
  Flatten: () => new nn.Flatten(),
  Dropout: () => new nn.Dropout({ rate: 0.5 }),
  Activate: () => new nn.Activate('relu'),
  Sequential: () => new nn.Sequential(new nn.Linear(sizes)),
  Residual: () => new nn.Residual(new nn.Linear(sizes)),
  Conv1D: () => new nn.Conv1D({ ...sizes, kernelSize: 2 }),
  Conv2D: () => new nn.Conv2D({ ...sizes, kernelSize: 2 }),
  DepthwiseConv2D: () => new nn.DepthwiseConv2D({ inputs: 3, kernelSize: 2 }),
  Conv2DTranspose: () => new nn.Conv2DTranspose({ ...sizes, kernelSize: 2 }),
  MaxPool2D: () => new nn.MaxPool2D(),
  AveragePool2D: () => new nn.AveragePool2D(),
  GlobalAveragePool2D: () => new nn.GlobalAveragePool2D(),
  GlobalMaxPool2D: () => new nn.GlobalMaxPool2D(),
  LayerNorm: () => new nn.LayerNorm({ features: 1 }),
  RMSNorm: () => new nn.RMSNorm({ features: 1 }),
  GroupNorm: () => new nn.GroupNorm({ features: 4, groups: 2 }),
  InstanceNorm: () => new nn.InstanceNorm({ features: 1 }),
  BatchNorm: () => new nn.BatchNorm({ features: 1 }),
  LSTM: () => new nn.LSTM(sizes),
  GRU: () => new nn.GRU(sizes),
  Bidirectional: () => new nn.Bidirectional({ forwards: new nn.LSTM(sizes), backwards: new nn.LSTM(sizes) }),
  StackedRecurrent: () => new nn.StackedRecurrent(new nn.LSTM(sizes)),
  TimeDistributed: () => new nn.TimeDistributed(new nn.Linear(sizes)),
  MultiHeadAttention: () => new nn.MultiHeadAttention({ features: 4, heads: 2 }),
  TransformerBlock: () => new nn.TransformerBlock({ features: 4, heads: 2 }),
  MelSpectrogram: () => new nn.MelSpectrogram({ sampleRate: 8000, frameLength: 4, hop: 2, bands: 1 }),
  PositionalEmbedding: () => new nn.PositionalEmbedding({ length: 3, features: 1 }),
};
test('all layers are tried', () => {
  const classes = Object.keys(nnLayers).filter((name) => /^[A-Z]/.test(name));
  expect(Object.keys(LAYERS).sort()).toEqual(classes.sort());
});

const batchShapes = [[], [2], [2, 7], [2, 5, 7], [2, 1, 1, 3], [2, 5, 5, 7], [2, 3, 3, 3, 3]];

test.each(Object.entries(LAYERS))('an error of the layer %s begins with its name', (name, make) => {
  let errors = 0;
  for (const x of [
    ...batchShapes.flatMap((shape) =>
      (['f32', 'i32', 'bool'] as const).map((dtype) => tensors.zeros(shape).cast(dtype)),
    ),
    ...[undefined, null, 5, 'x', [1, 2]],
  ]) {
    try {
      make().forward(x as never);
    } catch (error) {
      errors++;
      expect(String(error)).toMatch(new RegExp(`^TesseraError: ${name}: `));
    }
  }
  expect(errors).toBeGreaterThanOrEqual(5);
});

const { layers } = nn;
const KERAS: Readonly<Record<string, unknown>> = {
  ...layers,
  dense: () => layers.dense({ units: 2 }),
  embedding: () => layers.embedding({ inputDim: 3, outputDim: 2 }),
  reshape: () => layers.reshape([7]),
  permute: () => layers.permute([2, 1]),
  dropout: () => layers.dropout({ rate: 0.5 }),
  activation: () => layers.activation('relu'),
  timeDistributed: () => layers.timeDistributed(layers.dense({ units: 2 })),
  lstm: () => layers.lstm({ units: 2 }),
  gru: () => layers.gru({ units: 2 }),
  bidirectional: () => layers.bidirectional(layers.gru({ units: 2 })),
  conv1d: () => layers.conv1d({ filters: 2, kernelSize: 3 }),
  conv2d: () => layers.conv2d({ filters: 2, kernelSize: 3 }),
  depthwiseConv2d: () => layers.depthwiseConv2d({ kernelSize: 3 }),
  conv2dTranspose: () => layers.conv2dTranspose({ filters: 2, kernelSize: 3 }),
  groupNormalization: () => layers.groupNormalization({ groups: 2 }),
  multiHeadAttention: () => layers.multiHeadAttention({ numHeads: 2 }),
  transformerBlock: () => layers.transformerBlock({ numHeads: 2 }),
  ...Object.fromEntries(
    (['concatenate', 'add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'] as const).map((name) => [
      name,
      () => (symbol: nn.SymbolicTensor) => layers[name]([symbol, nn.input({ shape: [3, 9] })]),
    ]),
  ),
  lambda: () => (symbol: nn.SymbolicTensor) => layers.lambda(() => 5 as never)([symbol]),
};
const symbolShapes = [[], [2], [2, 7], [2, 7, 7], [2, 2, 2, 2]];
const symbols: readonly unknown[] = [
  ...symbolShapes.flatMap((shape) => (['f32', 'i32', 'bool'] as const).map((dtype) => nn.input({ shape, dtype }))),
  ...[undefined, null, 5, []],
];

test.each(Object.entries(KERAS))("an error of Keras's %s begins with its name", (name, make) => {
  let errors = 0;
  for (const symbol of symbols) {
    try {
      (make as () => (symbol: unknown) => unknown)()(symbol);
    } catch (error) {
      errors++;
      expect(String(error)).toMatch(new RegExp(`^TesseraError: ${name}: `));
    }
  }
  expect(errors).toBeGreaterThanOrEqual(3);
});

test('an error tells where in a model it is, and what was expected', () => {
  const linear = () => new nn.Linear(sizes);
  expect(() => new nn.Sequential(linear(), linear()).forward(tensors.zeros([2, 3]))).toThrow(
    'Sequential: layer 1: Linear: expected x of f32 [..., 3], got f32 [2, 4]',
  );
  const dense = layers.dense({ units: 2 });
  dense(nn.input({ shape: [3] }));
  expect(() => dense(nn.input({ shape: [5] }))).toThrow('dense: Linear: expected x of f32 [..., 3], got f32 [1, 5]');
  expect(() => dense(nn.input({ shape: [] }))).toThrow('dense: Linear: expected');
  expect(() => new nn.LSTM(sizes).forward(tensors.zeros([2, 5, 3]), tensors.zeros([2, 4]))).toThrow('LSTM: lstm: mask');
  expect(() => layers.lambda(() => [] as never)([nn.input({ shape: [3] })])).toThrow('lambda: expected a result');
});

test.each<[string, () => unknown]>([
  ['Linear: kernel: there is no initializer', () => new nn.Linear({ ...sizes, kernelInitializer: 'he' as never })],
  ['Linear: biasInitializer must be', () => new nn.Linear({ ...sizes, biasInitializer: 5 as never })],
  ['Linear: kernelRegularizer must be', () => new nn.Linear({ ...sizes, kernelRegularizer: 'l2' as never })],
  ['Embedding: regularizer must be', () => new nn.Embedding({ vocabulary: 2, outputs: 2, regularizer: 5 as never })],
  ['LSTM: generator must be', () => new nn.LSTM({ ...sizes, generator: {} as never })],
  ['gru: generator must be', () => layers.gru({ units: 2, generator: 5 as never })],
  [
    'TransformerBlock: there is no activation',
    () => new nn.TransformerBlock({ features: 2, heads: 1, activation: 'x' as never }),
  ],
  ['input: name must be', () => nn.input({ shape: [3], name: 5 as never })],
  ['earlyStopping: monitor must be', () => nn.earlyStopping({ monitor: 5 as never })],
  ['reshape: the shape must be', () => layers.reshape(5 as never)],
  ['lambda: its argument must be', () => layers.lambda(undefined as never)],
])('%s', (message, make) => {
  expect(make).toThrow(TesseraError);
  expect(make).toThrow(message);
});

test('a metric does not broadcast targets of another shape', () => {
  const [column, row] = [tensors.zeros([3, 1]), tensors.zeros([3])];
  for (const name of ['meanSquaredError', 'meanAbsoluteError', 'cosineSimilarity'] as const)
    expect(() => nn.metrics[name].sums(column, row)).toThrow(`${name}: targets must be f32 [3, 1], got f32 [3]`);
});

test('an unknown precision is refused before anything changes', () => {
  const symbol = nn.input({ shape: [2] });
  const model = new nn.Model({ inputs: symbol, outputs: layers.dense({ units: 1 })(symbol) });
  expect(() => model.compile({ loss: 'huber', precision: 'f16' as never })).toThrow("compile: precision must be 'f32'");
  expect(() => model.optimizer).toThrow('call compile');
});
