import { afterAll, describe, expect, test } from 'vitest';
import {
  Adam,
  AveragePool2D,
  BatchNorm,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  crossEntropy,
  DepthwiseConv2D,
  GlobalAveragePool2D,
  GlobalMaxPool2D,
  GroupNorm,
  InstanceNorm,
  type Layer,
  LayerNorm,
  Linear,
  MaxPool2D,
  MultiHeadAttention,
  PositionalEmbedding,
  Residual,
  RMSNorm,
  SGD,
  sinusoidalPositions,
  TransformerBlock,
} from '../../src/nn/index.js';
import { Generator, setDefaultDevice, tensor, zeros } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, integers, normals } from '../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

test.each([
  [
    'Conv2D, dilated',
    new Conv2D({ inputs: 4, outputs: 6, kernelSize: 3, dilation: 2, padding: 'same' }),
    [2, 8, 9, 4],
    [2, 8, 9, 6],
    222,
  ],
  [
    'Conv2D, in groups',
    new Conv2D({ inputs: 4, outputs: 6, kernelSize: 3, groups: 2 }),
    [2, 8, 9, 4],
    [2, 6, 7, 6],
    114,
  ],
  ['DepthwiseConv2D', new DepthwiseConv2D({ inputs: 4, kernelSize: 3, multiplier: 2 }), [2, 8, 9, 4], [2, 6, 7, 8], 80],
  [
    'Conv2DTranspose',
    new Conv2DTranspose({ inputs: 4, outputs: 3, kernelSize: 2, stride: 2 }),
    [2, 4, 5, 4],
    [2, 8, 10, 3],
    51,
  ],
  [
    'Conv1D',
    new Conv1D({ inputs: 3, outputs: 5, kernelSize: 4, padding: 'causal', stride: 2 }),
    [2, 9, 3],
    [2, 5, 5],
    65,
  ],
  ['MaxPool2D', new MaxPool2D({ padding: 'same' }), [1, 5, 5, 2], [1, 3, 3, 2], 0],
  ['AveragePool2D', new AveragePool2D({ size: 3, stride: 1, padding: 'same' }), [1, 5, 5, 2], [1, 5, 5, 2], 0],
  ['GlobalAveragePool2D', new GlobalAveragePool2D(), [2, 5, 5, 3], [2, 3], 0],
  ['GlobalMaxPool2D', new GlobalMaxPool2D(), [2, 5, 5, 3], [2, 3], 0],
  ['LayerNorm', new LayerNorm({ features: 6 }), [2, 3, 6], [2, 3, 6], 12],
  ['RMSNorm', new RMSNorm({ features: 6 }), [2, 3, 6], [2, 3, 6], 6],
  ['GroupNorm', new GroupNorm({ features: 6, groups: 3 }), [2, 3, 6], [2, 3, 6], 12],
  ['InstanceNorm', new InstanceNorm({ features: 6 }), [2, 3, 6], [2, 3, 6], 12],
  ['BatchNorm', new BatchNorm({ features: 6 }), [2, 3, 6], [2, 3, 6], 12],
  ['Residual', new Residual(new Linear({ inputs: 6, outputs: 6 })), [2, 6], [2, 6], 42],
  ['PositionalEmbedding', new PositionalEmbedding({ length: 9, features: 6 }), [2, 5, 6], [2, 5, 6], 54],
] as [string, Layer, number[], number[], number][])('%s has its shape and parameters', (_, layer, from, to, count) => {
  expect(layer.forward(zeros(from)).shape).toEqual(to);
  expect(layer.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(count);
});

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  test('batch normalization uses the batch in training and running statistics at inference', async () => {
    setDefaultDevice(device);
    const norm = new BatchNorm({ features: 2, momentum: 0.9, epsilon: 0 });
    const x = tensor([
      [1, 10],
      [3, 30],
    ]);
    expectClose(await norm.forward(x).data(), [-1, -1, 1, 1]);
    expectClose(await norm.runningMean.data(), [0, 0]);
    const optimizer = new SGD(norm.parameters(), { learningRate: 1e-9 });
    for (let step = 0; step < 2; step++) await optimizer.step(norm.forward(x).square().sum());
    const share = 1 - 0.9 ** 2;
    expectClose(await norm.runningMean.data(), [2 * share, 20 * share]);
    expectClose(await norm.runningVariance.data(), [0.81 + share, 0.81 + 100 * share]);
    const [mean, variance] = [2 * share, 0.81 + share];
    const y = await norm.eval().forward(x).data();
    expectClose([y[0], y[2]], [(1 - mean) / Math.sqrt(variance), (3 - mean) / Math.sqrt(variance)]);
    expect([...norm.namedVariables().keys()]).toEqual(['scale', 'shift', 'runningMean', 'runningVariance']);
    expect([...norm.namedParameters().keys()]).toEqual(['scale', 'shift']);
  });

  test('batch normalization used twice in a step updates its running statistics twice', async () => {
    setDefaultDevice(device);
    const norm = new BatchNorm({ features: 1, momentum: 0.9 });
    const [a, b] = [tensor([[10], [20]]), tensor([[190], [210]])];
    const optimizer = new SGD(norm.parameters(), { learningRate: 0 });
    await optimizer.step(norm.forward(a).add(norm.forward(b)).square().sum());
    expectClose(await norm.runningMean.data(), [0.9 * 0.1 * 15 + 0.1 * 200]);
  });

  test('one value per channel has no variance: the shift comes out, as in Keras', async () => {
    setDefaultDevice(device);
    const norm = new BatchNorm({ features: 2 });
    norm.shift.set(Float32Array.of(3, -4));
    expectClose(await norm.forward(tensor([[5, 6]])).data(), [3, -4]);
  });

  test('a transformer learns which position of a sequence to attend to', async () => {
    setDefaultDevice(device);
    const generator = new Generator(1);
    const positions = new PositionalEmbedding({ length: 4, features: 8, generator });
    const block = new TransformerBlock({ features: 8, heads: 2, generator, hidden: 8 });
    const head = new Linear({ inputs: 8, outputs: 2, generator });
    const parameters = [positions, block, head].flatMap((part) => part.parameters());
    const optimizer = new Adam(parameters, { learningRate: 0.01 });
    // The class stands in position 2 of the sequence; the other places are noise.
    const labels = integers(64, 2, 5);
    const values = normals(64 * 4 * 8, 6).map((value, at) =>
      Math.floor(at / 8) % 4 === 2 && at % 8 === 0 ? (labels[Math.floor(at / 32)] === 1 ? 2 : -2) : 0.5 * value,
    );
    const [x, y] = [tensor(values, [64, 4, 8]), tensor(labels)];
    const lossOf = () => crossEntropy(head.forward(block.forward(positions.forward(x)).mean(1)), y);
    const before = await lossOf().item();
    for (let step = 0; step < 25; step++) await optimizer.step(lossOf());
    expect(await lossOf().item()).toBeLessThan(0.4 * before);
  });
});

