import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Adagrad, Adam, AdamW, accuracy, crossEntropy, Linear, Optimizer, RMSprop, SGD } from '../../src/nn/index.js';
import { type Device, Generator, setDefaultDevice, tensor, Variable } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose } from '../support/numbers.js';

describe.each([
  ['gpu', gpu],
  ['reference', reference],
] as [string, Device][])('on the %s device', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));

  /** Three steps on loss = Σ w², whose gradient is 2w. */
  async function descend(optimizer: (w: Variable) => Optimizer): Promise<number[]> {
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

  /** The same three steps in plain numbers: `next` gives the parameter from itself, its gradient and the step. */
  const byHand = (start: number, next: (w: number, g: number, t: number) => number): number =>
    [1, 2, 3].reduce((w, t) => next(w, 2 * w, t), start);
  const learningRate = 0.1;

  test('Nesterov, RMSprop, Adagrad and AdamW follow their formulas', async () => {
    let velocity = 0;
    const nesterov = byHand(1, (w, g) => {
      velocity = 0.9 * velocity - 0.1 * g;
      return w + 0.9 * velocity - 0.1 * g;
    });
    const found = await descend((w) => new SGD([w], { learningRate, momentum: 0.9, nesterov: true }));
    expectClose(found, [nesterov, -2 * nesterov]);
    let v = 0;
    const rms = byHand(1, (w, g) => {
      v = 0.9 * v + 0.1 * g * g;
      return w - (0.1 * g) / (Math.sqrt(v) + 1e-7);
    });
    expect((await descend((w) => new RMSprop([w], { learningRate })))[0]).toBeCloseTo(rms, 5);
    v = 0.1;
    const ada = byHand(1, (w, g) => {
      v += g * g;
      return w - (0.1 * g) / Math.sqrt(v + 1e-7);
    });
    expect((await descend((w) => new Adagrad([w], { learningRate })))[0]).toBeCloseTo(ada, 5);
    let m = 0;
    v = 0;
    const adamW = byHand(1, (w, g, t) => {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      return w * (1 - 0.1 * 0.5) - (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-7);
    });
    expect((await descend((w) => new AdamW([w], { learningRate, weightDecay: 0.5 })))[0]).toBeCloseTo(adamW, 5);
  });

  test('gradients are clipped by value or by global norm', async () => {
    // The gradient of w² at (1, -2) is (2, -4).
    const one = async (options: object) => {
      const w = new Variable(Float32Array.of(1, -2), [2], 'w');
      await new SGD([w], { learningRate: 1, ...options }).step(w.square().sum());
      return w.data();
    };
    expectClose(await one({ clipValue: 3 }), [-1, 1]);
    expectClose(await one({ clipNorm: Math.sqrt(5) }), [0, 0]);
    expectClose(await one({ clipNorm: 100 }), [-1, 2]);
    expectClose(await one({ weightDecay: 0.5 }), [0.5 - 2, -1 + 4]);
  });

  test('weight decay applies to the parameters that it is to', async () => {
    const [a, b, c] = [2, 3, 4].map((value, index) => new Variable(Float32Array.of(value), [1], 'abc'[index]));
    const options = { learningRate: 1, weightDecay: 0.5, decayed: [b], clipNorm: 1 };
    await new SGD([a, b, c], options).step(a.mul(2).add(b.mul(2)).add(c).sum());
    // The gradients (2, 2, 1) are clipped together.
    expectClose([await a.item(), await b.item(), await c.item()], [2 - 2 / 3, 1.5 - 2 / 3, 4 - 1 / 3]);
    expect(() => new SGD([a], { decayed: [b] })).toThrow("SGD: 'b' is to decay, but is none of the parameters");
    expect(() => new SGD([a], { decayed: 5 as never })).toThrow('decayed must be an array of variables, got 5');
  });

  test('accumulated gradients make one update, of their mean', async () => {
    const w = new Variable(Float32Array.of(1, -2), [2], 'w');
    const optimizer = new SGD([w], { learningRate: 0.5, accumulate: 2 });
    const seen = [];
    for (const factor of [1, 3, 2, 2]) {
      await optimizer.step(w.mul(factor).sum());
      seen.push((await w.data())[0]);
    }
    expect(seen).toEqual([1, 0, 0, -1]);
    expect([optimizer.steps, optimizer.updates]).toEqual([4, 2]);
  });

  test('accumulating the gradients of two half batches equals a step on the full batch', async () => {
    const trained = async (accumulate: number) => {
      const w = new Variable(Float32Array.of(1, -2), [2], 'w');
      const optimizer = new Adam([w], { accumulate });
      const losses = [tensor([1, 2]), tensor([3, -1])].map((x) => () => w.mul(x).square().sum());
      if (accumulate === 1) await optimizer.step(losses[0]().add(losses[1]()).mul(0.5));
      else for (const loss of losses) await optimizer.step(loss());
      return w.data();
    };
    expectClose(await trained(2), await trained(1));
  });

  test('averages of the parameters are kept and exchanged', async () => {
    const w = new Variable(Float32Array.of(8, -4), [2], 'w');
    const optimizer = new SGD([w], { learningRate: 0.25, averageDecay: 0.5 });
    await expect(optimizer.swapAverages()).rejects.toThrow('there are no averages');
    // w halves with each step: 4, 2, 1. The averages decay by 0, 1/10, 2/11: 4, 2.2, 13.4/11.
    for (let step = 0; step < 3; step++) await optimizer.step(w.square().sum());
    await optimizer.swapAverages();
    expectClose(await w.data(), [13.4 / 11, -6.7 / 11]);
    await optimizer.swapAverages();
    expectClose(await w.data(), [1, -0.5]);
    expect([...optimizer.variables().keys()]).toEqual(['w.average']);
  });

  test('clipping to a norm of 0 leaves zero gradients zero', async () => {
    const w = new Variable(Float32Array.of(0, 0), [2], 'w');
    await new SGD([w], { learningRate: 1, clipNorm: 0 }).step(w.square().sum());
    expect(Array.from(await w.data())).toEqual([0, 0]);
    await new SGD([w], { learningRate: 1, clipNorm: 0 }).step(w.sum());
    expect(Array.from(await w.data())).toEqual([0, 0]);
  });

  test('two optimizers step on one loss, with gradients at the values before the step', async () => {
    const [a, b] = [2, 3].map((value, index) => new Variable(Float32Array.of(value), [1], 'ab'[index]));
    const optimizers = [new SGD([a], { learningRate: 0.1 }), new SGD([b], { learningRate: 1 })];
    const loss = a.mul(b).sum();
    await Optimizer.stepAll(loss, optimizers);
    expectClose([await a.item(), await b.item(), await loss.item()], [2 - 0.3, 3 - 2, 6]);
    expect(optimizers.map(({ steps }) => steps)).toEqual([1, 1]);
    await expect(Optimizer.stepAll(a.sum(), [optimizers[0], optimizers[0]])).rejects.toThrow(
      "two optimizers update 'a'",
    );
  });

  test('a state restores moments and steps, whatever submodules were listed in between', async () => {
    const make = () => {
      const parts = [1, 2].map((seed) => new Linear({ inputs: 2, outputs: 1, generator: new Generator(seed) }));
      return {
        parts,
        optimizer: new Adam(
          parts.flatMap((part) => part.parameters()),
          { learningRate: 0.1 },
        ),
      };
    };
    const x = tensor([[1, -2]]);
    const step = ({ parts, optimizer }: ReturnType<typeof make>) =>
      optimizer.step(
        parts
          .reduce((y, part) => y.add(part.forward(x)), tensor([0]))
          .square()
          .sum(),
      );
    const [first, second] = [make(), make()];
    for (let t = 0; t < 2; t++) await step(first);
    for (const part of first.parts) part.summary();
    const state = await first.optimizer.state();
    expect([...state.keys()]).toEqual([
      ...['kernel', 'bias', 'kernel_1', 'bias_1'].flatMap((name) => [`${name}.m`, `${name}.v`]),
      'steps',
    ]);
    for (const [index, part] of second.parts.entries()) part.loadState(await first.parts[index].state());
    second.optimizer.loadState(state);
    expect(second.optimizer.steps).toBe(2);
    for (const one of [first, second]) await step(one);
    for (const [index, part] of second.parts.entries())
      expectClose(await part.kernel.data(), await first.parts[index].kernel.data());
    const broken = new Map([...state, ['bias_1.v', { shape: [1], data: new Float32Array(2) }]]);
    const before = (await second.optimizer.state()).get('kernel.m');
    expect(() => second.optimizer.loadState(broken)).toThrow("'bias_1.v' of shape [1] needs 1 values, got 2");
    expect((await second.optimizer.state()).get('kernel.m')).toEqual(before);
    state.delete('bias_1.v');
    expect(() => second.optimizer.loadState(state)).toThrow('missing bias_1.v');
  });

  test('variables without a name have moments of their own', async () => {
    const unnamed = [1, 2].map((value) => new Variable(Float32Array.of(value), [1]));
    const optimizer = new SGD(unnamed, { momentum: 0.9, learningRate: 1 });
    await optimizer.step(unnamed[0].add(unnamed[1].mul(2)).sum());
    const state = await optimizer.state();
    expect([...state.values()].slice(0, 2).map(({ data }) => data[0])).toEqual([-1, -2]);
    expect(state.size).toBe(3);
  });

  test('a step that fails does not count', async () => {
    const w = new Variable(Float32Array.of(1), [1], 'w');
    const optimizer = new SGD([w], { learningRate: 0.1 });
    const steps = Array.from({ length: 5 }, () => optimizer.step(w.sum()));
    const done = (await Promise.allSettled(steps)).filter(({ status }) => status === 'fulfilled').length;
    expect(optimizer.steps).toBe(done);
    expect(await w.item()).toBeCloseTo(1 - 0.1 * done, 5);
  });

  test('the learning rate may change between steps', async () => {
    const w = new Variable(Float32Array.of(1), [1], 'w');
    const optimizer = new SGD([w], { learningRate: 0.1 });
    await optimizer.step(w.sum());
    optimizer.learningRate = 0.5;
    await optimizer.step(w.sum());
    expect(await w.item()).toBeCloseTo(0.4, 5);
  });

  test('a step evaluates the loss and the also tensors at the parameters before it', async () => {
    const w = new Variable(Float32Array.of(3), [1], 'w');
    const double = w.mul(2);
    const loss = w.square().sum();
    await new SGD([w], { learningRate: 1 }).step(loss, { also: [double] });
    expect([await loss.item(), await double.item(), await w.item()]).toEqual([9, 6, -3]);
  });
});

test('invalid options are errors', () => {
  const w = [new Variable(Float32Array.of(1), [1], 'w')];
  expect(() => new Adam(w, { accumulate: 0 })).toThrow('Adam: accumulate must be a positive integer, got 0');
  expect(() => new SGD(w, { averageDecay: 1 })).toThrow('SGD: averageDecay must be a number within [0, 1), got 1');
});

test('a parameter that the loss does not use stays as it is; a loss that uses none is refused', async () => {
  const layer = new Linear({ inputs: 2, outputs: 2 });
  const optimizer = new Adam(layer.parameters(), { weightDecay: 0.1 });
  layer.bias?.set(Float32Array.of(3, 4));
  await optimizer.step(layer.kernel.sum());
  expect(Array.from((await layer.bias?.data()) ?? [])).toEqual([3, 4]);
  await expect(optimizer.step(new Variable(Float32Array.of(1), [1]).sum())).rejects.toThrow(
    "Adam: the loss depends on none of the 2 parameters ('kernel', 'bias')",
  );
  expect(optimizer.steps).toBe(1);
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
