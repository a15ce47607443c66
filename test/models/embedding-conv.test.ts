import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { EmbeddingConv } from '../../src/models/index.js';
import { Adam, crossEntropy } from '../../src/nn/index.js';
import { oneHot, tensor, zeros } from '../../src/tensor/index.js';
import { expectClose, integers, normals } from '../support/numbers.js';

const sizes = { vocabulary: 12, time: 4, image: [6, 5, 2], classes: 3, embedding: 5, filters: 4 } as const;
const rows = 8;

test('its losses over 5 steps, and then its predictions, are those of TF.js from the same weights', async () => {
  await tf.setBackend('cpu');
  const model = new EmbeddingConv({ ...sizes, seed: 1 });
  const [x1, x2] = [tfl.input({ shape: [4], dtype: 'int32' }), tfl.input({ shape: [6, 5, 2] })];
  const embed = tfl.layers.embedding({ inputDim: 12, outputDim: 5 });
  const convolve = tfl.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' });
  const dense = tfl.layers.dense({ units: 3, activation: 'softmax' });
  const flat = [embed.apply(x1), convolve.apply(x2)].map((one) => tfl.layers.flatten().apply(one));
  const outputs = dense.apply(tfl.layers.concatenate().apply(flat as tfl.SymbolicTensor[])) as tfl.SymbolicTensor;
  const peer = tfl.model({ inputs: [x1, x2], outputs });
  const values = await model.state();
  const weights = (...names: string[]) =>
    names.map((name) => tf.tensor(values.get(name)!.data, [...values.get(name)!.shape]));
  embed.setWeights(weights('f1.table'));
  convolve.setWeights(weights('f2.kernel', 'f2.bias'));
  dense.setWeights(weights('h.kernel', 'h.bias'));
  peer.compile({ optimizer: tf.train.adam(1e-3, 0.9, 0.999, 1e-7), loss: 'categoricalCrossentropy' });

  const optimizer = new Adam(model.parameters());
  const [ours, theirs]: number[][] = [[], []];
  let last: [tf.Tensor, tf.Tensor] | undefined;
  let logits = zeros([1]);
  for (let step = 0; step < 5; step++) {
    const [words, pixels, labels] = [
      integers(rows * 4, 12, step),
      normals(rows * 60, step),
      integers(rows, 3, step + 9),
    ];
    const [a, b] = [tensor(words, [rows, 4]), tensor(pixels, [rows, 6, 5, 2])];
    const loss = crossEntropy(model.forward(a, b), tensor(labels));
    await optimizer.step(loss);
    ours.push(await loss.item());
    last = [tf.tensor(words, [rows, 4], 'int32'), tf.tensor(pixels, [rows, 6, 5, 2])];
    const hot = tf.tensor(Float32Array.from(await oneHot(tensor(labels), 3).data()), [rows, 3]);
    theirs.push((await peer.trainOnBatch(last, hot)) as number);
    logits = model.forward(a, b);
  }
  expectClose(ours, theirs, { absolute: 1e-4 });
  expectClose(await logits.softmax().data(), await (peer.predict(last!) as tf.Tensor).data(), { absolute: 1e-4 });
});

test('inputs are checked', () => {
  const model = new EmbeddingConv(sizes);
  expect(() => model.forward(tensor(new Int32Array(4), [1, 4]), zeros([2, 6, 5, 2]))).toThrow(
    'EmbeddingConv: expected x2 of f32 [1, 6, 5, 2], got f32 [2, 6, 5, 2]',
  );
  expect(() => model.forward(tensor(new Int32Array(3), [1, 3]), zeros([1, 6, 5, 2]))).toThrow(
    'EmbeddingConv: expected x1 of i32 [batch, 4], got i32 [1, 3]',
  );
});
