import { expect, test } from 'vitest';
import { allKernels } from '../kernels/all.js';
import { gpu, reference } from '../support/devices.js';
import { EQUIVALENT } from './equivalent.js';
import { faultsOf } from './faults.js';
import { trial } from './trial.js';

/* A few faults of each kind, known to be noticed. All of them: `npm run test:mutation`. */
test.runIf(gpu.kind === 'gpu').each([
  ['strided_copy', 'swapped operator', 'i0 * sizes.y_stride_0'],
  ['sum_columns', 'wrong identity', 'var total = f32(0)'],
  ['sum_columns', 'bound off by one', 'k < min(first'],
  ['max_rows', 'swapped operator', 'a > b || is_nan(a)'],
  ['softmax', 'index off by one', 'exp(x[at'],
  ['matmul_naive', 'dropped term', '+='],
  ['conv2d', 'dropped term', 'sum[0] +='],
  ['lstm_cell', 'swapped operator', 'f * cells[before]'],
  ['attention', 'bound off by one', 'j >= sizes.keys'],
  ['adam_update', 'swapped operator', '- step'],
  ['sort_blocks_f32', 'swapped operator', 'a < b ||'],
])('%s: a %s at "%s" is noticed', async (name, kind, place) => {
  const kernel = allKernels().find((one) => one.name === name)!;
  const faults = faultsOf(kernel).filter((fault) => fault.kind === kind && fault.line.includes(place));
  const verdicts = [];
  for (const fault of faults) verdicts.push(await trial(gpu, reference, kernel, fault));
  expect(verdicts).toContain('caught');
  expect(verdicts).not.toContain('survived');
});

test('what is said to make no difference is a fault that some kernel can have', () => {
  const faults = allKernels().flatMap(faultsOf);
  const stale = EQUIVALENT.flatMap(({ kernel, changed }) => {
    const own = faults.filter((fault) => kernel?.test(fault.kernel.replace('_f16', '')) ?? true);
    return changed.filter((part) => !own.some((fault) => fault.changed.includes(part)));
  });
  expect(stale).toEqual([]);
});
