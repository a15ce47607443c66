import { crossEntropyBackward, crossEntropyForward } from '../../src/kernels/index.js';
import { Generator } from '../../src/tensor/index.js';
import { type KernelCase, rowRungs, single } from './case.js';

function crossEntropy(rows: number, cols: number, when?: KernelCase['when']): KernelCase[] {
  const values = { rows, cols };
  const generator = new Generator(1);
  const labels = Int32Array.from({ length: rows }, () => generator.integer(cols));
  const common = when === undefined ? {} : { when };
  return [
    {
      ...{ ...common, ...crossEntropyForward.workgroup.ones.cost(values), name: `cross-entropy ${rows} x ${cols}` },
      buffers: { logits: rows * cols, labels, loss: rows, normalizer: rows },
      outputs: ['loss', 'normalizer'],
      rungs: rowRungs(crossEntropyForward, values),
    },
    {
      ...{ ...common, ...crossEntropyBackward.cost(values), name: `cross-entropy gradient ${rows} x ${cols}` },
      // Random logits of so many classes have about this normalizer.
      buffers: {
        ...{ logits: rows * cols, labels, normalizer: new Float32Array(rows).fill(Math.log(cols) + 0.5) },
        ...{ dloss: rows, dlogits: rows * cols },
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
