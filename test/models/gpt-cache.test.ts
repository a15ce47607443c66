import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GPT, GPTCache, type GPTOptions } from '../../src/models/index.js';
import { type Device, setDefaultDevice, tensor } from '../../src/tensor/index.js';
import { runtimeOf } from '../../src/tensor/runtime/runtime.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose, integers } from '../support/numbers.js';

const SIZES = { vocabulary: 11, block: 8, layers: 2, heads: 2, width: 16, dropout: 0.1, seed: 4 } as const;
const CASES: Readonly<Record<string, Partial<GPTOptions>>> = {
  'learned positions': {},
  'rotary positions, no bias': { positions: 'rotary', bias: false },
};

/** A model with weights large enough for its logits to tell texts apart. */
function modelOf(options: Partial<GPTOptions>): GPT {
  const model = new GPT({ ...SIZES, ...options }).eval();
  for (const [at, parameter] of model.parameters().entries())
    if (parameter.rank > 1)
      parameter.set(Float32Array.from({ length: parameter.size }, (_, i) => 0.5 * Math.sin(1.1 * i + at)));
  return model;
}

/** The logits behind a text by the whole forward pass on its last tokens. */
async function uncached(model: GPT, text: readonly number[]): Promise<number[]> {
  const last = Int32Array.from(text.slice(-8));
  const logits = await model.forward(tensor(last, [1, last.length])).data();
  return Array.from(logits.slice(-11));
}

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
] as [string, Device][])('on %s', (_, device) => {
  beforeAll(() => setDefaultDevice(device));
  afterAll(() => setDefaultDevice(undefined));

  test.each(Object.keys(CASES))('logits are those without the cache: %s', async (note) => {
    const model = modelOf(CASES[note]);
    const cache = new GPTCache(model, { batch: 3 });
    const texts = [[5], [1, 2, 3], [9, 0, 4, 4, 10]];
    const check = async (logits: readonly ArrayLike<number>[]) => {
      for (const [row, text] of cache.texts.entries())
        expectClose(logits[row], await uncached(model, text), { absolute: 1e-5, relative: 1e-4 }, `of [${text}]`);
    };
    await check(await cache.start(texts));
    // The longest text reaches the block after three tokens, and slides from then on.
    for (const [step, token] of integers(7, 11, 2).entries()) {
      await check(await cache.append([token, (token + 1) % 11, (token + step) % 11]));
      expect(cache.slides).toBe(step >= 3);
    }
    expect(cache.texts.map(({ length }) => length)).toEqual([8, 10, 12]);
    await check(await cache.start([[3, 1], [4], Array.from(integers(20, 11, 3))]));
    await check(await cache.append([1, 2, 3]));
    cache.dispose();
  });

  test('tokens replay one plan, without more memory', async () => {
    const cache = new GPTCache(modelOf({ block: 64 }));
    await cache.start([[1, 2, 3]]);
    await cache.append([4]);
    const before = [runtimeOf(device).plans, device.memory.bytes];
    for (let token = 0; token < 50; token++) await cache.append([token % 11]);
    expect([runtimeOf(device).plans, device.memory.bytes]).toEqual(before);
  });
});

test('arguments are checked, and a text that is refused changes nothing', async () => {
  const model = modelOf({});
  const cache = new GPTCache(model, { batch: 2 });
  await expect(cache.append([1, 2])).rejects.toThrow('GPTCache.append: there are no texts yet; call start() first');
  await expect(cache.start([[1]])).rejects.toThrow('GPTCache.start: expected a list of 2 texts');
  await expect(cache.start([[1], []])).rejects.toThrow('GPTCache.start: text 1 is empty');
  await expect(cache.start([[1], [11]])).rejects.toThrow('GPTCache.start: expected tokens from 0 to 10, got 11');
  await expect(cache.start(5 as never)).rejects.toThrow('GPTCache.start: expected a list of 2 texts, got 5');
  await cache.start([[1], [2]]);
  await expect(cache.append([1])).rejects.toThrow('GPTCache.append: expected 2 tokens, one for each text, got 1');
  await expect(cache.append([1, -1])).rejects.toThrow('GPTCache.append: expected tokens from 0 to 10, got -1');
  expect(cache.texts).toEqual([[1], [2]]);
  model.train();
  await expect(cache.append([1, 1])).rejects.toThrow(
    'GPTCache: the model is in training mode; call model.eval() first',
  );
  expect(() => new GPTCache(5 as never)).toThrow('GPTCache: the model must be a GPT, got 5');
  expect(() => new GPTCache(model, { batch: 0 })).toThrow('GPTCache: batch must be a positive integer, got 0');
});
