import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildModel } from '../../src/predictor/build.js';
import { optimizersOf } from '../../src/predictor/optimizers.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from '../support/devices.js';
import { CONFIG, dataOf, TARGETS, TRAINING } from '../support/runs.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

test('weights of matrices decay; biases and embeddings do not', async () => {
  const { schema } = await dataOf(TARGETS.category, ['text', 'number', 'category'], 20);
  const model = buildModel(schema, CONFIG.model, { seed: 1 });
  const [decayed, others] = optimizersOf(model, { ...TRAINING, weightDecay: 0.1 }, () => 0.5);
  const before = await model.state();
  // Without gradients, only the decay changes parameters.
  const zero = () =>
    model.parameters().reduce((sum, one) => sum.add(one.sum().mul(0)), model.parameters()[0].sum().mul(0));
  await decayed.step(zero());
  await others.step(zero());
  const after = await model.state();
  const changed = [...before].filter(([name, { data }]) =>
    data.some((value, at) => value !== after.get(name)?.data[at]),
  );
  const names = new Set(changed.map(([name]) => name));
  for (const [name, { shape, data }] of before) {
    const isTable = /embedding/.test(name);
    const isZero = data.every((value) => value === 0);
    expect(names.has(name), `${name} [${shape}]`).toBe(shape.length > 1 && !isTable && !isZero);
  }
  expect(names.size).toBeGreaterThan(3);
  expect(before.size).toBeGreaterThan(names.size + 4);
});
