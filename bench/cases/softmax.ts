import {
  logSoftmaxBackward,
  logSoftmaxForward,
  softmaxBackward,
  softmaxForward,
  softmaxNaive,
} from '../../src/kernels/index.js';
import type { RowKernels } from '../../src/kernels/rows/row-kernels.js';
import { type KernelCase, type Rung, rowRungs, single } from './case.js';

function softmax(rows: number, cols: number, when?: KernelCase['when']): KernelCase[] {
  const values = { rows, cols };
  const size = rows * cols;
  const of = (
    name: string,
    kernels: RowKernels,
    buffers: KernelCase['buffers'],
    output: string,
    first: Rung[] = [],
  ) => ({
    when,
    ...kernels.workgroup.scalar.cost(values),
    name: `${name} ${rows} x ${cols}`,
    buffers,
    outputs: [output],
    rungs: [...first, ...rowRungs(kernels, values)],
  });
  const [forward, backward] = [
    { x: size, y: size },
    { y: size, dy: size, dx: size },
  ];
  return [
    of('softmax', softmaxForward, forward, 'y', [single('naive', softmaxNaive, values)]),
    of('softmax gradient', softmaxBackward, backward, 'dx'),
    of('log-softmax', logSoftmaxForward, forward, 'y'),
    of('log-softmax gradient', logSoftmaxBackward, backward, 'dx'),
  ];
}

/** Many short rows, few long ones, and many long ones. */
export const softmaxCases: readonly KernelCase[] = [
  ...softmax(4096, 256, 'quick'),
  ...softmax(64, 32_768),
  ...softmax(8192, 4096, 'large'),
];
