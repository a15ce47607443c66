import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GPT, type GPTOptions } from '../../src/models/index.js';
import { AdamW, decodeSafetensors } from '../../src/nn/index.js';
import { readBack } from '../../src/tensor/evaluate.js';
import { type Device, explain, grad, setDefaultDevice, tensor } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, integers } from '../support/numbers.js';

const { tensors } = decodeSafetensors(readFileSync(new URL('../golden/gpt.safetensors', import.meta.url)));
const golden = (name: string) => Array.from(tensors.get(name)!.data);
const SIZES = { vocabulary: 11, block: 8, layers: 2, heads: 2, width: 16 } as const;
const CASES: Readonly<Record<string, Partial<GPTOptions>>> = {
  bias: {},
  'no bias': { bias: false },
  tanh: { gelu: 'tanh' },
  rotary: { bias: false, positions: 'rotary' },
};

/** The model of a case with the initial values of golden/gpt.py. */
function goldenModel(note: string): GPT {
  const model = new GPT({ ...SIZES, ...CASES[note] });
  [...model.namedParameters()].forEach(([name, parameter], k) => {
    const offset = name.endsWith('scale') ? 1 : 0;
    const wave = Float32Array.from({ length: parameter.size }, (_, i) => 0.2 * Math.sin(1.1 * i + k + 1));
    parameter.set(wave.map((value) => value + offset));
  });
  return model;
}

const tokensFrom = (first: number) =>
  tensor(
    Int32Array.from({ length: 16 }, (_, i) => (5 * (first + i)) % 11),
    [2, 8],
  );
const tokens = tokensFrom(0);
const targets = tensor(
  Int32Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? -1 : (5 * (i + 1)) % 11)),
  [2, 8],
);

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
] as [string, Device][])('on %s', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));

  test.each(Object.keys(CASES))('gives the logits, gradients and steps that PyTorch gives: %s', async (note) => {
    const model = goldenModel(note);
    expectClose(await model.forward(tokens).data(), golden(`${note}/logits`), { absolute: 2e-5, relative: 2e-5 });
    if (tensors.has(`${note}/gradient/embedding.table`)) {
      const named = [...model.namedParameters()];
      const gradients = grad(
        model.loss(tokens, targets),
        named.map(([, parameter]) => parameter),
      );
      for (const [index, [name]] of named.entries())
        expectClose(
          await gradients[index].data(),
          golden(`${note}/gradient/${name}`),
          { absolute: 2e-6, relative: 1e-4 },
          name,
        );
    }
    const optimizer = new AdamW(model.parameters(), {
      learningRate: 1e-3,
      beta2: 0.99,
      epsilon: 1e-8,
      weightDecay: 0.1,
      decayed: model.decayedParameters(),
      clipNorm: 1,
    });
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const loss = model.loss(tokens, targets);
      await optimizer.step(loss);
      losses.push(await loss.item());
    }
    expectClose(losses, golden(`${note}/losses`), { absolute: 1e-5, relative: 1e-5 }, 'losses');
    for (const [name, parameter] of model.namedParameters()) {
      if (!tensors.has(`${note}/trained/${name}`)) continue;
      // Softmax takes the bias of the keys out: its gradient is 0 but for rounding, which AdamW makes steps of.
      const matters = (_: number, at: number) => !name.endsWith('qkv.bias') || at < 16 || at >= 32;
      const [found, expected] = [Array.from(await parameter.data()), golden(`${note}/trained/${name}`)];
      expectClose(found.filter(matters), expected.filter(matters), { absolute: 2e-5, relative: 1e-4 }, name);
    }
  });

  test('attends to no later token', async () => {
    const model = goldenModel('bias');
    const before = await model.forward(tokens).data();
    const changed = Int32Array.from(await tokens.data());
    changed[5] = 9;
    const after = await model.forward(tensor(changed, [2, 8])).data();
    expect(Array.from(after.subarray(0, 5 * 11))).toEqual(Array.from(before.subarray(0, 5 * 11)));
    expect(Array.from(after.subarray(5 * 11, 6 * 11))).not.toEqual(Array.from(before.subarray(5 * 11, 6 * 11)));
    expect(Array.from(after.subarray(8 * 11))).toEqual(Array.from(before.subarray(8 * 11)));
  });

  test('dropout is drawn anew in each step of training, and is absent from inference', async () => {
    const model = new GPT({ ...SIZES, dropout: 0.5, seed: 3 });
    const [one, two] = [await model.forward(tokens).data(), await model.forward(tokens).data()];
    expect(Array.from(one)).not.toEqual(Array.from(two));
    model.eval();
    const whole = await new GPT({ ...SIZES, seed: 3 }).forward(tokens).data();
    expect(Array.from(await model.forward(tokens).data())).toEqual(Array.from(whole));
  });
});

