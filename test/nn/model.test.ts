import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { earlyStopping, input, type Linear, layers, Model } from '../../src/nn/index.js';
import { Generator, oneHot, tensor, zeros } from '../../src/tensor/index.js';
import { expectClose, integers, normals } from '../support/numbers.js';

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
  expectClose(ours.loss!, theirs.loss as number[], { absolute: 1e-4 });
  expectClose(ours.accuracy!, theirs.acc as number[], { absolute: 1e-4 });
  const predicted = await model.predict([text, image], { batchSize: 7 });
  expect(predicted.shape).toEqual([SIZES.rows, SIZES.classes]);
  expectClose(await predicted.data(), await (peer.predict(inputs) as tf.Tensor).data(), { absolute: 1e-4 });
  const judged = await model.evaluate([text, image], labels);
  const [loss] = (await Promise.all((peer.evaluate(inputs, targets) as tf.Scalar[]).map((one) => one.data()))) as [
    Float32Array,
  ];
  expectClose([judged.loss!], [loss[0]!], { absolute: 1e-4 });
});

test('rows are held out, training stops early, callbacks see it', async () => {
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
  expect(history.loss!.length).toBeLessThanOrEqual(200);
  expect(history.val_loss!.at(-1)).toBeLessThan(history.val_loss![0]!);
});

test('a model knows its parts, and shares a layer that is called twice', () => {
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

test('what does not fit is told', async () => {
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
  await expect(line.fit(tensor([[1, 2, 3]]), tensor([[1], [2]]))).rejects.toThrow('as many rows of each');
});
