import { expect, test } from 'vitest';
import type { Window } from '../../src/gpu/device.js';
import { lackOf } from '../../src/gpu/device.js';
import type { Kernel, Split } from '../../src/gpu/kernel.js';
import { fuse } from '../../src/kernels/index.js';
import { gpu, reference } from '../support/devices.js';
import { type CaseLaunch, type KernelCase, runCase } from '../support/kernels.js';
import { kernelCases } from './cases.js';

/*
 * Every way in which a kernel says that it can be done in parts, on the reference device: parts of one, of two, and so
 * on, or all as one, each with no more of the buffers than it asked for, give the same bits as one launch. Where the
 * parts begin where the adapter can bind, it does the same.
 */
const bytesPerElement = (type: string) => (type === 'f16' ? 2 : 4);

/** The launches of a case split in steps; undefined where it cannot be split so. */
function launchesOf(one: KernelCase, split: Split, step: number): CaseLaunch[] | undefined {
  const count = split.parts(one.values);
  const launches: CaseLaunch[] = [];
  for (let first = 0; first < count; first += step) {
    const launch = split.launch(one.values, first, Math.min(count, first + step));
    if (launch === undefined) return undefined;
    const windows = Object.entries(launch.spans).map(([name, span]): [string, Window] => [
      name,
      { ...span!, type: one.types?.[name] ?? 'f32' },
    ]);
    launches.push({ values: launch.values, windows: Object.fromEntries(windows) });
  }
  return launches;
}

type Outputs = Awaited<ReturnType<typeof runCase>>;

function expectSame(found: Outputs, expected: Outputs, note: string): void {
  for (const [name, values] of expected) {
    const at = values.findIndex((value, index) => !Object.is(value, found.get(name)![index]));
    if (at >= 0) expect.fail(`${note}: '${name}' [${at}] is ${found.get(name)![at]}, in one launch ${values[at]}`);
  }
}

const fused = ({ kernel, fusions = [] }: KernelCase): Kernel => (fusions.length === 0 ? kernel : fuse(kernel, fusions));
const splitsOf = (one: KernelCase): readonly Split[] => fused(one).splits;

/** The references take many small parts, and their time. */
const isSmall = ({ buffers }: KernelCase): boolean =>
  Object.values(buffers).every((given) => (typeof given === 'number' ? given : given.length) <= 6000);
const splittable = kernelCases.filter(
  (one) =>
    isSmall(one) && one.gridWidth === undefined && splitsOf(one).length > 0 && one.kernel.workgroups(one.values) > 0,
);
const named = [...new Set(splittable.map(({ kernel }) => kernel))].map((kernel) => [kernel.name, kernel] as const);

test.each(named)('%s in parts is as in one', async (_, kernel) => {
  let tried = 0;
  for (const one of splittable.filter((given) => given.kernel === kernel)) {
    const whole = await runCase(reference, one);
    for (const split of splitsOf(one)) {
      const count = split.parts(one.values);
      let onGpu = false;
      for (const step of [1, 3, 4, 16, 64, count]) {
        if (count / step > 32) continue;
        const launches = launchesOf(one, split, step);
        if (launches === undefined) continue;
        tried++;
        expectSame(await runCase(reference, one, launches), whole, `${one.note}, ${step} of ${count}`);
        if (step === count || onGpu) continue;
        const isAligned = launches.every(({ windows = {} }) =>
          Object.values(windows).every(
            ({ first, type }) => (first * bytesPerElement(type)) % gpu.limits.bindingAlignment === 0,
          ),
        );
        if (isAligned && lackOf(fused(one), gpu) === undefined) {
          onGpu = true; // once a case and split: adapters may be slow
          expectSame(
            await runCase(gpu, one, launches),
            await runCase(gpu, one),
            `${one.note}, ${step} of ${count}, GPU`,
          );
        }
      }
    }
  }
  expect(tried).toBeGreaterThan(0);
});
