import { describe, expect, test } from 'vitest';
import { lackOf } from '../../src/gpu/index.js';
import { matmulSubgroupMatrix } from '../../src/kernels/index.js';
import { subgroupMatrixProduct } from '../../src/kernels/matmul/subgroup-matrix.js';
import { gpu, reference } from '../support/devices.js';
import { runCase } from '../support/kernels.js';
import { expectClose } from '../support/numbers.js';
import { withoutMatrixUnits } from '../support/subgroup-matrices.js';
import { kernelCases } from './cases.js';

/*
 * Few adapters have matrix units. Here kernels run with WGSL in place of the built-in functions, which shows that all
 * else in them is right: one with more subgroups than C has regions, of a shape that tells its three sizes apart, and
 * one with fewer, which take turns.
 */
const { f32_8x8x8, f16_16x16x16 } = matmulSubgroupMatrix;
const oblong = { componentType: 'f32', resultComponentType: 'f32', M: 8, N: 32, K: 16 } as const;
describe.each([
  { kernel: subgroupMatrixProduct(oblong, 'any'), lanes: 16, as: f32_8x8x8.any },
  { kernel: f16_16x16x16.vec4, lanes: 64, as: f16_16x16x16.vec4 },
])('$kernel.name without matrix units', ({ kernel, lanes, as }) => {
  const own = withoutMatrixUnits(kernel, lanes);
  const cases = kernelCases.filter((one) => one.kernel === as && one.fusions === undefined);
  test.runIf(lackOf(own, gpu) === undefined)(
    `agrees with its reference, in subgroups of ${lanes}`,
    async () => {
      expect(cases.length).toBeGreaterThan(0);
      for (const one of cases) {
        const found = await runCase(gpu, { ...one, kernel: own });
        const expected = await runCase(reference, one);
        expectClose(found.get('c')!, expected.get('c')!, one.tolerance, one.note);
      }
    },
    300_000,
  );
});
