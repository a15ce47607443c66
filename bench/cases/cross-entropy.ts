import { crossEntropyBackward, crossEntropyForward } from '../../src/kernels/index.js';
import { Generator } from '../../src/tensor/index.js';
import { type KernelCase, rowRungs, single } from './case.js';

function crossEntropy(rows: number, cols: number, when?: KernelCase['when']): KernelCase[] {
  const values = { rows, cols };
  const generator = new Generator(1);
  const labels = Int32Array.from({ length: rows }, () => generator.integer(cols));
  return [
    {
      when,
      ...crossEntropyForward.workgroup.scalar.cost(values),
      name: `cross-entropy ${rows} x ${cols}`,
      buffers: { logits: rows * cols, labels, loss: rows, maximum: rows, sums: rows },
      outputs: ['loss', 'maximum', 'sums'],
      rungs: rowRungs(crossEntropyForward, values),
    },
    {
      when,
      ...crossEntropyBackward.cost(values),
      name: `cross-entropy gradient ${rows} x ${cols}`,
      buffers: {
        logits: rows * cols,
        labels,
        maximum: new Float32Array(rows),
        sums: new Float32Array(rows).fill(1.6 * cols),
        dloss: rows,
        dlogits: rows * cols,
      },
      outputs: ['dlogits'],
      rungs: [single('an invocation an element', crossEntropyBackward, values)],
    },
  ];
}

/** Many classes, as for words, and few. */
export const crossEntropyCases: readonly KernelCase[] = [
  ...crossEntropy(4096, 10, 'quick'),
  ...crossEntropy(256, 10_000),
  ...crossEntropy(2048, 32_768, 'large'),
];
