import { gatherRows, rowStarts, sumRows } from '../../../src/kernels/reduce/gather.js';
import { argmaxColumns, reductions } from '../../../src/kernels/reduce/reduce.js';
import { rowsCpu } from '../../../src/kernels/reduce/rows-cpu.js';
import { cumsum } from '../../../src/kernels/reduce/scan.js';
import { argsort, SORTED_BLOCK } from '../../../src/kernels/reduce/sort.js';
import type { KernelCase } from '../../support/kernels.js';
import { integers, normals } from '../../support/numbers.js';
import { spoil } from './common.js';

function reduction(
  kernel: KernelCase['kernel'],
  outer: number,
  n: number,
  inner: number,
  chunk_length = n,
): KernelCase {
  const chunks = n === 0 ? 1 : Math.ceil(n / chunk_length);
  return {
    kernel,
    note: `(${outer}, ${n}, ${inner}) in ${chunks} chunks`,
    values: { outer, n, inner, chunks, chunk_length },
    buffers: { x: outer * n * inner, y: outer * chunks * inner },
    tolerance: { absolute: 1e-4 },
  };
}
/** The same with numbers that rise, or fall, all the way: no neighbor may be taken for an element. */
const sloped = (one: KernelCase, slope: number): KernelCase => ({
  ...one,
  note: `${one.note}, slope ${slope}`,
  buffers: {
    ...one.buffers,
    x: Float32Array.from({ length: one.buffers.x as number }, (_, at) => 1 + slope * (at - 500) * 1e-3),
  },
});
/** The same with a few numbers that are none. */
const spoiled = (one: KernelCase): KernelCase => ({
  ...one,
  note: `${one.note}, with NaN`,
  buffers: { ...one.buffers, x: spoil(normals(one.buffers.x as number), 171) },
});
export const reduce = (['sum', 'prod', 'max', 'min'] as const)
  .map((name) => ({ ...reductions[name], rowsCpu: rowsCpu[name] }))
  .flatMap(({ rows, columns, columnsVec4, rowsCpu }) => [
    ...[
      [4, 4],
      [8, 64],
      [36, 8],
      [0, 4],
    ].map(([outer, n]) => reduction(rowsCpu, outer, n, 1)),
    reduction(rowsCpu, 2, 1008, 1, 256),
    spoiled(reduction(rowsCpu, 4, 300, 1, 100)),
    ...[1, -1].map((slope) => sloped(reduction(rowsCpu, 4, 300, 1, 100), slope)),
    ...[
      [1, 1, 4],
      [2, 7, 12],
      [3, 100, 64],
      [1, 5, 260],
      [0, 4, 4],
    ].map(([outer, n, inner]) => reduction(columnsVec4, outer, n, inner)),
    reduction(columnsVec4, 2, 101, 8, 10),
    spoiled(reduction(columnsVec4, 2, 30, 8, 7)),
    ...[1, -1].flatMap((slope) =>
      [reduction(columnsVec4, 2, 30, 8, 7), reduction(columnsVec4, 3, 5, 8)].map((one) => sloped(one, slope)),
    ),
    ...[
      [1, 1],
      [3, 63],
      [2, 64],
      [5, 65],
      [1, 1009],
    ].map(([outer, n]) => reduction(rows, outer, n, 1)),
    reduction(rows, 2, 1009, 1, 100),
    ...[reduction(rows, 5, 300, 1, 100), reduction(rows, 9, 65, 1), reduction(columns, 2, 30, 6, 7)].map(spoiled),
    ...[1, -1].flatMap((slope) => [
      ...[reduction(rows, 4, 300, 1, 100), reduction(rows, 8, 1, 1)].map((one) => sloped(one, slope)),
      ...[reduction(columns, 2, 30, 6, 7), reduction(columns, 4, 1, 1), reduction(columns, 3, 5, 8)].map((one) =>
        sloped(one, slope),
      ),
    ]),
    ...[
      [1, 1, 1],
      [2, 7, 3],
      [3, 100, 64],
      [1, 5, 257],
      [0, 4, 3],
    ].map(([outer, n, inner]) => reduction(columns, outer, n, inner)),
    reduction(columns, 2, 101, 5, 10),
  ]);
