import { ceilDivide, defineKernel, type Kernel, type Span, type Split, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { NOT_A_NUMBER } from './nan.js';

/*
 * Rows of a table by index, and the gradient of that: a scatter-add.
 *
 *   gather:       y[i,:] = table[indices[i],:]
 *   scatter-add:  dtable[v,:] = Σ_{i: indices[i] = v} dy[i,:]
 *
 * Several i may name one row, and WGSL has no float atomics; their sum would not have a fixed order either. So the
 * positions i are sorted by the row that they index (sort.ts, which is stable), one kernel finds where each row's
 * positions begin, and another sums them, each row in ascending order of i. Indices outside of the table give NaN, and are
 * left out of sums.
 */
const THREADS = 64;

/**
 * Splits the table of a gather: a part of the rows, from `first_row` on, fills in what it has. The part with the first row
 * also writes NaN, over which the others write.
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

/** y[i,:] = table[indices[i],:]: scalar, or vec4 where rows are a multiple of four long. */
export const gatherRows = {
  scalar: gatherKernel('gather_rows', 'f32', 1),
  vec4: gatherKernel('gather_rows_vec4', 'vec4f', 4),
} as const;

/** starts[v] = how many of the sorted indices are below v, for v from 0 to rows: where the positions of row v begin. */
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
@group(0) @binding(1) var<storage, read> order: array<i32>;         // (count): sorts the indices
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
 * Σ of the rows of `values` that belong to `row`, at a column, for an element type and the number of elements in a row.
 * Each addition to a long sum rounds by its size: 64 are added up at a time, then 64 of these sums, then what these give.
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

/** Splits what is summed by row along the rows of tables: a part needs the start that ends its last row, too. */
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

/** y[v,:] = Σ of the values that belong to row v: scalar, or vec4 where rows are a multiple of four long. */
export const sumRows = {
  scalar: sums('sum_rows_by_index', 'f32', 1),
  vec4: sums('sum_rows_by_index_vec4', 'vec4f', 4),
} as const;
