import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import {
  earlyStopping,
  input,
  type Linear,
  l1,
  l1l2,
  l2,
  layers,
  Model,
  progress,
  SGD,
} from '../../../src/nn/index.js';
import { Generator, oneHot, tensor, type Variable, zeros } from '../../../src/tensor/index.js';
import { expectClose, integers, normals } from '../../support/numbers.js';

const SIZES = { words: 20, time: 5, pixels: 7, classes: 4, rows: 40 };
const tokens = integers(SIZES.rows * SIZES.time, SIZES.words, 1);
const images = normals(SIZES.rows * SIZES.pixels ** 2 * 2, 2);
const classes = integers(SIZES.rows, SIZES.classes, 3);
const text = tensor(tokens, [SIZES.rows, SIZES.time]);
const image = tensor(images, [SIZES.rows, SIZES.pixels, SIZES.pixels, 2]);
const hot = await oneHot(tensor(classes), SIZES.classes).data();
const labels = tensor(hot, [SIZES.rows, SIZES.classes]);

/** The published program's model, small. */
function build(): Model {
  const generator = new Generator(1);
  const textInput = input({ shape: [SIZES.time], dtype: 'i32', name: 'text' });
  const imageInput = input({ shape: [SIZES.pixels, SIZES.pixels, 2], name: 'image' });
  const embedded = layers.embedding({ inputDim: SIZES.words, outputDim: 6, generator })(textInput);
  const convolved = layers.conv2d({ filters: 3, kernelSize: [3, 3], activation: 'relu', generator })(imageInput);
  const joined = layers.concatenate([layers.lstm({ units: 5, generator })(embedded), layers.flatten()(convolved)]);
  const outputs = layers.dense({ units: SIZES.classes, activation: 'softmax', generator })(joined);
  return new Model({ inputs: [textInput, imageInput], outputs });
}