test('gradients are the same where features are computed again, with less memory', async () => {
  const sizes = { vocabulary: 11, block: 32, layers: 6, heads: 4, width: 32, dropout: 0.1, seed: 2 } as const;
  const batch = tensor(integers(4 * 32, 11), [4, 32]);
  const [kept, again] = await Promise.all(
    [false, true].map(async (recompute) => {
      const model = new GPT({ ...sizes, recompute });
      const loss = model.loss(batch, batch);
      const gradients = grad(loss, model.parameters());
      const { peakBytes } = await explain(loss, ...gradients);
      await readBack([loss, ...gradients]);
      return { loss: await loss.item(), gradients: await Promise.all(gradients.map((one) => one.data())), peakBytes };
    }),
  );
  expect(again.loss).toBe(kept.loss);
  for (const [index, gradient] of kept.gradients.entries()) expectClose(again.gradients[index], gradient);
  expect(again.peakBytes).toBeLessThan(0.6 * kept.peakBytes);
});

test('two models without a seed begin apart, and with the same seed alike', async () => {
  const first = (seed?: number) => new GPT({ ...SIZES, seed }).embedding.table.data();
  expect(await first()).not.toEqual(await first());
  expect(await first(2)).toEqual(await first(2));
});

test('weights begin as in GPT-2', async () => {
  const model = new GPT({ vocabulary: 97, block: 64, layers: 8, heads: 4, width: 64, seed: 1 });
  const deviation = async (name: string) => {
    const values = Float64Array.from(await model.namedParameters().get(name)!.data());
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  for (const name of ['embedding.table', 'positions.table', 'layers.0.attention.qkv.kernel', 'layers.3.expand.kernel'])
    expect(Math.abs((await deviation(name)) - 0.02)).toBeLessThan(0.001);
  for (const name of ['layers.0.attention.project.kernel', 'layers.7.contract.kernel'])
    expect(Math.abs((await deviation(name)) - 0.02 / 4)).toBeLessThan(0.0003);
  expect(await deviation('layers.0.attention.qkv.bias')).toBe(0);
  expect(model.decayedParameters().map(({ rank }) => rank)).not.toContain(1);
});

test.each<[string, () => unknown, string]>([
  ['heads', () => new GPT({ ...SIZES, heads: 3 }), 'GPT: width must be a multiple of heads, got width 16 and heads 3'],
  [
    'odd features of a head',
    () => new GPT({ ...SIZES, width: 6, positions: 'rotary' }),
    'GPT: rotary positions turn pairs of features, but a head has 3',
  ],
  [
    'too many tokens',
    () => new GPT(SIZES).forward(tensor(new Int32Array(9), [1, 9])),
    'GPT: expected at most 8 tokens, its block, got 9',
  ],
  ['no tokens', () => new GPT(SIZES).forward(tensor(new Int32Array(0), [0, 8])), 'GPT: tokens has no elements'],
  ['an unknown token', () => new GPT(SIZES).forward(tensor(Int32Array.of(11), [1, 1])), 'tokens 11 at position 0'],
  [
    'an unknown target',
    () => new GPT(SIZES).loss(tensor(Int32Array.of(1), [1, 1]), tensor(Int32Array.of(11), [1, 1])),
    'label 11 at position 0 is out of range',
  ],
  [
    'targets of another shape',
    () => new GPT(SIZES).loss(tokens, tensor(Int32Array.of(1), [1, 1])),
    'GPT: expected targets of i32 [2, 8], got i32 [1, 1]',
  ],
])('%s are errors', (_, run, message) => {
  expect(run).toThrow(message);
});
