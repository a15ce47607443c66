import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Adam, accuracy, crossEntropy, Linear, SGD } from '../../src/nn/index.js';
import { type Device, setDefaultDevice, tensor, Variable } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose } from '../support/numbers.js';

describe.each([
  ['gpu', gpu],
  ['reference', reference],
] as [string, Device][])('on the %s device', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));

  /** Three steps on loss = Σ w², whose gradient is 2w. */
  async function descend(optimizer: (w: Variable) => Adam | SGD): Promise<number[]> {
    const w = new Variable(Float32Array.of(1, -2), [2], 'w');
    const made = optimizer(w);
    for (let step = 0; step < 3; step++) await made.step(w.square().sum());
    return Array.from(await w.data());
  }

  test('SGD follows its formula', async () => {
    expectClose(await descend((w) => new SGD([w], { learningRate: 0.1 })), [0.8 ** 3, -2 * 0.8 ** 3]);
  });

  test('momentum follows its formula', async () => {
    let [w, velocity] = [1, 0];
    for (let step = 0; step < 3; step++) {
      velocity = 0.9 * velocity - 0.1 * 2 * w;
      w += velocity;
    }
    expectClose(await descend((v) => new SGD([v], { learningRate: 0.1, momentum: 0.9 })), [w, -2 * w]);
  });

  test('Adam follows its formula', async () => {
    const expected = [1, -2].map((start) => {
      let [w, m, v] = [start, 0, 0];
      for (let t = 1; t <= 3; t++) {
        m = 0.9 * m + 0.1 * 2 * w;
        v = 0.999 * v + 0.001 * (2 * w) ** 2;
        w -= (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7);
      }
      return w;
    });
    expectClose(await descend((w) => new Adam([w], { learningRate: 0.1 })), expected);
  });

  test('the learning rate may change between steps', async () => {
    const w = new Variable(Float32Array.of(1), [1], 'w');
    const optimizer = new SGD([w], { learningRate: 0.1 });
    await optimizer.step(w.sum());
    optimizer.learningRate = 0.5;
    await optimizer.step(w.sum());
    expect(await w.item()).toBeCloseTo(0.4, 5);
  });

  test('a step brings the loss and what was asked for, of the weights before it', async () => {
    const w = new Variable(Float32Array.of(3), [1], 'w');
    const double = w.mul(2);
    const loss = w.square().sum();
    await new SGD([w], { learningRate: 1 }).step(loss, { also: [double] });
    expect([await loss.item(), await double.item(), await w.item()]).toEqual([9, 6, -3]);
  });
});

test('a parameter without a part in the loss is named', async () => {
  const layer = new Linear(2, 2);
  const optimizer = new Adam(layer.parameters());
  await expect(optimizer.step(layer.kernel.sum())).rejects.toThrow("does not depend on 'bias'");
});

test('cross-entropy of classes and of probabilities agree', async () => {
  const logits = tensor([
    [1, 2, 3],
    [0, 5, -1],
  ]);
  const byClass = await crossEntropy(logits, tensor(Int32Array.of(2, 0))).item();
  const byProbability = await crossEntropy(
    logits,
    tensor([
      [0, 0, 1],
      [1, 0, 0],
    ]),
  ).item();
  const expected = (Math.log(Math.exp(-2) + Math.exp(-1) + 1) + Math.log(1 + Math.exp(5) + Math.exp(-1))) / 2;
  expectClose([byClass, byProbability], [expected, expected]);
  expect(await accuracy(logits, tensor(Int32Array.of(2, 0))).item()).toBe(0.5);
  expect(() => crossEntropy(tensor(new Float32Array(0), [0, 3]), tensor(new Int32Array(0)))).toThrow(
    'the batch is empty',
  );
});