export const scans: KernelCase[] = [
  [1, 1, 1],
  [2, 7, 3],
  [3, 67, 1],
  [1, 1000, 2],
  [2, 3, 10],
  [2, 0, 3],
].flatMap(([outer, n, inner]) =>
  [0, 1].map((flag) => ({
    kernel: cumsum,
    note: `${outer} x ${n} x ${inner}, ${flag ? 'exclusive, reverse' : 'plain'}`,
    values: { outer: outer, n: n, inner: inner, exclusive: flag, reverse: flag },
    buffers: { x: outer * n * inner, y: outer * n * inner },
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  })),
);
export const sorts: KernelCase[] = [
  [1, 1, 1],
  [2, 7, 3],
  [1, 67, 1],
  [2, 300, 2],
  [2, 5, 2],
  [2, 0, 3],
].flatMap(([outer, n, inner]) =>
  [4, 64, SORTED_BLOCK].flatMap((run): KernelCase[] => {
    const note = `${outer} x ${n} x ${inner}, runs of ${run}`;
    const count = outer * n * inner;
    const common = { note, values: { outer: outer, n: n, inner: inner, run }, types: { y: 'i32' } } as const;
    // Few different numbers: there are ties to order.
    const numbers = integers(count, 40);
    const floats = Float32Array.from(numbers, (value) =>
      value === 7 ? Number.NaN : value === 8 ? Number.POSITIVE_INFINITY : value - 20,
    );
    return (
      [
        ['f32', floats],
        ['i32', numbers.map((value) => value - 20)],
      ] as const
    ).flatMap(([type, x]): KernelCase[] => {
      const { blocks, merge } = argsort[type];
      const sorted = new Float64Array(count);
      blocks.reference({ x: Float64Array.from(x), y: sorted, ...common.values });
      return [
        { kernel: blocks, ...common, buffers: { x, y: count } },
        { kernel: merge, ...common, buffers: { x, sorted: Int32Array.from(sorted), y: count } },
      ];
    });
  }),
);
export const emptySums = [reduction(reductions.sum.columns, 2, 0, 3), reduction(reductions.sum.rows, 2, 0, 1)];
export const argmax: KernelCase[] = [
  [1, 1, 1],
  [3, 7, 5],
  [2, 64, 1],
  [67, 10, 1],
  [4, 3, 7],
].flatMap(([outer, n, inner]) => {
  const one = { kernel: argmaxColumns, values: { outer: outer, n: n, inner: inner }, types: { y: 'i32' } } as const;
  const size = `(${outer}, ${n}, ${inner})`;
  const [y, count] = [outer * inner, outer * n * inner];
  return [
    { ...one, note: `${size}, many ties`, buffers: { x: Float32Array.from(integers(count, 5)), y } },
    { ...one, note: `${size}, NaN`, buffers: { x: spoil(normals(count), 13), y } },
    { ...one, note: `${size}, rising`, buffers: { x: Float32Array.from({ length: count }, (_, at) => at), y } },
  ];
});
/** The positions of indices in the order of the rows that they name, and where each row's positions begin. */
export function byRow(indices: Int32Array, rows: number): { order: Int32Array; starts: Uint32Array } {
  const order = Int32Array.from(indices, (_, position) => position).sort((a, b) => indices[a] - indices[b] || a - b);
  const starts = Uint32Array.from({ length: rows + 1 }, (_, row) => indices.filter((index) => index < row).length);
  return { order, starts };
}
export const gather = [
  [1, 1, 1],
  [70, 30, 8],
  [5, 129, 4],
  [7, 5, 3],
  [70, 11, 64],
  [0, 3, 2],
  [300, 4, 5],
  [6, 4, 2],
].flatMap(([count, rows, cols]): KernelCase[] => {
  const indices = integers(count, rows + 2).map((index) => index - 1); // some lie outside of the table
  const note = `${count} of (${rows}, ${cols})`;
  const { order, starts } = byRow(indices, rows);
  const values = { count: count, rows: rows, cols: cols };
  return [
    ...(cols % 4 === 0 ? [gatherRows.scalar, gatherRows.vec4] : [gatherRows.scalar]).map((kernel) => ({
      kernel,
      note,
      values: { ...values, first_row: 0 },
      buffers: { table: rows * cols, indices, y: count * cols },
    })),
    {
      kernel: rowStarts,
      note,
      values: { count: count, rows: rows },
      buffers: { indices, order, starts: rows + 1 },
      types: { starts: 'u32' },
    },
    ...(cols % 4 === 0 ? [sumRows.scalar, sumRows.vec4] : [sumRows.scalar]).map((kernel) => ({
      kernel,
      note,
      values,
      buffers: { values: count * cols, order, starts, y: rows * cols },
    })),
  ];
});
