import { describe, expect, test } from 'vitest';
import { casesOf, FAMILIES } from '../../bench/cases/families.js';
import { rungsOf, verify } from '../../bench/run-case.js';
import { KERNEL_FAMILIES } from '../../src/cli/bench.js';
import { gpu } from '../support/devices.js';

const all = KERNEL_FAMILIES.flatMap((family) => FAMILIES[family]);

test('names of cases, and of the rungs of each, tell them apart', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { rungs } of all) expect(new Set(rungs.map(({ name }) => name)).size).toBe(rungs.length);
});

test.each(KERNEL_FAMILIES)('%s: quick, usual and large cases', (family) => {
  const quick = casesOf(family, { quick: true, software: true });
  const usual = casesOf(family, { quick: false, software: true });
  const hardware = casesOf(family, { quick: false, software: false });
  expect(quick.length).toBeGreaterThan(0);
  expect(usual).toEqual(expect.arrayContaining(quick));
  expect(hardware).toEqual(expect.arrayContaining(usual));
  expect(hardware).toHaveLength(FAMILIES[family].length);
});

describe.each(all.map((one) => [one.name, one] as const))('%s', (_, one) => {
  test('counts the operations that its kernels count', () => {
    for (const { steps } of one.rungs.filter((rung) => rung.steps.length === 1)) {
      const [{ kernel, values }] = steps;
      // Attention's count of operations is that of its products alone.
      expect(kernel.cost(values).flops).toBeCloseTo(one.flops, -1);
    }
    expect(one.bytes).toBeGreaterThan(0);
  });

  test('binds buffers that there are, as long as its uniforms say', () => {
    for (const { steps } of one.rungs) {
      for (const { kernel, values, buffers } of steps) {
        const storage = kernel.bindings.filter(({ access }) => access !== 'uniform').map(({ name }) => name);
        expect(Object.keys(buffers).sort()).toEqual(storage.sort());
        for (const name of Object.values(buffers)) expect(Object.keys(one.buffers)).toContain(name);
        for (const { name } of kernel.uniforms.flat()) expect(values, `${kernel.name}: ${name}`).toHaveProperty(name);
      }
    }
    for (const name of one.outputs) expect(Object.keys(one.buffers)).toContain(name);
  });
});

test.each(
  KERNEL_FAMILIES.flatMap((family) => casesOf(family, { quick: true, software: true })).map((one) => [one.name, one]),
)('%s: every rung agrees with the reference', async (_, one) => {
  const rungs = rungsOf(one, gpu, () => {});
  expect(rungs.length).toBeGreaterThan(0);
  await verify(gpu, one, rungs);
});

test('a rung that computes something else is found', async () => {
  const [one] = casesOf('reduction', { quick: true, software: true });
  const { rungs } = one;
  const [step] = rungs[0].steps;
  const half = {
    name: 'half',
    steps: [{ ...step, values: { ...step.values, n: step.values.n / 2, chunk_length: step.values.n / 2 } }],
  };
  await expect(verify(gpu, one, [half])).rejects.toThrow("half: 'y' [0] is");
});

test('a rung that the device lacks something for is left out with a word', () => {
  const [one] = casesOf('matmul', { quick: true, software: true });
  const device = {
    kind: 'gpu',
    limits: { subgroupLanes: 4, subgroupMatrices: [], storageBuffers: 8 },
    features: new Set(),
  } as unknown as typeof gpu;
  const notes: string[] = [];
  const names = rungsOf(one, device, (line) => notes.push(line)).map(({ name }) => name);
  expect(names).not.toContain('subgroup');
  expect(names).toContain('naive');
  expect(notes).toEqual([
    expect.stringContaining(
      "without 'subgroup matrix': it needs subgroup matrices of 8 x 8 x 8 f32 to f32, the device has none",
    ),
    expect.stringContaining("without 'subgroup': it needs subgroups of at least 8 lanes"),
  ]);
});
