import { ceilDivide, defineKernel, type Kernel, type Span, type Split, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { NOT_A_NUMBER } from './nan.js';

/*
 * Gather of the rows of a table by index, and its gradient, a scatter-add:
 *
 *   gather:       y[i,:] = table[indices[i],:]
 *   scatter-add:  dtable[v,:] = Σ_{i: indices[i] = v} dy[i,:]
 *
 * with table (rows, cols), indices (count) and y (count, cols). Several i may have the same index; WGSL has no float
 * atomics, and with them the order of summation would not be fixed. So the i are sorted by their index (sort.ts, which
 * is stable), one kernel finds where the i of each row begin, and another sums the rows, each in ascending order of i.
 * Indices out of bounds give NaN in a gather, and are ignored by a scatter-add.
 */
const THREADS = 64;

/**
 * Splits the table of a gather by rows: each launch writes the rows of y that it has in its part of the table. The
 * first one also fills all other rows with NaN, which later launches overwrite.
 */
const splitTable: Split<'table', 'rows' | 'cols' | 'first_row'> = {
  parts: ({ rows }) => rows,
  launch: (values, first, end) => ({
    values: { ...values, rows: end - first, first_row: values.first_row + first },
    spans: { table: { first: first * values.cols, length: (end - first) * values.cols } },
  }),
};

const gatherKernel = (name: string, type: 'f32' | 'vec4f', width: 1 | 4): Kernel =>
  defineKernel({
    name,
    reads: ['table', 'indices'],
    writes: ['y'],
    sizes: ['count', 'rows', 'cols', 'first_row'],
    splits: [splitAlong('count', ({ cols }) => ({ indices: 1, y: cols })), splitTable],
    workgroups: ({ count, cols }) => ceilDivide((count * cols) / width, THREADS),
    cost: ({ count, cols }) => ({ flops: 0, bytes: 4 * count * (2 * cols + 1) }),
    wgsl: wgsl`
struct Sizes { count: u32, rows: u32, cols: u32, first_row: u32 }
@group(0) @binding(0) var<storage, read> table: array<${type}>;    // (rows, cols)
@group(0) @binding(1) var<storage, read> indices: array<i32>;      // (count)
@group(0) @binding(2) var<storage, read_write> y: array<${type}>;  // (count, cols)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${NOT_A_NUMBER}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let length = sizes.cols / ${width}u;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.count * length) { return; }
  let row = indices[index / length] - i32(sizes.first_row);
  if (row >= 0 && row < i32(sizes.rows)) {
    y[index] = table[u32(row) * length + index % length];
  } else if (sizes.first_row == 0u) {
    y[index] = ${type}(not_a_number(index));
  }
}`,
    reference({ table, indices, y, count, rows, cols, first_row }) {
      for (let i = 0; i < count; i++) {
        const row = indices[i] - first_row;
        const own = row >= 0 && row < rows;
        if (own || first_row === 0)
          for (let c = 0; c < cols; c++) y[i * cols + c] = own ? table[row * cols + c] : Number.NaN;
      }
    },
  });

/** y[i,:] = table[indices[i],:], as scalars or, if cols is a multiple of 4, as vec4. */
export const gatherRows = {
  scalar: gatherKernel('gather_rows', 'f32', 1),
  vec4: gatherKernel('gather_rows_vec4', 'vec4f', 4),
} as const;

/** starts[v], for v from 0 to rows, is the number of indices less than v: in `order`, the i of row v begin there. */
export const rowStarts = defineKernel({
  name: 'row_starts',
  reads: ['indices', 'order'],
  writes: ['starts'],
  sizes: ['count', 'rows'],
  workgroups: ({ rows }) => ceilDivide(rows + 1, THREADS),
  cost: ({ count, rows }) => ({
    flops: (rows + 1) * Math.ceil(Math.log2(count + 1)),
    bytes: 4 * (2 * count + rows + 1),
  }),
  wgsl: wgsl`
struct Sizes { count: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;       // (count)
@group(0) @binding(1) var<storage, read> order: array<i32>;         // (count): argsort of the indices
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;  // (rows + 1)
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (row > sizes.rows) { return; }
  var low = 0u;
  var high = sizes.count;
  while (low < high) {
    let half = (low + high) / 2u;
    if (indices[order[half]] < i32(row)) { low = half + 1u; } else { high = half; }
  }
  starts[row] = low;
}`,
  reference({ indices, starts, count, rows }) {
    for (let row = 0; row <= rows; row++)
      starts[row] = indices.subarray(0, count).filter((index) => index < row).length;
  },
});

/**
 * WGSL of the sum, in one column, of the rows of `values` whose index is `row`; `length` is the number of elements per
 * row. Rounding errors grow with the length of a sum, so 64 elements are summed at a time, then 64 of these sums, then
 * those.
 */
export const sumOfRow = (type: 'f32' | 'vec4f'): string => wgsl`
fn sum_of_row(row: u32, column: u32, length: u32) -> ${type} {
  let end = starts[row + 1u];
  var total = ${type}();
  for (var at = starts[row]; at < end;) {
    var blocks = ${type}();
    for (let end_of_blocks = min(at + 4096u, end); at < end_of_blocks;) {
      var block = ${type}();
      for (let end_of_block = min(at + 64u, end_of_blocks); at < end_of_block; at++) {
        block += values[u32(order[at]) * length + column];
      }
      blocks += block;
    }
    total += blocks;
  }
  return total;
}`;

/** Splits a scatter-add along the rows of the given tables; a part also needs the start after its last row. */
export const splitByRows = <const Table extends string>(
  tables: readonly Table[],
): Split<Table | 'starts', 'rows' | 'cols'> => ({
  parts: ({ rows }) => rows,
  launch(values, first, end) {
    const own = { first: first * values.cols, length: (end - first) * values.cols };
    return {
      values: { ...values, rows: end - first },
      spans: {
        ...(Object.fromEntries(tables.map((table) => [table, own])) as Record<Table, Span>),
        starts: { first, length: end - first + 1 },
      },
    };
  },
});

const sums = (name: string, type: 'f32' | 'vec4f', width: 1 | 4): Kernel =>
  defineKernel({
    name,
    reads: ['values', 'order', 'starts'],
    writes: ['y'],
    sizes: ['count', 'rows', 'cols'],
    splits: [splitByRows(['y'])],
    workgroups: ({ rows, cols }) => ceilDivide((rows * cols) / width, THREADS),
    cost: ({ count, rows, cols }) => ({ flops: count * cols, bytes: 4 * (count * (cols + 1) + rows * (cols + 1)) }),
    wgsl: wgsl`
struct Sizes { count: u32, rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> values: array<${type}>;   // (count, cols)
@group(0) @binding(1) var<storage, read> order: array<i32>;        // (count)
@group(0) @binding(2) var<storage, read> starts: array<u32>;       // (rows + 1)
@group(0) @binding(3) var<storage, read_write> y: array<${type}>;  // (rows, cols)
@group(0) @binding(4) var<uniform> sizes: Sizes;
${sumOfRow(type)}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let length = sizes.cols / ${width}u;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.rows * length) { return; }
  y[index] = sum_of_row(index / length, index % length, length);
}`,
    reference({ values, order, starts, y, rows, cols }) {
      for (let row = 0; row < rows; row++) {
        y.fill(0, row * cols, (row + 1) * cols);
        for (let at = starts[row]; at < starts[row + 1]; at++)
          for (let c = 0; c < cols; c++) y[row * cols + c] += values[order[at] * cols + c];
      }
    },
  });

/** y[v,:], the sum of the values whose index is v, as scalars or, if cols is a multiple of 4, as vec4. */
export const sumRows = {
  scalar: sums('sum_rows_by_index', 'f32', 1),
  vec4: sums('sum_rows_by_index_vec4', 'vec4f', 4),
} as const;