/** The same in TF.js, with the weights of ours. */
async function buildTfjs(ours: Model): Promise<tfl.LayersModel> {
  const textInput = tfl.input({ shape: [SIZES.time], dtype: 'int32' });
  const imageInput = tfl.input({ shape: [SIZES.pixels, SIZES.pixels, 2] });
  const embed = tfl.layers.embedding({ inputDim: SIZES.words, outputDim: 6 });
  const recur = tfl.layers.lstm({ units: 5, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' });
  const convolve = tfl.layers.conv2d({ filters: 3, kernelSize: [3, 3], activation: 'relu' });
  const encoded = [recur.apply(embed.apply(textInput)), tfl.layers.flatten().apply(convolve.apply(imageInput))];
  const joined = tfl.layers.concatenate().apply(encoded as tfl.SymbolicTensor[]);
  const outputs = tfl.layers.dense({ units: SIZES.classes, activation: 'softmax' }).apply(joined) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: [textInput, imageInput], outputs });
  const values = new Map<string, tf.Tensor>();
  for (const [name, { shape, data }] of await ours.state()) values.set(name, tf.tensor(data, [...shape]));
  const under = (kind: number) =>
    [...values].filter(([name]) => name.startsWith(`layers.${kind}.`)).map(([, value]) => value);
  const kinds = ours.layers.map((layer) => layer.constructor.name);
  embed.setWeights(under(kinds.indexOf('Embedding')));
  recur.setWeights(under(kinds.indexOf('LSTM')));
  convolve.setWeights(under(kinds.indexOf('Conv2D')));
  model.layers.at(-1)!.setWeights(under(kinds.indexOf('Linear')));
  model.compile({
    optimizer: tf.train.adam(1e-3, 0.9, 0.999, 1e-7),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

test('compile, fit and predict give what TF.js gives, from the same weights', async () => {
  await tf.setBackend('cpu');
  const model = build().compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const peer = await buildTfjs(model);
  const inputs = [
    tf.tensor(tokens, [SIZES.rows, SIZES.time], 'int32'),
    tf.tensor(images, [SIZES.rows, SIZES.pixels, SIZES.pixels, 2]),
  ];
  const targets = tf.tensor(Float32Array.from(hot), [SIZES.rows, SIZES.classes]);
  const options = { epochs: 5, batchSize: 16, shuffle: false };
  const ours = await model.fit([text, image], labels, options);
  const theirs = (await peer.fit(inputs, targets, options)).history;
  expectClose(ours.loss, theirs.loss as number[], { absolute: 1e-4 });
  expectClose(ours.accuracy, theirs.acc as number[], { absolute: 1e-4 });
  const predicted = await model.predict([text, image], { batchSize: 7 });
  expect(predicted.shape).toEqual([SIZES.rows, SIZES.classes]);
  expectClose(await predicted.data(), await (peer.predict(inputs) as tf.Tensor).data(), { absolute: 1e-4 });
  const judged = await model.evaluate([text, image], labels);
  const [loss] = await Promise.all((peer.evaluate(inputs, targets) as tf.Scalar[]).map((one) => one.data()));
  expectClose([judged.loss], [loss[0]], { absolute: 1e-4 });
});

test('validationSplit, early stopping and callbacks', async () => {
  const x = input({ shape: [2] });
  const model = new Model({ inputs: x, outputs: layers.dense({ units: 1 })(x) });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] });
  const data = tensor(normals(40, 1), [20, 2]);
  const seen: number[] = [];
  const history = await model.fit(data, tensor(new Float32Array(20), [20, 1]), {
    epochs: 200,
    validationSplit: 0.25,
    callbacks: [
      earlyStopping({ monitor: 'val_loss', patience: 2 }),
      { onBatchEnd: ({ batches }) => void seen.push(batches) },
    ],
  });
  expect(Object.keys(history)).toEqual(['loss', 'meanAbsoluteError', 'val_loss', 'val_meanAbsoluteError']);
  expect(seen[0]).toBe(1);
  expect(history.loss.length).toBeLessThanOrEqual(200);
  expect(history.val_loss.at(-1)).toBeLessThan(history.val_loss[0]);
});

test('a model lists its layers, and shares one that is called twice', () => {
  const model = build();
  expect(model.layers.map((layer) => layer.constructor.name)).toEqual([
    'Embedding',
    'LSTM',
    'Conv2D',
    'Flatten',
    'Linear',
  ]);
  const x = input({ shape: [3] });
  const shared = layers.dense({ units: 3 });
  const twice = new Model({ inputs: x, outputs: layers.add([shared(shared(x)), x]) });
  expect(twice.layers).toHaveLength(1);
  expect((twice.layers[0] as Linear).kernel.shape).toEqual([3, 3]);
});

test('invalid arguments are errors', async () => {
  const [x, other] = [input({ shape: [3] }), input({ shape: [3], name: 'other' })];
  const outputs = layers.concatenate([x, other]);
  expect(() => new Model({ inputs: x, outputs })).toThrow("depends on 'other', which is not among the inputs");
  const model = new Model({ inputs: [x, other], outputs });
  expect(() => model.forward(zeros([2, 3]))).toThrow('expected 2 inputs, got 1');
  expect(() => model.forward(zeros([2, 3]), zeros([2, 4]))).toThrow(
    "input 1 ('other') must be f32 [batch, 3], got f32 [2, 4]",
  );
  await expect(model.fit([tensor([[1, 2, 3]])], tensor([[1]]))).rejects.toThrow(
    'call compile({ optimizer, loss }) first',
  );
  const line = new Model({ inputs: x, outputs: layers.dense({ units: 1 })(x) }).compile({ loss: 'meanSquaredError' });
  await expect(line.fit(tensor([[1, 2, 3]]), tensor([[1], [2]]))).rejects.toThrow('the same number of rows of each');
});

