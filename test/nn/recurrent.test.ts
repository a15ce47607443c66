import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { Bidirectional, Conv2D, LSTM, type Module, StackedRecurrent, TimeDistributed } from '../../src/nn/index.js';
import { Generator, tensor, zeros } from '../../src/tensor/index.js';
import { expectClose, normals } from '../support/numbers.js';

const [batch, time, inputs, units] = [2, 5, 3, 4];
const values = normals(batch * time * inputs, 1);
const x = tensor(values, [batch, time, inputs]);
const peerX = tf.tensor(values, [batch, time, inputs]);
const generator = new Generator(1);

const weights = async (module: Module): Promise<tf.Tensor[]> =>
  [...(await module.state()).values()].map(({ shape, data }) => tf.tensor(data, [...shape]));
const peerOf = (returnSequences: boolean) =>
  tfl.layers.lstm({ units, returnSequences, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' });

test('both directions give what TF.js gives', async () => {
  await tf.setBackend('cpu');
  const ours = new Bidirectional(new LSTM(inputs, units, { generator }), new LSTM(inputs, units, { generator }));
  for (const returnSequences of [false, true]) {
    const peer = tfl.layers.bidirectional({ layer: peerOf(returnSequences) as tfl.RNN, mergeMode: 'concat' });
    peer.apply(peerX);
    peer.setWeights([...(await weights(ours.forwards)), ...(await weights(ours.backwards))]);
    const theirs = peer.apply(peerX) as tf.Tensor;
    const found = returnSequences ? ours.run(x).sequence : ours.forward(x);
    expect(found.shape).toEqual(theirs.shape);
    expectClose(await found.data(), await theirs.data(), { absolute: 1e-5 });
  }
});

test('layers on top of each other give what TF.js gives', async () => {
  await tf.setBackend('cpu');
  const ours = new StackedRecurrent(new LSTM(inputs, units, { generator }), new LSTM(units, units, { generator }));
  const [below, above] = [peerOf(true), peerOf(false)];
  above.apply(below.apply(peerX));
  below.setWeights(await weights(ours.layers[0]!));
  above.setWeights(await weights(ours.layers[1]!));
  const theirs = above.apply(below.apply(peerX)) as tf.Tensor;
  expectClose(await ours.forward(x).data(), await theirs.data(), { absolute: 1e-5 });
});

test('padding is left out in both directions', async () => {
  const layer = new Bidirectional(new LSTM(inputs, units, { generator }), new LSTM(inputs, units, { generator }));
  const short = tensor(values.slice(0, 3 * inputs), [1, 3, inputs]);
  const padded = tensor(values.slice(0, time * inputs), [1, time, inputs]);
  const mask = tensor([[1, 1, 1, 0, 0]]);
  expectClose(await layer.forward(padded, mask).data(), await layer.forward(short).data());
});

test('a layer is applied to each step', () => {
  const layer = new TimeDistributed(new Conv2D(1, 2, 3));
  expect(layer.forward(zeros([2, 3, 6, 5, 1])).shape).toEqual([2, 3, 4, 3, 2]);
  expect(layer.parameters()).toHaveLength(2);
});
