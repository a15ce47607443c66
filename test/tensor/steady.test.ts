import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { batches } from '../../src/data/dataset.js';
import { toyData } from '../../src/data/index.js';
import { TextImageClassifier } from '../../src/models/index.js';
import { Adam, crossEntropy } from '../../src/nn/index.js';
import { Generator, openDevice, setDefaultDevice, type Tensor, tensor, Variable } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { expectClose } from '../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

const sizes = {
  vocabulary: 8,
  embedding: 4,
  units: 4,
  image: [8, 8, 1],
  filters: 4,
  classes: 4,
  dropout: 0.2,
} as const;

test('a training step is replayed: over 200 steps nothing is created and memory stays flat', async () => {
  setDefaultDevice(gpu);
  const data = toyData({ size: 40 }); // five batches of 8
  const model = new TextImageClassifier(sizes);
  const optimizer = new Adam(model.parameters());
  const created = () => {
    const { buffersCreated, bindGroupsCreated, pipelinesCreated } = gpu.counters;
    return { buffersCreated, bindGroupsCreated, pipelinesCreated, ...gpu.memory };
  };
  let settled: ReturnType<typeof created> | undefined;
  let steps = 0;
  while (steps < 200) {
    for (const batch of batches(data, { size: 8, seed: 0, epoch: steps })) {
      const loss = crossEntropy(model.forward(batch), batch.labels);
      await optimizer.step(loss);
      await loss.item();
      if (++steps === 3) settled = created();
    }
  }
  expect(created()).toEqual(settled);
});

test.each([
  ['as many plans as are remembered', 9, 0],
  // Which plans are remembered together changes: a buffer of another size may be wanted once in a while.
  ['more plans than are remembered', 27, 0.01],
])('over hundreds of steps of changing batch sizes memory stays flat: %s', async (_, most, growth) => {
  const steps = 300;
  const gpu = await openDevice({ rememberedPlans: 18 });
  onTestFinished(() => {
    setDefaultDevice(undefined);
    gpu.close();
  });
  setDefaultDevice(gpu);
  const generator = new Generator(4);
  const data = toyData({ size: most });
  const model = new TextImageClassifier(sizes);
  const optimizer = new Adam(model.parameters());
  let highest = 0;
  let settled = 0;
  for (let step = 0; step < steps; step++) {
    // Each size once, then as they are drawn.
    const size = step < most ? step + 1 : 1 + generator.integer(most);
    const { value: batch } = batches(data, { size, seed: 0, epoch: step }).next();
    const loss = crossEntropy(model.forward(batch!), batch!.labels);
    await optimizer.step(loss);
    await loss.item();
    highest = Math.max(highest, gpu.memory.bytes);
    if (step === (2 * steps) / 3) settled = highest;
  }
  expect(highest / settled).toBeLessThanOrEqual(1 + growth);
});

test('a changed last batch is a second plan, not a rebuild each epoch', async () => {
  setDefaultDevice(gpu);
  const data = toyData({ size: 11 });
  const model = new TextImageClassifier(sizes);
  const optimizer = new Adam(model.parameters());
  const counts: number[] = [];
  for (let epoch = 0; epoch < 4; epoch++) {
    for (const batch of batches(data, { size: 8, seed: 0, epoch }))
      await optimizer.step(crossEntropy(model.forward(batch), batch.labels));
    await gpu.idle();
    counts.push(gpu.counters.bindGroupsCreated);
  }
  expect(counts[3]).toBe(counts[0]);
});

test('reading the parameters between steps makes no other plan of the step', async () => {
  setDefaultDevice(gpu);
  const [batch] = batches(toyData({ size: 8 }), { size: 8 });
  const model = new TextImageClassifier(sizes);
  const optimizer = new Adam(model.parameters());
  const created: number[] = [];
  const seen: number[] = [];
  for (let step = 0; step < 5; step++) {
    await optimizer.step(crossEntropy(model.forward(batch), batch.labels));
    const state = await model.state();
    seen.push(state.get('classify.bias')!.data[0]);
    created.push(gpu.counters.bindGroupsCreated);
  }
  expect(created[4]).toBe(created[1]);
  expect(new Set(seen).size).toBe(5);
});

async function losses(device: typeof gpu, steps: number): Promise<number[]> {
  setDefaultDevice(device);
  const data = toyData({ size: 16, seed: 2 });
  const model = new TextImageClassifier({ ...sizes, seed: 3 });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const found: number[] = [];
  for (let epoch = 0; found.length < steps; epoch++) {
    for (const batch of batches(data, { size: 8, seed: 1, epoch })) {
      const loss = crossEntropy(model.forward(batch), batch.labels);
      await optimizer.step(loss);
      found.push(await loss.item());
    }
  }
  return found;
}

test('both devices give the same losses', async () => {
  expectClose(await losses(gpu, 6), await losses(reference, 6), { absolute: 1e-4, relative: 1e-4 });
});

test('same seed, same bits', async () => {
  expect(await losses(gpu, 6)).toEqual(await losses(gpu, 6));
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('a state that is carried over steps and detached keeps nothing of earlier steps', async () => {
  setDefaultDevice(gpu);
  const w = new Variable(Float32Array.of(0.5), [1], 'w');
  const optimizer = new Adam([w]);
  const earlier: WeakRef<Tensor>[] = [];
  let sampled = tensor([1]);
  let trained = tensor([1]);
  for (let step = 0; step < 30; step++) {
    earlier.push(new WeakRef(sampled), new WeakRef(trained));
    sampled = await sampled.mul(0.9).detach().evaluate();
    const next = trained.detach().mul(w);
    await optimizer.step(next.square().sum(), { also: [next] });
    trained = next;
  }
  await trained.data();
  // What a promise or a queue still holds is let go in turns of the event loop.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  collectGarbage();
  const held = earlier.filter((reference) => reference.deref() !== undefined);
  expect(held.length).toBeLessThanOrEqual(6);
});