test('several outputs have losses of their own, and names in the logs', async () => {
  const x = input({ shape: [3] });
  const hidden = layers.dense({ units: 4, activation: 'relu' })(x);
  const price = layers.dense({ units: 1 })(hidden).named('price');
  const kind = layers.dense({ units: 2, activation: 'softmax' })(hidden).named('kind');
  const model = new Model({ inputs: x, outputs: [price, kind] });
  model.compile({
    loss: ['meanSquaredError', 'categoricalCrossentropy'],
    lossWeights: [0.5, 2],
    metrics: ['meanAbsoluteError'],
  });
  const rows = tensor(normals(30, 1), [10, 3]);
  const targets = [tensor(normals(10, 2), [10, 1]), oneHotRows(integers(10, 2, 3), 2)];
  const logs = await model.evaluate(rows, targets, { batchSize: 4 });
  expect(Object.keys(logs)).toEqual([
    'loss',
    'price_loss',
    'price_meanAbsoluteError',
    'kind_loss',
    'kind_meanAbsoluteError',
  ]);
  expect(logs.loss).toBeCloseTo(0.5 * logs.price_loss + 2 * logs.kind_loss, 4);
  const [prices, kinds] = await model.predict(rows, { batchSize: 4 });
  expect([prices.shape, kinds.shape]).toEqual([
    [10, 1],
    [10, 2],
  ]);
  const history = await model.fit(rows, targets, { epochs: 20 });
  expect(history.loss.at(-1)).toBeLessThan(history.loss[0]);
  expect(() => model.compile({ loss: ['huber'] })).toThrow(
    'expected 2 losses and lossWeights, one for each output, got 1 and 2',
  );
  await expect(model.fit(rows, targets, { classWeight: { 0: 2 } })).rejects.toThrow('needs a model of one output');
});

const oneHotRows = (classes: Int32Array, count: number) =>
  tensor(Array.from(classes, (one) => Array.from({ length: count }, (_, index) => Number(index === one))));

test('classWeight weights the loss of a class', async () => {
  const x = input({ shape: [2] });
  const still = (parameters: readonly Variable[]) => new SGD(parameters, { learningRate: 1e-30 });
  const model = new Model({ inputs: x, outputs: layers.dense({ units: 3, activation: 'softmax' })(x) });
  model.compile({ optimizer: still, loss: 'categoricalCrossentropy' });
  const classes = Int32Array.of(0, 1, 1, 2);
  const rows = tensor(normals(8, 1), [4, 2]);
  const one = async (row: number) => {
    const values = (await rows.data()).slice(2 * row, 2 * row + 2);
    return (await model.evaluate(tensor(values, [1, 2]), oneHotRows(classes.slice(row, row + 1), 3))).loss;
  };
  const each = [await one(0), await one(1), await one(2), await one(3)];
  const { loss } = await model.fit(rows, oneHotRows(classes, 3), { classWeight: { 1: 5, 2: 0 } });
  expectClose(loss, [(each[0] + 5 * each[1] + 5 * each[2]) / 4]);
  const sparse = new Model({ inputs: x, outputs: model.outputs[0] }).compile({
    optimizer: still,
    loss: 'sparseCategoricalCrossentropy',
  });
  expectClose((await sparse.fit(rows, tensor(classes), { classWeight: { 1: 5, 2: 0 } })).loss, loss);
});

test('regularizers add to the loss, once for a shared layer', async () => {
  const x = input({ shape: [2] });
  const shared = layers.dense({
    units: 2,
    kernelRegularizer: l1l2(0.1, 0.01),
    biasInitializer: 'ones',
    biasRegularizer: l2(1),
  });
  const model = new Model({ inputs: x, outputs: shared(shared(x)) }).compile({ loss: (y) => y.sum(-1).mul(0) });
  const kernel = await (model.layers[0] as Linear).kernel.data();
  const expected = Array.from(kernel, (w) => 0.1 * Math.abs(w) + 0.01 * w * w).reduce((a, b) => a + b) + 2;
  const { loss } = await model.evaluate(tensor([[1, 2]]), tensor([[0, 0]]));
  expect(loss).toBeCloseTo(expected, 5);
  expectClose([await l1(0.5)(tensor([1, -3])).item()], [2]);
});

