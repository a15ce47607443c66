import { expect, test } from 'vitest';
import type { Kernel } from '../../src/gpu/index.js';
import { gpu, reference } from '../support/devices.js';
import { runCase } from '../support/kernels.js';
import { expectClose } from '../support/numbers.js';
import { allKernels } from './all.js';
import { kernelCases } from './cases.js';

/* Every kernel on the GPU against its float64 reference. */
const kernels = allKernels();

test('every kernel has cases', () => {
  const tested = new Set(kernelCases.map(({ kernel }) => kernel));
  expect(kernels.filter((kernel) => !tested.has(kernel)).map(({ name }) => name)).toEqual([]);
});

/** Whether the device can run a kernel: it may have too small subgroups, or bind too few buffers. */
const runs = ({ subgroupLanes, bindings }: Kernel): boolean =>
  gpu.kind === 'reference' ||
  (subgroupLanes <= gpu.limits.subgroupLanes &&
    bindings.filter(({ access }) => access !== 'uniform').length <= gpu.limits.storageBuffers);

test.each(kernels.filter(runs).map((kernel) => [kernel.name, kernel]))(
  '%s agrees with its reference',
  async (_, kernel) => {
    for (const one of kernelCases.filter((given) => given.kernel === kernel)) {
      const actual = await runCase(gpu, one);
      const expected = await runCase(reference, one);
      for (const [name, values] of expected) {
        try {
          expectClose(actual.get(name)!, values, one.tolerance);
        } catch (error) {
          throw new Error(`${kernel.name}, ${one.note}, output '${name}': ${(error as Error).message}`);
        }
      }
    }
  },
);
