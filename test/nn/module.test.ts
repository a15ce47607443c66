import { expect, test } from 'vitest';
import {
  Conv2D,
  Dropout,
  decodeSafetensors,
  Embedding,
  encodeSafetensors,
  Flatten,
  Linear,
  LSTM,
  MaxPool2D,
  Module,
  Sequential,
} from '../../src/nn/index.js';
import { Generator, tensor, zeros } from '../../src/tensor/index.js';

class Two extends Module {
  readonly encoder = new Sequential(
    new Linear({ inputs: 3, outputs: 4 }),
    new Dropout({ rate: 0.5 }),
    new Linear({ inputs: 4, outputs: 2, useBias: false }),
  );
  readonly head = new Linear({ inputs: 2, outputs: 1 });
}

test('parameters have the dotted names of their fields', () => {
  expect([...new Two().namedParameters().keys()]).toEqual([
    'encoder.layers.0.kernel',
    'encoder.layers.0.bias',
    'encoder.layers.2.kernel',
    'head.kernel',
    'head.bias',
  ]);
});

test('a parameter used twice is one parameter', () => {
  const shared = new Linear({ inputs: 2, outputs: 2 });
  expect(new Sequential(shared, shared).parameters()).toHaveLength(2);
});

test('train and eval reach every part', () => {
  const model = new Two();
  expect(model.eval().encoder.layers.every((layer) => !layer.training)).toBe(true);
  expect(model.train().encoder.layers.every((layer) => layer.training)).toBe(true);
});

test('summary shows names, shapes and counts', () => {
  expect(new Two().summary()).toBe(`Two
parameter                shape   count
encoder.layers.0.kernel  [3, 4]     12
encoder.layers.0.bias    [4]         4
encoder.layers.2.kernel  [4, 2]      8
head.kernel              [2, 1]      2
head.bias                [1]         1
total                               27`);
});

test('layers give the shapes they say', () => {
  const image = zeros([2, 8, 8, 3]);
  expect(new Conv2D({ inputs: 3, outputs: 5, kernelSize: 3, padding: 'same', stride: 2 }).forward(image).shape).toEqual(
    [2, 4, 4, 5],
  );
  expect(new MaxPool2D().forward(image).shape).toEqual([2, 4, 4, 3]);
  expect(new Flatten().forward(image).shape).toEqual([2, 192]);
  expect(new Embedding({ vocabulary: 10, outputs: 4 }).forward(tensor(new Int32Array(6), [2, 3])).shape).toEqual([
    2, 3, 4,
  ]);
  const { sequence, last } = new LSTM({ inputs: 4, outputs: 6 }).run(zeros([2, 3, 4]));
  expect([sequence.shape, last.hidden.shape, last.cell.shape]).toEqual([
    [2, 3, 6],
    [2, 6],
    [2, 6],
  ]);
});

test('a layer refuses what does not fit', () => {
  expect(() => new Linear({ inputs: 3, outputs: 4 }).forward(zeros([2, 5]))).toThrow(
    'Linear: expected 3 features in the last axis, got f32 [2, 5]',
  );
  expect(() => new Embedding({ vocabulary: 10, outputs: 4 }).forward(tensor(Int32Array.of(10)))).toThrow(
    'index 10 at position 0 is out of range',
  );
  expect(() => new Dropout({ rate: 1 })).toThrow('[0, 1)');
});

test('dropout drops its share while training, keeps the mean, and draws anew each time', async () => {
  const drop = new Dropout({ rate: 0.25, seed: 1 });
  const x = zeros([10_000]).add(1);
  const first = Array.from(await drop.forward(x).data());
  const dropped = first.filter((value) => value === 0).length / first.length;
  expect(Math.abs(dropped - 0.25)).toBeLessThan(0.02);
  expect(Math.max(...first)).toBeCloseTo(4 / 3, 5);
  expect(Array.from(await drop.forward(x).data())).not.toEqual(first);
  expect(drop.eval().forward(x)).toBe(x);
});

test('the same seed gives the same parameters', async () => {
  const make = (seed: number) => new Linear({ inputs: 5, outputs: 7, generator: new Generator(seed) }).kernel.data();
  expect(await make(4)).toEqual(await make(4));
  expect(await make(4)).not.toEqual(await make(5));
});

test('state that is not of the model is refused, and nothing changes', async () => {
  const model = new Linear({ inputs: 1, outputs: 2 });
  const before = await model.kernel.data();
  const state = new Map([['kernel', { shape: [1, 2], data: Float32Array.of(1, 2) }]]);
  expect(() => model.loadState(state)).toThrow('missing bias; unknown none');
  state.set('bias', { shape: [3], data: new Float32Array(3) });
  expect(() => model.loadState(state)).toThrow("'bias' has shape [3] in the state, the model needs [2]");
  expect(await model.kernel.data()).toEqual(before);
});

test('the state of one model makes another compute the same', async () => {
  const [first, second] = [new Two(), new Two()];
  const file = encodeSafetensors(await first.state());
  second.loadState(decodeSafetensors(file).tensors);
  const x = tensor([[1, -2, 3]]);
  const outputs = [first, second].map((model) => model.eval().head.forward(model.encoder.forward(x)).data());
  expect(await outputs[1]).toEqual(await outputs[0]);
});