test('padding that an embedding masks does not count', async () => {
  const generator = new Generator(1);
  const build = (time: number) => {
    const ids = input({ shape: [time], dtype: 'i32' });
    const words = layers.dropout({ rate: 0.5 })(embed(ids));
    const there = layers.bidirectional(recur)(words);
    const outputs = layers.concatenate([layers.gru({ units: 3 })(there), layers.globalAveragePooling1d()(there)]);
    return new Model({ inputs: ids, outputs });
  };
  const embed = layers.embedding({ inputDim: 9, outputDim: 4, maskZero: true, generator });
  const recur = layers.lstm({ units: 3, returnSequences: true });
  const long = build(5);
  const short = build(3);
  short.loadState(await long.state());
  const padded = await long.predict(tensor(Int32Array.of(4, 2, 7, 0, 0), [1, 5]));
  const plain = await short.predict(tensor(Int32Array.of(4, 2, 7), [1, 3]));
  expectClose(await padded.data(), await plain.data());
});

test('a recurrent layer takes an initial state and returns its last one', async () => {
  const x = input({ shape: [4, 2] });
  const [first, second] = [input({ shape: [2, 2] }), input({ shape: [2, 2] })];
  const recur = layers.lstm({ units: 3, returnSequences: true });
  const whole = new Model({ inputs: x, outputs: recur(x) });
  const begun = recur.withState(first);
  const halves = new Model({ inputs: [first, second], outputs: [begun.output, recur(second, begun.state)] });
  const values = normals(8, 1);
  const expected = await (await whole.predict(tensor(values, [1, 4, 2]))).data();
  const found = await halves.predict([tensor(values.slice(0, 4), [1, 2, 2]), tensor(values.slice(4), [1, 2, 2])]);
  expectClose(await found[0].data(), expected.slice(0, 6));
  expectClose(await found[1].data(), expected.slice(6));
});

test('early stopping restores the best weights; progress writes a line an epoch', async () => {
  const x = input({ shape: [1] });
  const outputs = layers.dense({ units: 1 })(x);
  const model = new Model({ inputs: x, outputs });
  // A rate at which it diverges: the first epoch is the best.
  const optimizer = (parameters: readonly Variable[]) => new SGD(parameters, { learningRate: 3 });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const [rows, targets] = [tensor([[1], [2]]), tensor([[1], [-1]])];
  const lines: string[] = [];
  const seen: number[] = [];
  const history = await model.fit(rows, targets, {
    epochs: 9,
    validationData: [rows, targets],
    callbacks: [
      earlyStopping({ patience: 2, restoreBestWeights: true }),
      progress((line) => lines.push(line)),
      { onBatchEnd: ({ batch }) => void seen.push(batch) },
    ],
    batchSize: 1,
  });
  expect(history.loss).toHaveLength(3);
  expect(seen).toEqual([0, 1, 0, 1, 0, 1]);
  expectClose([(await model.evaluate(rows, targets)).loss], [history.val_loss[0]]);
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/^epoch 3\/9 · [\d.]+ s · loss [\d.e+]+ · val_loss [\d.e+]+$/);
});

