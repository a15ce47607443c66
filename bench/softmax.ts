import { logSoftmaxForward, softmaxForward, softmaxNaive } from '../src/kernels/index.js';
import { type KernelCase, single } from './case.js';

function softmax(rows: number, cols: number, when?: KernelCase['when']): KernelCase[] {
  const values = { rows, cols };
  const common = {
    ...(when === undefined ? {} : { when }),
    ...{ buffers: { x: rows * cols, y: rows * cols }, outputs: ['y'] },
  };
  return [
    {
      ...{ ...common, ...softmaxForward.cost(values), name: `softmax ${rows} x ${cols}` },
      rungs: [single('naive', softmaxNaive, values), single('a workgroup a row', softmaxForward, values)],
    },
    {
      ...{ ...common, ...logSoftmaxForward.cost(values), name: `log-softmax ${rows} x ${cols}` },
      rungs: [single('a workgroup a row', logSoftmaxForward, values)],
    },
  ];
}

/** Many short rows, few long ones, and many long ones. */
export const softmaxCases: readonly KernelCase[] = [
  ...softmax(4096, 256, 'quick'),
  ...softmax(64, 32_768),
  ...softmax(8192, 4096, 'large'),
];
