import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Adam,
  Conv2D,
  crossEntropy,
  DepthwiseConv2D,
  Flatten,
  input,
  Linear,
  LSTM,
  layers,
  Model,
  Module,
  Sequential,
  SGD,
} from '../../src/nn/index.js';
import {
  type Device,
  explain,
  Generator,
  setDefaultDevice,
  type Tensor,
  tensor,
  Variable,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, integers, normals } from '../support/numbers.js';

/* Mixed precision: products of f16, parameters of f32, and losses that are scaled on the way back. */
const hasF16 = gpu.kind === 'reference' || gpu.features.has('shader-f16');
const devices: [string, Device][] = [
  ['reference', reference],
  ...(hasF16 ? ([['gpu', gpu]] as [string, Device][]) : []),
];

const [SIZE, ROWS, CLASSES] = [6, 8, 4];

/** A classifier of images: convolutions, one of them in groups, and dense layers. */
class Classifier extends Module {
  readonly body: Sequential;
  constructor() {
    super();
    const generator = new Generator(7);
    this.body = new Sequential(
      new Conv2D({ inputs: 3, outputs: 8, kernelSize: 3, activation: 'relu', padding: 'same', generator }),
      new DepthwiseConv2D({ inputs: 8, kernelSize: 3, activation: 'relu', generator }),
      new Flatten(),
      new Linear({ inputs: 8 * (SIZE - 2) ** 2, outputs: 16, activation: 'tanh', generator }),
      new Linear({ inputs: 16, outputs: CLASSES, generator }),
    );
  }
  forward(x: Tensor): Tensor {
    return this.body.forward(x);
  }
}

const images = tensor(normals(ROWS * SIZE * SIZE * 3), [ROWS, SIZE, SIZE, 3]);
const labels = tensor(integers(ROWS, CLASSES));

async function lossesOf(precision: 'f32' | 'mixed'): Promise<number[]> {
  const model = new Classifier().usePrecision(precision);
  const optimizer = new Adam(model.parameters(), {
    learningRate: 0.01,
    ...(precision === 'mixed' ? { lossScale: 'dynamic' } : {}),
  });
  const losses = [];
  for (let step = 0; step < 6; step++) {
    const loss = crossEntropy(model.forward(images), labels);
    await optimizer.step(loss);
    losses.push(await loss.item());
  }
  return losses;
}

