import { expect, test } from 'vitest';
import { lackOf } from '../../src/gpu/index.js';
import { gpu, reference } from '../support/devices.js';
import { type KernelCase, runCase } from '../support/kernels.js';
import { expectClose } from '../support/numbers.js';
import { allKernels } from './all.js';
import { kernelCases } from './cases.js';

/* Every kernel on the GPU against its float64 reference. */
const kernels = allKernels();
const hasF16 = gpu.kind === 'reference' || gpu.features.has('shader-f16');
const takesF16 = ({ types = {} }: KernelCase) => Object.values(types).includes('f16');

test('every kernel has cases', () => {
  const tested = new Set(kernelCases.map(({ kernel }) => kernel));
  expect(kernels.filter((kernel) => !tested.has(kernel)).map(({ name }) => name)).toEqual([]);
});

test.each(kernels.filter((kernel) => lackOf(kernel, gpu) === undefined).map((kernel) => [kernel.name, kernel]))(
  '%s agrees with its reference',
  async (_, kernel) => {
    for (const one of kernelCases.filter((given) => given.kernel === kernel && (hasF16 || !takesF16(given)))) {
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
