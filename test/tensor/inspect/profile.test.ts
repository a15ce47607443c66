import { afterEach, describe, expect, test } from 'vitest';
import { batches, toyData } from '../../../src/data/index.js';
import { TextImageClassifier } from '../../../src/models/index.js';
import { Adam, crossEntropy } from '../../../src/nn/index.js';
import {
  type Device,
  explain,
  profile,
  setDefaultDevice,
  type Tensor,
  tensor,
  Variable,
} from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';

afterEach(() => setDefaultDevice(undefined));

/** The adapter, where it has timestamps. */
const timed = gpu.features.has('timestamp-query') ? gpu : reference;

const sizes = {
  vocabulary: 8,
  embedding: 4,
  units: 4,
  image: [8, 8, 1],
  filters: 4,
  classes: 4,
  dropout: 0.2,
} as const;

/** A small classifier, and what its next training step evaluates: the loss first. */
function training(): { optimizer: Adam; next: () => Tensor[] } {
  const data = [...batches(toyData({ size: 24, seed: 2 }), { size: 8 })];
  const model = new TextImageClassifier({ ...sizes, seed: 3 });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  return {
    optimizer,
    next: () => {
      const batch = data[optimizer.steps % data.length];
      const loss = crossEntropy(model.forward(batch), batch.labels);
      return [loss, ...optimizer.assigns(loss)];
    },
  };
}

async function losses(steps: number, isProfiled: (step: number) => boolean): Promise<number[]> {
  const { optimizer, next } = training();
  const found: number[] = [];
  for (let step = 0; step < steps; step++) {
    const [loss, ...assigns] = next();
    if (isProfiled(step)) {
      await profile(loss, ...assigns);
      optimizer.resumeAt(step + 1);
    } else {
      await optimizer.step(loss);
    }
    found.push(await loss.item());
  }
  return found;
}

describe.each([
  ['the adapter', timed],
  ['the reference device', reference],
])('on %s', (_, device: Device) => {
  test('a profiled step is a step: the losses are those of steps that nobody timed', async () => {
    setDefaultDevice(device);
    const usual = await losses(6, () => false);
    expect(new Set(usual).size).toBe(6);
    expect(await losses(3, () => true)).toEqual(usual.slice(0, 3));
    expect(await losses(6, (step) => step % 2 === 1)).toEqual(usual);
  });

  test('every dispatch of the plan has its time, once', async () => {
    setDefaultDevice(device);
    const targets = training().next();
    const { dispatches: planned } = await explain(...targets);
    const profiled = await profile(...targets);
    expect(profiled.device).toBe(device.name);
    expect(profiled.hostMilliseconds).toBeGreaterThan(0);
    expect(profiled.dispatches.map(({ module: _, nanoseconds: __, ...outline }) => outline)).toEqual(
      planned.map(({ buffers: _, wgsl: __, ...outline }) => outline),
    );
    for (const { nanoseconds } of profiled.dispatches) expect(nanoseconds).toBeGreaterThanOrEqual(0);
    expect(profiled.dispatches.some(({ nanoseconds }) => nanoseconds > 0)).toBe(true);
  });

  test('assigns are done, values can be read, and older graphs know that their variable has moved on', async () => {
    setDefaultDevice(device);
    const variable = new Variable(new Float32Array([1, 2]), [2], 'counter');
    const older = variable.mul(10);
    const doubled = variable.mul(2);
    await profile(doubled, variable.assign(variable.add(1)));
    expect([...(await doubled.data())]).toEqual([2, 4]);
    expect([...(await variable.data())]).toEqual([2, 3]);
    await expect(older.data()).rejects.toThrow(
      "it was built on an earlier value of 'counter', which has changed once since",
    );
  });

  test('inputs that stayed on the device are taken from there, and what is known already is not computed again', async () => {
    setDefaultDevice(device);
    const x = tensor([1, 4, 9]).sqrt();
    expect((await profile(x)).dispatches).toHaveLength(1);
    expect((await profile(x)).dispatches).toEqual([]);
    const kept = tensor([1, 2, 3]).exp();
    await kept.evaluate();
    const y = kept.log();
    expect((await profile(y)).dispatches).toHaveLength(1);
    expect((await y.data())[2]).toBeCloseTo(3, 5);
  });
});

describe('modules', () => {
  test("a classifier's dispatches belong to its layers", async () => {
    setDefaultDevice(timed);
    const targets = training().next();
    const { dispatches: planned } = await explain(...targets);
    const { dispatches } = await profile(...targets);
    const bound = new Set<string>();
    planned.forEach(({ buffers }, index) => {
      const layers = new Set(Object.values(buffers).flatMap((name) => /^(\w+)\.\w+/.exec(name)?.[1] ?? []));
      if (layers.size === 0) return;
      // Small parameters of several layers are updated together.
      expect(dispatches[index].module, `${index}`).toBe(layers.size === 1 ? [...layers][0] : '-');
      for (const layer of layers) bound.add(layer);
    });
    expect([...bound].sort()).toEqual(['classify', 'conv', 'embedding', 'lstm']);
    const modules = new Set(dispatches.map(({ module }) => module));
    expect([...bound].filter((layer) => !modules.has(layer))).toEqual([]);
    const gradients = dispatches.filter(({ op }) => /^conv2d.*Backward/.test(op));
    expect(gradients.length).toBeGreaterThan(0);
    expect(gradients.every(({ module }) => module === 'conv')).toBe(true);
    // Steps of the sequence and its gradient, products of the gradient among them.
    expect(dispatches.filter(({ op }) => op.startsWith('lstm')).every(({ module }) => module === 'lstm')).toBe(true);
  });

  const named = (name: string) => new Variable(new Float32Array(4).fill(2), [2, 2], name);
  const modulesOf = async (...targets: Tensor[]) => (await profile(...targets)).dispatches.map(({ module }) => module);

  test('variables of several layers belong to what holds them all', async () => {
    setDefaultDevice(timed);
    expect(await modulesOf(named('a.b.x.kernel').add(named('a.b.y.kernel')))).toEqual(['a.b']);
    expect(await modulesOf(named('a.x.kernel').add(named('b.x.kernel')))).toEqual(['-']);
  });

  test('a dispatch without variables belongs to what uses its result, or else to where its inputs come from', async () => {
    setDefaultDevice(timed);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const y = x.softmax().matmul(named('layer.kernel')).softmax();
    expect(await modulesOf(y)).toEqual(['layer', 'layer', 'layer']);
    expect(await modulesOf(x.softmax())).toEqual(['-']);
    expect(await modulesOf(x.matmul(named('kernel')))).toEqual(['-']);
  });

  test('what is assigned to a variable belongs to its layer, and so do its moments', async () => {
    setDefaultDevice(timed);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(await modulesOf(named('norm.mean').assign(x.softmax()))).toEqual(['norm']);
    const [kernel, moment] = [named('deep.layer.kernel'), named('deep.layer.kernel.m')];
    const modules = await modulesOf(kernel.mul(2).sum(), moment.assign(moment.mul(0.5)));
    expect(new Set(modules)).toEqual(new Set(['deep.layer']));
  });
});

test('a device without timestamps is told of before anything runs', async () => {
  const blind = Object.create(gpu, { kind: { value: 'gpu' }, features: { value: new Set() } });
  setDefaultDevice(blind);
  await expect(profile(tensor([1]).exp())).rejects.toThrow(`profile: ${gpu.name} has no timestamp-query`);
});