test('attention to a context attends to its rows; a causal block attends to no later row', async () => {
  const layer = new MultiHeadAttention({ features: 6, heads: 3 });
  expect(layer.forward(zeros([2, 4, 6]), zeros([2, 7, 6])).shape).toEqual([2, 4, 6]);
  expect(() => new MultiHeadAttention({ features: 6, heads: 4 })).toThrow('4 heads do not divide 6 features');
  const block = new TransformerBlock({ features: 6, heads: 2, causal: true });
  const values = normals(30, 1);
  const first = await block.forward(tensor(values, [1, 5, 6])).data();
  values.fill(9, 24);
  const second = await block.forward(tensor(values, [1, 5, 6])).data();
  expectClose(second.subarray(0, 24), first.subarray(0, 24));
  expect(second[29]).not.toBeCloseTo(first[29], 3);
});

test('sinusoidal positions follow their formula', async () => {
  const values = await sinusoidalPositions(3, 4).data();
  const wanted = [0, 1, 2].flatMap((position) => [
    Math.sin(position),
    Math.cos(position),
    Math.sin(position / 100),
    Math.cos(position / 100),
  ]);
  expectClose(values, wanted, { absolute: 1e-4 });
});

test('frozen parameters are left alone', async () => {
  const [first, second] = [new Linear({ inputs: 2, outputs: 2 }), new Linear({ inputs: 2, outputs: 1 })];
  first.freeze();
  const before = Array.from(await first.kernel.data());
  expect(first.parameters()).toEqual([]);
  await new SGD([...first.parameters(), ...second.parameters()]).step(
    second.forward(first.forward(tensor([[1, 2]]))).sum(),
  );
  expect(Array.from(await first.kernel.data())).toEqual(before);
});

test('unfreezing makes parameters trainable again, and running statistics not', () => {
  const norm = new BatchNorm({ features: 2 });
  expect(norm.freeze().parameters()).toEqual([]);
  expect([...norm.unfreeze().namedParameters().keys()]).toEqual(['scale', 'shift']);
});
