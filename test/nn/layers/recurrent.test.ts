import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import {
  Bidirectional,
  Conv2D,
  GRU,
  LSTM,
  type Module,
  StackedRecurrent,
  TimeDistributed,
} from '../../../src/nn/index.js';
import { Generator, tensor, zeros } from '../../../src/tensor/index.js';
import { expectClose, normals } from '../../support/numbers.js';

const [batch, time, inputs, units] = [2, 5, 3, 4];
const values = normals(batch * time * inputs, 1);
const x = tensor(values, [batch, time, inputs]);
const peerX = tf.tensor(values, [batch, time, inputs]);
const sizes = { inputs, outputs: units, generator: new Generator(1) };

const weights = async (module: Module): Promise<tf.Tensor[]> =>
  [...(await module.state()).values()].map(({ shape, data }) => tf.tensor(data, [...shape]));
const peerOf = (returnSequences: boolean) =>
  tfl.layers.lstm({ units, returnSequences, recurrentActivation: 'sigmoid', recurrentInitializer: 'zeros' });

test('both directions give what TF.js gives', async () => {
  await tf.setBackend('cpu');
  const ours = new Bidirectional({ forwards: new LSTM(sizes), backwards: new LSTM(sizes) });
  for (const returnSequences of [false, true]) {
    const peer = tfl.layers.bidirectional({ layer: peerOf(returnSequences), mergeMode: 'concat' });
    peer.apply(peerX);
    peer.setWeights([...(await weights(ours.forwards)), ...(await weights(ours.backwards))]);
    const theirs = peer.apply(peerX) as tf.Tensor;
    const found = returnSequences ? ours.run(x).sequence : ours.forward(x);
    expect(found.shape).toEqual(theirs.shape);
    expectClose(await found.data(), await theirs.data(), { absolute: 1e-5 });
  }
});

test('stacked layers give what TF.js gives', async () => {
  await tf.setBackend('cpu');
  const ours = new StackedRecurrent(new LSTM(sizes), new LSTM({ ...sizes, inputs: units }));
  const [below, above] = [peerOf(true), peerOf(false)];
  above.apply(below.apply(peerX));
  below.setWeights(await weights(ours.layers[0]));
  above.setWeights(await weights(ours.layers[1]));
  const theirs = above.apply(below.apply(peerX)) as tf.Tensor;
  expectClose(await ours.forward(x).data(), await theirs.data(), { absolute: 1e-5 });
});

test('a GRU with its reset before the product gives what TF.js gives', async () => {
  await tf.setBackend('cpu');
  const ours = new GRU({ ...sizes, resetAfter: false });
  const settings = {
    units,
    returnSequences: true,
    recurrentActivation: 'sigmoid',
    recurrentInitializer: 'zeros',
  } as const;
  const peer = tfl.layers.gru(settings);
  peer.apply(peerX);
  peer.setWeights((await weights(ours)).slice(0, 3));
  const theirs = peer.apply(peerX) as tf.Tensor;
  expectClose(await ours.run(x).sequence.data(), await theirs.data(), { absolute: 1e-5 });
});

test('a GRU with its reset after the product follows its formula, and leaves padding out', async () => {
  const ours = new GRU(sizes);
  ours.recurrentBias.set(normals(3 * units, 5));
  const [w, u, b, c] = (await Promise.all(
    ours.parameters().map((one) => one.data()),
  )) as unknown as ArrayLike<number>[];
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  let h = new Array<number>(units).fill(0);
  for (let t = 0; t < 3; t++) {
    const product = (row: ArrayLike<number>, matrix: ArrayLike<number>, column: number) =>
      Array.from(row).reduce((sum, value, k) => sum + value * matrix[k * 3 * units + column], 0);
    const step = values.subarray(t * inputs, (t + 1) * inputs);
    const before = h;
    h = before.map((old, j) => {
      const fromInput = [0, 1, 2].map((gate) => product(step, w, gate * units + j) + b[gate * units + j]);
      const fromState = [0, 1, 2].map((gate) => product(before, u, gate * units + j) + c[gate * units + j]);
      const [z, r] = [sigmoid(fromInput[0] + fromState[0]), sigmoid(fromInput[1] + fromState[1])];
      return z * old + (1 - z) * Math.tanh(fromInput[2] + r * fromState[2]);
    });
  }
  const padded = tensor(values.slice(0, time * inputs), [1, time, inputs]);
  expectClose(await ours.forward(padded, tensor([[1, 1, 1, 0, 0]])).data(), h);
});

