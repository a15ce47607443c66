import { describe, expect, test } from 'vitest';
import { lackOf } from '../../src/gpu/index.js';
import { matmulSubgroupMatrix } from '../../src/kernels/index.js';
import { subgroupMatrixProduct } from '../../src/kernels/matmul-subgroup-matrix.js';
import { gpu, reference } from '../support/devices.js';
import { runCase } from '../support/kernels.js';
import { expectClose } from '../support/numbers.js';
import { withoutMatrixUnits } from '../support/subgroup-matrices.js';
import { kernelCases } from './cases.js';

/*
 * Few adapters have matrix units. Here the kernels run with WGSL in place of the built-in functions, which shows that all
 * else in them is right. The subgroups are as many as the regions of C, or more, or fewer, which then take turns.
 */
const { f32_8x8x8, f16_16x16x16, f16_8x16x16 } = matmulSubgroupMatrix;
describe.each([
  [f32_8x8x8.any, 32],
  [f16_16x16x16.fours, 64],
  [f16_8x16x16.any, 16],
])('$name without matrix units', (kernel, lanes) => {
  const own = withoutMatrixUnits(kernel, lanes);
  test.runIf(lackOf(own, gpu) === undefined)(
    `agrees with its reference, in subgroups of ${lanes}`,
    async () => {
      const cases = kernelCases.filter((given) => given.kernel === kernel && given.fusions === undefined);
      for (const one of cases) {
        const found = await runCase(gpu, { ...one, kernel: own });
        const expected = await runCase(reference, one);
        expectClose(found.get('c')!, expected.get('c')!, one.tolerance, one.note);
      }
    },
    300_000,
  );
});

test('operands stored in half precision are read as such', () => {
  const config = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 } as const;
  const { f16, source } = subgroupMatrixProduct(config, 'fours', 'f16');
  expect(f16).toBe(true);
  expect(source).toContain('var<storage, read> a: array<vec4<f16>>');
});
