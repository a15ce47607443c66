import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { activations, input, layers, Model, type SymbolicTensor } from '../../../src/nn/index.js';
import { Generator, tensor } from '../../../src/tensor/index.js';
import { expectClose, normals } from '../../support/numbers.js';

/*
 * Layers by Keras's names against those of TF.js, from the same weights: results, and so their settings' defaults.
 */
type Symbolic = (x: SymbolicTensor) => SymbolicTensor;
const generator = new Generator(7);
/** Weights are set: what they start from does not matter. */
const recurrent = { recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' } as const;

const cases: readonly [name: string, shape: number[], ours: Symbolic, theirs: tfl.layers.Layer][] = [
  [
    'dense',
    [5],
    layers.dense({ units: 3, activation: 'tanh', generator }),
    tfl.layers.dense({ units: 3, activation: 'tanh' }),
  ],
  [
    'dense of steps',
    [4, 5],
    layers.dense({ units: 3, useBias: false }),
    tfl.layers.dense({ units: 3, useBias: false }),
  ],
  [
    'conv1d',
    [7, 3],
    layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', dilationRate: 2 }),
    tfl.layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', dilationRate: 2 }),
  ],
  [
    'conv2d',
    [7, 6, 3],
    layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same' }),
    tfl.layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same' }),
  ],
  [
    'depthwiseConv2d',
    [7, 6, 3],
    layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
    tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
  ],
  [
    'conv2dTranspose',
    [4, 3, 2],
    layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
    tfl.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
  ],
  ['upSampling2d', [3, 2, 2], layers.upSampling2d({ size: 2 }), tfl.layers.upSampling2d({ size: [2, 2] })],
  ['maxPooling2d', [7, 6, 2], layers.maxPooling2d(), tfl.layers.maxPooling2d({})],
  [
    'averagePooling2d',
    [7, 6, 2],
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    tfl.layers.averagePooling2d({ poolSize: [3, 3], strides: [2, 2], padding: 'same' }),
  ],
  [
    'globalMaxPooling2d',
    [4, 3, 2],
    layers.globalMaxPooling2d(),
    tfl.layers.globalMaxPooling2d({ dataFormat: 'channelsLast' }),
  ],
  [
    'globalAveragePooling2d',
    [4, 3, 2],
    layers.globalAveragePooling2d(),
    tfl.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
  ],
  ['globalAveragePooling1d', [4, 3], layers.globalAveragePooling1d(), tfl.layers.globalAveragePooling1d({})],
  ['lstm', [5, 3], layers.lstm({ units: 4 }), tfl.layers.lstm({ units: 4, ...recurrent })],
  [
    'lstm, all steps',
    [5, 3],
    layers.lstm({ units: 4, returnSequences: true }),
    tfl.layers.lstm({ units: 4, ...recurrent, returnSequences: true }),
  ],
  ['gru', [5, 3], layers.gru({ units: 4, resetAfter: false }), tfl.layers.gru({ units: 4, ...recurrent })],
  [
    'bidirectional',
    [5, 3],
    layers.bidirectional(layers.lstm({ units: 4, returnSequences: true })),
    tfl.layers.bidirectional({
      layer: tfl.layers.lstm({ units: 4, ...recurrent, returnSequences: true }),
      mergeMode: 'concat',
    }),
  ],
  [
    'timeDistributed',
    [5, 3],
    layers.timeDistributed(layers.dense({ units: 2 })),
    tfl.layers.timeDistributed({ layer: tfl.layers.dense({ units: 2 }) }),
  ],
  ['batchNormalization', [4, 3], layers.batchNormalization(), tfl.layers.batchNormalization({})],
  ['layerNormalization', [4, 3], layers.layerNormalization(), tfl.layers.layerNormalization({})],
  ['flatten', [4, 3], layers.flatten(), tfl.layers.flatten()],
  ['reshape', [4, 3], layers.reshape([2, 6]), tfl.layers.reshape({ targetShape: [2, 6] })],
  ['repeatVector', [3], layers.repeatVector(4), tfl.layers.repeatVector({ n: 4 })],
  ['permute', [4, 3, 2], layers.permute([3, 1, 2]), tfl.layers.permute({ dims: [3, 1, 2] })],
  ['activation', [6], layers.activation('elu'), tfl.layers.activation({ activation: 'elu' })],
];

test.each(cases)('%s of %j', async (_, shape, ours, theirs) => {
  await tf.setBackend('cpu');
  const x = input({ shape });
  const model = new Model({ inputs: x, outputs: ours(x) });
  const symbol = tfl.input({ shape });
  const peer = tfl.model({ inputs: symbol, outputs: theirs.apply(symbol) as tfl.SymbolicTensor });
  const values = [...(await model.state()).entries()].filter(([name]) => !name.endsWith('recurrentBias'));
  const weights = theirs.getWeights();
  theirs.setWeights(values.map(([, { data }], index) => tf.tensor(data, weights[index].shape)));
  const rows = normals(2 * shape.reduce((a, b) => a * b, 1), 3);
  const found = await model.predict(tensor(rows, [2, ...shape]));
  const expected = peer.predict(tf.tensor(rows, [2, ...shape])) as tf.Tensor;
  expect(found.shape).toEqual(expected.shape);
  expectClose(await found.data(), await expected.data(), { absolute: 1e-5, relative: 1e-5 });
});

test('repeatVector refuses sequences and counts that are none', () => {
  expect(() => layers.repeatVector(4)(input({ shape: [5, 3] }))).toThrow(
    'repeatVector: expected x of [features], got [5, 3]',
  );
  expect(() => layers.repeatVector(0)).toThrow('repeatVector: the count must be a positive integer, got 0');
});

test.each([
  'linear',
  'sigmoid',
  'tanh',
  'relu',
  'softmax',
  'elu',
  'hardSigmoid',
  'softplus',
  'softsign',
  'relu6',
  'selu',
  'mish',
  'gelu',
] as const)('the activation %s is that of TF.js', async (name) => {
  await tf.setBackend('cpu');
  const values = normals(20, 4).map((value) => 3 * value);
  // TF.js knows the hard sigmoid of Keras 2, x / 5 + 1/2; Keras 3 has x / 6 + 1/2.
  const x = name === 'hardSigmoid' ? values.map((value) => (value * 5) / 6) : values;
  const theirs = tfl.layers.activation({ activation: name }).apply(tf.tensor(x, [4, 5])) as tf.Tensor;
  const ours = activations[name](tensor(values, [4, 5]));
  expectClose(await ours.data(), await theirs.data(), { absolute: 1e-5, relative: 1e-5 });
});

test.each([
  ['concat', 8],
  ['sum', 4],
  ['mul', 4],
  ['ave', 4],
] as const)('two directions become one by %s, as in TF.js', async (mergeMode, width) => {
  await tf.setBackend('cpu');
  for (const returnSequences of [true, false]) {
    const x = input({ shape: [5, 3] });
    const ours = layers.bidirectional(layers.lstm({ units: 4, returnSequences }), { mergeMode });
    const model = new Model({ inputs: x, outputs: ours(x) });
    const symbol = tfl.input({ shape: [5, 3] });
    const layer = tfl.layers.lstm({ units: 4, ...recurrent, returnSequences });
    const theirs = tfl.layers.bidirectional({ layer: layer as tfl.RNN, mergeMode });
    const peer = tfl.model({ inputs: symbol, outputs: theirs.apply(symbol) as tfl.SymbolicTensor });
    theirs.setWeights([...(await model.state()).values()].map(({ data, shape }) => tf.tensor(data, [...shape])));
    const rows = normals(30, 3);
    const found = await model.predict(tensor(rows, [2, 5, 3]));
    expect(found.shape.at(-1)).toBe(width);
    expectClose(await found.data(), await (peer.predict(tf.tensor(rows, [2, 5, 3])) as tf.Tensor).data(), {
      absolute: 1e-5,
    });
  }
});

test('both directions take an initial state and return their last ones', async () => {
  const x = input({ shape: [3, 2] });
  for (const [around, count] of [
    [layers.lstm({ units: 2 }), 4],
    [layers.gru({ units: 2 }), 2],
  ] as const) {
    const given = Array.from({ length: count }, () => input({ shape: [2] }));
    const both = layers.bidirectional(around);
    const { output, state } = both.withState(x, given);
    expect(state.map(({ shape }) => shape)).toEqual(given.map(({ shape }) => shape));
    const hidden = layers.concatenate([state[0], state[count / 2]]);
    const model = new Model({ inputs: [x, ...given], outputs: [output, hidden] });
    const rows = tensor(normals(6, 1), [1, 3, 2]);
    const run = async (...states: number[]) =>
      Promise.all((await model.predict([rows, ...states.map((one) => [[one, one]])])).map((one) => one.data()));
    const zeros = given.map(() => 0);
    const [plain, last] = await run(...zeros);
    expectClose(last, plain);
    // Each part of the state reaches its own direction: the first two outputs, or the last two.
    for (const part of zeros.keys()) {
      const [moved] = await run(...zeros.map((zero, at) => (at === part ? 0.5 : zero)));
      const changed = Array.from(moved, (value, at) => value !== plain[at]);
      expect(changed).toEqual(part < count / 2 ? [true, true, false, false] : [false, false, true, true]);
    }
    expect(() => both(x, given.slice(1))).toThrow(`bidirectional: an initial state must have ${count} tensors`);
  }
});

test('a layer shares its weights with the one that applies it to each step', async () => {
  const x = input({ shape: [4, 3] });
  const dense = layers.dense({ units: 2 });
  const model = new Model({ inputs: x, outputs: [dense(x), layers.timeDistributed(dense)(x)] });
  expect(model.parameters()).toHaveLength(2);
  const [plain, steps] = await model.predict(tensor(normals(12, 1), [1, 4, 3]));
  expectClose(await steps.data(), await plain.data());
  expect(() => layers.timeDistributed(layers.reshape([3]) as never)).toThrow('its argument must be a layer');
});

test('a step is valid if it is valid in all inputs that have a mask', async () => {
  const [a, b] = [input({ shape: [3], dtype: 'i32' }), input({ shape: [3], dtype: 'i32' })];
  const plain = input({ shape: [3, 2] });
  const embed = () => layers.embedding({ inputDim: 4, outputDim: 2, maskZero: true });
  const [first, second] = [embed()(a), embed()(b)];
  const merges = [layers.add, layers.multiply, layers.average, layers.maximum, layers.minimum, layers.concatenate];
  const masks = merges.flatMap((merge) => [
    merge([plain, first]).mask,
    layers.groupNormalization({ groups: 1 })(merge([first, second])).mask,
  ]);
  const outputs = masks.flatMap((mask) => mask ?? []);
  expect(outputs).toHaveLength(masks.length);
  const model = new Model({ inputs: [a, b, plain], outputs: [...outputs, layers.add([plain, first, second])] });
  const found = await model.predict([
    [[1, 2, 0]],
    [[0, 3, 1]],
    [
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ],
  ]);
  for (const [index, one] of found.slice(0, -1).entries())
    expect([...(await one.data())]).toEqual(index % 2 === 0 ? [1, 1, 0] : [0, 1, 0]);
  expect(layers.add([plain, plain]).mask).toBeUndefined();
  expect(layers.add([first, first]).mask).toBe(first.mask);
  expect(() => layers.add(plain as never)).toThrow('add: expected a list of one or more symbols: add([a, b])');
  expect(() => layers.subtract([plain])).toThrow('subtract: expected a list of 2 symbols');
});

test('merge layers combine symbols', async () => {
  const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
  const both = [a, b] as const;
  const outputs = [
    ...[layers.add(both), layers.subtract(both), layers.multiply(both), layers.average(both)],
    ...[layers.maximum(both), layers.minimum(both), layers.concatenate(both)],
    layers.lambda((p, q) => p.mul(2).sub(q))(both),
  ];
  const found = await new Model({ inputs: [a, b], outputs }).predict([tensor([[1, 5]]), tensor([[3, 2]])]);
  const values = await Promise.all(found.map(async (one) => Array.from(await one.data())));
  expect(values).toEqual([
    [4, 7],
    [-2, 3],
    [3, 10],
    [2, 3.5],
    [3, 5],
    [1, 2],
    [1, 5, 3, 2],
    [-1, 8],
  ]);
});

test('attention, transformer blocks and the other normalizations keep shape and mask', async () => {
  const ids = input({ shape: [6], dtype: 'i32' });
  const words = layers.positionalEmbedding()(layers.embedding({ inputDim: 9, outputDim: 8, maskZero: true })(ids));
  const block = layers.transformerBlock({ numHeads: 2 })(words);
  const attended = layers.multiHeadAttention({ numHeads: 4 })(layers.rmsNormalization()(block));
  const outputs = layers.groupNormalization({ groups: 4 })(layers.globalAveragePooling1d()(attended));
  const model = new Model({ inputs: ids, outputs });
  // What stands at steps that are padding makes no difference to those that are not.
  const table = (model.layers[0] as unknown as { table: { set(values: Float32Array): void } }).table;
  const given = tensor(Int32Array.of(4, 2, 7, 0, 0, 0), [1, 6]);
  const before = await (await model.predict(given)).data();
  const [, embedded] = [...(await model.state())][0];
  table.set(Float32Array.from(embedded.data, (value, index) => (index < 8 ? 9 : value)));
  expectClose(await (await model.predict(given)).data(), before);
});
