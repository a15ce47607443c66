import { gatherRows, linkEqual, scatterAddRows } from '../src/kernels/index.js';
import { Generator } from '../src/tensor/index.js';
import { type KernelCase, ownNames, single } from './case.js';

/** `count` rows of a table (rows, cols), as an embedding takes them, and the gradient of that. */
function embedding(rows: number, cols: number, count: number, when?: KernelCase['when']): KernelCase[] {
  const values = { count, rows, cols };
  const generator = new Generator(1);
  const indices = Int32Array.from({ length: count }, () => generator.integer(rows));
  const common = when === undefined ? {} : { when };
  return [
    {
      ...{ ...common, ...gatherRows.cost(values), name: `gather ${count} of ${rows} x ${cols}`, outputs: ['y'] },
      buffers: { table: rows * cols, indices, y: count * cols },
      rungs: [single('an invocation an element', gatherRows, values)],
    },
    {
      ...{ ...common, name: `scatter-add ${count} to ${rows} x ${cols}`, outputs: ['dtable'] },
      ...{ flops: count * cols, bytes: 4 * count * (2 * cols + 1) },
      buffers: {
        ...{ dy: count * cols, indices, dtable: new Float32Array(rows * cols) },
        ...{ heads: new Int32Array(count), links: new Int32Array(count) },
      },
      rungs: [
        {
          name: 'lists of equal rows',
          steps: [
            { kernel: linkEqual, values, buffers: ownNames(linkEqual) },
            { kernel: scatterAddRows, values, buffers: ownNames(scatterAddRows) },
          ],
        },
      ],
    },
  ];
}

/** The Keras model's words of a batch, and a large batch of long texts. */
export const gatherCases: readonly KernelCase[] = [
  ...embedding(10_000, 128, 640, 'quick'),
  ...embedding(50_000, 512, 32_768, 'large'),
];
