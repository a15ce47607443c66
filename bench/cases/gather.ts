import { argsort, gatherRows, rowStarts, sumRows } from '../../src/kernels/index.js';
import { SORTED_BLOCK } from '../../src/kernels/reduce/sort.js';
import { Generator } from '../../src/tensor/index.js';
import { type KernelCase, ownNames, type Rung, type Step, single } from './case.js';

/** Sorts the positions of the indices, by merging `spare0` into `spare1` and back, at last into `order`. */
function sortPlaces(count: number): Step[] {
  const merges = Math.max(0, Math.ceil(Math.log2(count / SORTED_BLOCK)));
  const to = (merged: number) => (merged === merges ? 'order' : `spare${merged % 2}`);
  const { blocks, merge } = argsort.i32;
  const size = { outer: 1, n: count, inner: 1 };
  return [
    { kernel: blocks, values: { ...size, run: SORTED_BLOCK }, buffers: { x: 'indices', y: to(0) } },
    ...Array.from({ length: merges }, (_, merged) => ({
      kernel: merge,
      values: { ...size, run: SORTED_BLOCK * 2 ** merged },
      buffers: { x: 'indices', sorted: to(merged), y: to(merged + 1) },
    })),
  ];
}

/** `count` rows of a table (rows, cols), as an embedding takes them, and the gradient of that. */
function embedding(rows: number, cols: number, count: number, when?: KernelCase['when']): KernelCase[] {
  const values = { count, rows, cols };
  const generator = new Generator(1);
  const indices = Int32Array.from({ length: count }, () => generator.integer(rows));
  const gathered = { ...values, first_row: 0 };
  const positions = () => new Int32Array(count);
  const summed = (name: string, kernel: typeof sumRows.scalar): Rung => ({
    name,
    steps: [
      ...sortPlaces(count),
      { kernel: rowStarts, values: { count, rows }, buffers: ownNames(rowStarts) },
      { kernel, values, buffers: ownNames(kernel) },
    ],
  });
  return [
    {
      when,
      ...gatherRows.scalar.cost(gathered),
      name: `gather ${count} of ${rows} x ${cols}`,
      outputs: ['y'],
      buffers: { table: rows * cols, indices, y: count * cols },
      rungs: [single('an element', gatherRows.scalar, gathered), single('vec4', gatherRows.vec4, gathered)],
    },
    {
      when,
      ...sumRows.scalar.cost(values),
      name: `scatter-add ${count} to ${rows} x ${cols}`,
      outputs: ['y'],
      buffers: {
        values: count * cols,
        indices,
        y: rows * cols,
        starts: new Uint32Array(rows + 1),
        order: positions(),
        spare0: positions(),
        spare1: positions(),
      },
      rungs: [summed('sorted, an element', sumRows.scalar), summed('sorted, vec4', sumRows.vec4)],
    },
  ];
}

/** The Keras model's words of a batch, and a large batch of long texts. */
export const gatherCases: readonly KernelCase[] = [
  ...embedding(10_000, 128, 640, 'quick'),
  ...embedding(50_000, 512, 32_768, 'large'),
];