describe.each(devices)('on the %s device', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));

  test('training in mixed precision follows that in f32', async () => {
    const [full, mixed] = [await lossesOf('f32'), await lossesOf('mixed')];
    expect(mixed).not.toEqual(full);
    expect(full[5]).toBeLessThan(0.7 * full[0]);
    expectClose(mixed, full, { absolute: 1e-2, relative: 1e-2 });
  });

  test('products of layers take f16, and only those', async () => {
    const model = new Classifier().usePrecision('mixed');
    const used = (await explain(model.forward(images))).dispatches.map(({ kernel }) => kernel);
    expect(used.filter((name) => /matmul.*_f16/.test(name))).toHaveLength(2);
    expect(used.filter((name) => /conv2d_f16/.test(name))).toHaveLength(1);
    expect(used.some((name) => name.includes('depthwise_conv2d'))).toBe(true);
    const lstm = new LSTM({ inputs: 3, outputs: 4, generator: new Generator(1) }).usePrecision('mixed');
    const given = await explain(lstm.forward(images.reshape([ROWS, SIZE * SIZE, 3])));
    expect(given.dispatches.some(({ kernel }) => /matmul.*_f16/.test(kernel))).toBe(true);
  });

  test('a loss scale changes only what would underflow', async () => {
    const descend = async (lossScale?: number | 'dynamic', clip: object = {}) => {
      const w = new Variable(Float32Array.of(1, -2, 0.5), [3], 'w');
      const optimizer = new Adam([w], {
        learningRate: 0.1,
        ...(lossScale === undefined ? {} : { lossScale }),
        ...clip,
      });
      for (let step = 0; step < 3; step++) await optimizer.step(w.square().sum());
      return w.data();
    };
    expectClose(await descend('dynamic'), await descend());
    expectClose(await descend(1024), await descend());
    expectClose(await descend('dynamic', { clipValue: 0.5 }), await descend(undefined, { clipValue: 0.5 }));
    expectClose(await descend('dynamic', { clipNorm: 0.1 }), await descend(undefined, { clipNorm: 0.1 }));
    expectClose(await descend('dynamic', { accumulate: 2 }), await descend(undefined, { accumulate: 2 }));
  });

  test('a small gradient survives f16 with a loss scale, and vanishes without', async () => {
    const reached = async (lossScale?: number) => {
      const w = new Variable(Float32Array.of(0), [1, 1], 'w');
      const optimizer = new SGD([w], { learningRate: 1, ...(lossScale === undefined ? {} : { lossScale }) });
      const y = tensor([[1]])
        .cast('f16')
        .matmul(w.cast('f16'));
      await optimizer.step(y.mul(1e-9).sum());
      return (await w.data())[0];
    };
    expect(await reached()).toBe(0);
    expect(await reached(2 ** 15)).toBeCloseTo(-1e-9, 12);
  });

  test('a gradient that is not finite skips the step and halves the scale; good steps double it', async () => {
    const w = new Variable(Float32Array.of(1, 2), [2], 'w');
    const frozen = new Variable(Float32Array.of(3), [1], 'other');
    const optimizer = new Adam([w, frozen], { learningRate: 0.1, lossScale: 'dynamic' });
    const state = optimizer.variables();
    const read = async () =>
      Object.fromEntries(
        await Promise.all(
          [...state, ['w', w] as const].map(async ([name, variable]) => [name, [...(await variable.data())]] as const),
        ),
      );
    const step = (factor: number) => optimizer.step(w.square().sum().mul(tensor(factor)).add(frozen.sum()));
    await step(1);
    const before = await read();
    expect(before.lossScale).toEqual([2 ** 15]);
    expect(before['lossScale.steps']).toEqual([1]);
    const plans = device.counters.pipelinesCreated;
    await step(Number.POSITIVE_INFINITY);
    expect(await read()).toEqual({ ...before, lossScale: [2 ** 14], 'lossScale.steps': [0] });
    await step(Number.NaN);
    expect(await read()).toEqual({ ...before, lossScale: [2 ** 13], 'lossScale.steps': [0] });
    expect(device.counters.pipelinesCreated).toBe(plans);
    state.get('lossScale.steps')!.set(Float32Array.of(1999));
    await step(1);
    const after = await read();
    expect([after.lossScale, after['lossScale.steps']]).toEqual([[2 ** 14], [0]]);
    expect(after.w).not.toEqual(before.w);
    // It does not fall below 1.
    state.get('lossScale')!.set(Float32Array.of(1));
    await step(Number.NaN);
    expect((await read()).lossScale).toEqual([1]);
  });

  test('compile switches a model, and gives its optimizer a loss scale', async () => {
    const symbol = input({ shape: [5] });
    const model = new Model({
      inputs: symbol,
      outputs: layers.dense({ units: 3, activation: 'softmax' })(symbol),
      seed: 1,
    });
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', precision: 'mixed' });
    expect(model.precision).toBe('mixed');
    expect([...model.optimizer.variables().keys()].slice(0, 2)).toEqual(['lossScale', 'lossScale.steps']);
    const history = await model.fit(tensor(normals(80), [16, 5]), tensor(integers(16, 3)), { epochs: 2, batchSize: 8 });
    expect(history.loss[1]).toBeLessThan(history.loss[0]);
    model.compile({ loss: 'sparseCategoricalCrossentropy', precision: 'f32' });
    expect(model.layers.map(({ precision }) => precision)).toEqual(['f32']);
  });
});

test('an invalid loss scale is an error', () => {
  const w = new Variable(Float32Array.of(1), [1], 'w');
  expect(() => new SGD([w], { lossScale: 0 })).toThrow("lossScale: expected 'dynamic' or a number above 0, got 0");
});

test.skipIf(hasF16)('a device without f16 says what to do', async () => {
  setDefaultDevice(gpu);
  await expect(new Classifier().usePrecision('mixed').forward(images).data()).rejects.toThrow("precision: 'f32'");
});
