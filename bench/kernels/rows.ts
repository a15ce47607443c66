import { logSoftmaxForward, reductions, softmaxForward } from '../../src/kernels/index.js';
import type { KernelCase } from './case.js';

function softmax(rows: number, cols: number): KernelCase[] {
  return Object.entries({ softmax: softmaxForward, 'log softmax': logSoftmaxForward }).map(
    ([name, { workgroup, lanes }]) => ({
      name: `${name} ${rows} x ${cols}`,
      flops: 8 * rows * cols,
      bytes: 8 * rows * cols,
      buffers: { x: rows * cols, y: rows * cols },
      outputs: ['y'],
      rungs: Object.entries({
        'a workgroup a row': workgroup.ones,
        'a workgroup a row, by fours': workgroup.fours,
        'eight lanes a row': lanes.ones,
        'eight lanes a row, by fours': lanes.fours,
      }).map(([name, kernel]) => ({ name, steps: [{ kernel, values: { rows, cols }, buffers: { x: 'x', y: 'y' } }] })),
    }),
  );
}

/** The sum of rows: one invocation walks each, or a workgroup folds each. */
function sum(outer: number, n: number): KernelCase {
  const values = { outer, n, inner: 1, chunks: 1, chunk_length: n };
  const buffers = { x: 'x', y: 'y' };
  return {
    name: `sum of ${outer} rows of ${n}`,
    flops: outer * n,
    bytes: 4 * (outer * n + outer),
    buffers: { x: outer * n, y: outer },
    outputs: ['y'],
    rungs: [
      { name: 'an invocation a row', steps: [{ kernel: reductions.sum.columns, values, buffers }] },
      { name: 'a workgroup a row', steps: [{ kernel: reductions.sum.rows, values, buffers }] },
    ],
  };
}

export const softmaxCases = [...softmax(4096, 256), ...softmax(64, 32_768)];
export const reductionCases = [sum(4096, 1024), sum(65_536, 32)];
