import type { Kernel } from '../../src/gpu/kernel.js';
import { reductions, rowsCpu } from '../../src/kernels/index.js';
import { type KernelCase, type Rung, single } from './case.js';

const { rows, columns, columnsVec4 } = reductions.sum;

/** The sum of the middle axis of (outer, n, inner). */
function sum(outer: number, n: number, inner: number, when?: KernelCase['when']): KernelCase {
  const values = { outer, n, inner, chunks: 1, chunk_length: n };
  return {
    name: inner === 1 ? `sum of ${outer} rows of ${n}` : `sum over ${n} rows of ${inner}`,
    when,
    flops: outer * n * inner,
    bytes: 4 * (outer * n * inner + outer * inner),
    buffers: { x: outer * n * inner, y: outer * inner },
    outputs: ['y'],
    rungs: [
      single('an invocation each', columns, values),
      ...(inner === 1 ? [single('a workgroup each', rows, values)] : []),
      ...(inner === 1 ? [single('an invocation for four rows, vec4', rowsCpu.sum, values)] : []),
      ...(inner % 4 === 0 ? [single('an invocation for four', columnsVec4, values)] : []),
    ],
  };
}

/** The sum of all elements, whose first stage leaves √n partial sums. */
function total(n: number, when?: KernelCase['when']): KernelCase {
  const whole = { outer: 1, n, inner: 1, chunks: 1, chunk_length: n };
  const chunks = Math.sqrt(n);
  const twoStages = (name: string, first: Kernel, second: Kernel): Rung => ({
    name,
    steps: [
      { kernel: first, values: { ...whole, chunks, chunk_length: chunks }, buffers: { x: 'x', y: 'partial' } },
      { kernel: second, values: { ...whole, n: chunks, chunk_length: chunks }, buffers: { x: 'partial', y: 'y' } },
    ],
  });
  return {
    name: `sum of ${n} numbers`,
    when,
    flops: n,
    bytes: 4 * (n + 1),
    buffers: { x: n, partial: chunks, y: 1 },
    outputs: ['y'],
    rungs: [
      single('one invocation', columns, whole),
      single('one workgroup', rows, whole),
      twoStages('invocations, in two stages', columns, columns),
      twoStages('workgroups, in two stages', rows, rows),
      twoStages('four rows, vec4, in two stages', rowsCpu.sum, columns),
    ],
  };
}

/** All of an array, long rows, short rows, and columns. */
export const reductionCases: readonly KernelCase[] = [
  total(2 ** 20, 'quick'),
  sum(4096, 1024, 1),
  sum(65_536, 32, 1),
  sum(1, 1024, 4096),
  sum(16_384, 2048, 1, 'large'),
];