test('padding is skipped in both directions', async () => {
  const layer = new Bidirectional({ forwards: new LSTM(sizes), backwards: new LSTM(sizes) });
  const short = tensor(values.slice(0, 3 * inputs), [1, 3, inputs]);
  const padded = tensor(values.slice(0, time * inputs), [1, time, inputs]);
  const mask = tensor([[1, 1, 1, 0, 0]]);
  expectClose(await layer.forward(padded, mask).data(), await layer.forward(short).data());
});

test('a layer is applied to each step', () => {
  const layer = new TimeDistributed(new Conv2D({ inputs: 1, outputs: 2, kernelSize: 3 }));
  expect(layer.forward(zeros([2, 3, 6, 5, 1])).shape).toEqual([2, 3, 4, 3, 2]);
  expect(layer.parameters()).toHaveLength(2);
});

test('both directions continue from their last state', async () => {
  for (const make of [() => new LSTM(sizes), () => new GRU(sizes)]) {
    const layer = new Bidirectional({ forwards: make(), backwards: make() });
    const { last } = layer.run(x);
    const { sequence } = layer.run(x, undefined, last);
    const half = (begin: number) => last.hidden.slice([0, begin], [batch, begin + units]);
    const cellOf = (begin: number) => last.cell.slice([0, begin], [batch, begin + units]);
    const there = layer.forwards.run(x, undefined, { hidden: half(0), cell: cellOf(0) });
    const back = layer.backwards.run(x.flip(1), undefined, { hidden: half(units), cell: cellOf(units) });
    expectClose(await sequence.slice([0, 0, 0], [batch, time, units]).data(), await there.sequence.data());
    expectClose(
      await sequence.slice([0, 0, units], [batch, time, 2 * units]).data(),
      await back.sequence.flip(1).data(),
    );
  }
  const layer = new Bidirectional({ forwards: new LSTM(sizes), backwards: new LSTM(sizes) });
  const wrong = { hidden: zeros([batch, units]), cell: zeros([batch, units + 1]) };
  expect(() => layer.run(x, undefined, wrong)).toThrow('both directions concatenated');
});

test('directions are merged by the merge mode', async () => {
  const [forwards, backwards] = [new LSTM(sizes), new LSTM(sizes)];
  const [a, b] = [await forwards.forward(x).data(), await backwards.forward(x.flip(1)).data()];
  const wanted = {
    sum: (one: number, other: number) => one + other,
    multiply: (one: number, other: number) => one * other,
    average: (one: number, other: number) => (one + other) / 2,
  };
  for (const merge of ['sum', 'multiply', 'average'] as const) {
    const layer = new Bidirectional({ forwards, backwards, merge });
    const y = await layer.forward(x).data();
    expectClose(
      y,
      Array.from(a, (one, index) => wanted[merge](one, b[index])),
    );
    expect(layer.run(x).sequence.shape).toEqual([batch, time, units]);
    expect(layer.run(x).last.hidden.shape).toEqual([batch, 2 * units]);
  }
});

test('stacked layers continue from their last states', async () => {
  const layer = new StackedRecurrent(new LSTM(sizes), new LSTM({ ...sizes, inputs: units }));
  const half = (begin: number, end: number) => x.slice([0, begin], [batch, end]);
  const { states } = layer.run(half(0, 2));
  expectClose(await layer.forward(half(2, time), undefined, states).data(), await layer.forward(x).data());
  expect(() => layer.forward(x, undefined, [])).toThrow('expected 2 initial states');
});