test('the summary lists layers, their inputs and their parameters', () => {
  const x = input({ shape: [8, 8, 3], name: 'photo' });
  const dense = layers.dense({ units: 5 });
  const norm = layers.batchNormalization()(layers.conv2d({ filters: 4, kernelSize: 3, groups: 1 })(x));
  const flat = layers.flatten()(norm);
  const model = new Model({ inputs: x, outputs: layers.add([dense(flat), dense(flat)]) });
  expect(model.summary().split('\n')).toEqual([
    'layer               output            inputs              parameters',
    'photo               [batch, 8, 8, 3]                               0',
    'conv2d              [batch, 6, 6, 4]  photo                      112',
    'batchNormalization  [batch, 6, 6, 4]  conv2d                      16',
    'flatten             [batch, 144]      batchNormalization           0',
    'dense               [batch, 5]        flatten                    725',
    'dense_1             [batch, 5]        flatten                      0',
    'add                 [batch, 5]        dense, dense_1               0',
    'total                                                            853',
    'trainable                                                        845',
  ]);
});

test('layers without a generator start from different values, by the seed, and once', async () => {
  const x = input({ shape: [3] });
  const [a, b] = [layers.dense({ units: 3 }), layers.dense({ units: 3 })];
  const given = layers.dense({ units: 3, generator: new Generator(5) });
  const outputs = given(b(a(x)));
  const values = async (model: Model) => {
    const state = await model.state();
    return [0, 1, 2].map((layer) => Array.from(state.get(`layers.${layer}.kernel`)!.data));
  };
  const first = await values(new Model({ inputs: x, outputs }));
  expect(first[0]).not.toEqual(first[1]);
  expect(await values(new Model({ inputs: x, outputs, seed: 1 }))).toEqual(first);
  const again = () => layers.dense({ units: 3 })(layers.dense({ units: 3 })(x));
  const other = async (seed: number) => {
    const model = new Model({ inputs: x, outputs: again(), seed });
    return Array.from((await model.state()).get('layers.0.kernel')!.data);
  };
  expect(await other(0)).toEqual(first[0]);
  expect(await other(1)).not.toEqual(first[0]);
  const steps = input({ shape: [2, 3] });
  const directions = new Model({ inputs: steps, outputs: layers.bidirectional(layers.gru({ units: 3 }))(steps) });
  const state = await directions.state();
  const kernels = [...state].flatMap(([name, { data }]) => (name.endsWith('.kernel') ? [data] : []));
  expect(kernels).toHaveLength(2);
  expect(kernels[0]).not.toEqual(kernels[1]);
});

test('unknown names and invalid sizes are errors', async () => {
  const x = input({ shape: [3] });
  const model = new Model({ inputs: x, outputs: layers.dense({ units: 2, activation: 'softmax' })(x) });
  const wrong = (name: string) => name as never;
  expect(() => model.compile({ loss: wrong('crossentropy') })).toThrow("there is no loss 'crossentropy'");
  expect(() => model.compile({ loss: 'huber', metrics: [wrong('acc')] })).toThrow("there is no metric 'acc'");
  expect(() => model.compile({ loss: 'huber', optimizer: wrong('adm') })).toThrow("there is no optimizer 'adm'");
  expect(() => layers.dense({ units: 2, activation: wrong('swoosh') })(x)).toThrow(
    "dense: there is no activation 'swoosh'",
  );
  expect(() => layers.dense({ units: 2, kernelInitializer: wrong('he') })(x)).toThrow("there is no initializer 'he'");
  expect(() => layers.dense({ units: 0 })).toThrow('dense: units must be a positive integer, got 0');
  expect(() => layers.conv2d({ filters: 3, kernelSize: 3, groups: 2 })(input({ shape: [5, 5, 3] }))).toThrow(
    'Conv2D: 2 groups do not divide 3 inputs and 3 outputs',
  );
  model.compile({ loss: 'categoricalCrossentropy' });
  const rows = tensor([[1, 2, 3]]);
  await expect(model.fit(rows, tensor(Int32Array.of(1)))).rejects.toThrow(
    'categoricalCrossentropy: targets must be f32 [1, 2], got i32 [1]',
  );
  await expect(model.fit(rows, tensor([[1, 0]]), { epochs: 0 })).rejects.toThrow(
    'epochs must be a positive integer, got 0',
  );
});
