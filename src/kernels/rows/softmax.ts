import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { NOT_A_NUMBER } from '../reduce/nan.js';
import { rowKernels } from './row-kernels.js';

/*
 * Softmax and log-softmax of x (rows, cols) along the last axis, and their gradients. One row group computes one row
 * (row-kernels.ts), except in the naive kernel.
 *
 *   softmax:      y[r,c] = exp(x[r,c] - m[r]) / Σ_k exp(x[r,k] - m[r])      m[r] = max_k x[r,k]
 *   log-softmax:  y[r,c] = x[r,c] - m[r] - log Σ_k exp(x[r,k] - m[r])
 *
 * Subtracting the maximum leaves y unchanged and keeps exp from overflowing.
 */
/** The workgroup size of the naive kernel. */
const THREADS = 64;
const sizes = ['rows', 'cols'] as const;
const workgroups = ({ rows, cols }: { rows: number; cols: number }): number => (cols === 0 ? 0 : rows);
const forward = {
  reads: ['x'],
  writes: ['y'],
  sizes,
  workgroups,
  splits: [splitAlong('rows', ({ cols }) => ({ x: cols, y: cols }))],
} as const;

/** Naive softmax: one invocation reads a row three times, for its maximum, the sum of exponentials and the results. */
export const softmaxNaive = defineKernel({
  name: 'softmax_naive',
  reads: ['x'],
  writes: ['y'],
  sizes: ['rows', 'cols'],
  workgroups: ({ rows, cols }) => (cols === 0 ? 0 : ceilDivide(rows, THREADS)),
  cost: ({ rows, cols }) => ({ flops: 11 * rows * cols, bytes: 8 * rows * cols }),
  wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (rows, cols)
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (rows, cols)
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (row >= sizes.rows) { return; }
  let begin = row * sizes.cols;
  let end = begin + sizes.cols;
  var largest = x[begin];
  for (var at = begin; at < end; at++) { largest = max(largest, x[at]); }
  var sum = 0.0;
  for (var at = begin; at < end; at++) { sum += exp(x[at] - largest); }
  for (var at = begin; at < end; at++) { y[at] = exp(x[at] - largest) / sum; }
}`,
  reference({ x, y, rows, cols }) {
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * cols, (r + 1) * cols);
      const { shift, total } = statistics(row);
      row.forEach((value, c) => {
        y[r * cols + c] = Math.exp(value - shift) / total;
      });
    }
  },
});

/**
 * WGSL of the maximum of a row of x, and of the sum of exp(x - maximum). Both are NaN if the softmax of the row is
 * undefined, because it has a NaN or ∞, or only -∞: exp and log of some adapters do not propagate NaN.
 */
export const rowStatistics = (x: string): string => wgsl`
struct RowStatistics { maximum: f32, sum: f32 }
fn row_statistics(row: u32, begin: u32, end: u32, thread: u32) -> RowStatistics {
  var largest = ${x}[begin];
  var bits = Bits();
  for (var at = begin + thread; at < end; at += THREADS) {
    largest = max(largest, ${x}[at]);
    bits = max(bits, magnitude(${x}[at]));
  }
  let row_max = reduce_max(largest, bits, thread);
  let defined = (bitcast<u32>(row_max) & 0x7fffffffu) < 0x7f800000u;
  let shift = select(not_a_number(row), row_max, defined);
  var sum = Element();
  for (var at = begin + thread; at < end; at += THREADS) { sum += exp(${x}[at] - shift); }
  let row_sum = reduce_sum(sum, thread);
  return RowStatistics(shift, select(shift, row_sum, defined));
}`;

/** y = softmax(x) of each row. */
export const softmaxForward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `softmax${suffix}`,
    ...forward,
    subgroupLanes,
    cost: softmaxNaive.cost,
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> x: array<${element}>;        // (rows, cols)
@group(0) @binding(1) var<storage, read_write> y: array<${element}>;  // (rows, cols)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${reduction}
${NOT_A_NUMBER}
${rowStatistics('x')}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  let own = row_statistics(row, begin, end, thread);
  for (var at = begin + thread; at < end; at += THREADS) { y[at] = exp(x[at] - own.maximum) / own.sum; }
}`,
    reference: softmaxNaive.reference,
  }),
);

/** y = log softmax(x) of each row. */
export const logSoftmaxForward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `log_softmax${suffix}`,
    ...forward,
    subgroupLanes,
    cost: ({ rows, cols }) => ({ flops: 8 * rows * cols, bytes: 8 * rows * cols }),
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> x: array<${element}>;        // (rows, cols)
@group(0) @binding(1) var<storage, read_write> y: array<${element}>;  // (rows, cols)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${reduction}
${NOT_A_NUMBER}
${rowStatistics('x')}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  let own = row_statistics(row, begin, end, thread);
  let log_sum = log(own.sum); // subtracted last, as adding it to a large maximum would round it away
  for (var at = begin + thread; at < end; at += THREADS) { y[at] = (x[at] - own.maximum) - log_sum; }
}`,
    reference({ x, y, rows, cols }) {
      for (let r = 0; r < rows; r++) {
        const row = x.subarray(r * cols, (r + 1) * cols);
        const { shift, total } = statistics(row);
        row.forEach((value, c) => {
          y[r * cols + c] = value - shift - Math.log(total);
        });
      }
    },
  }),
);

const gradient = {
  reads: ['y', 'dy'],
  writes: ['dx'],
  sizes,
  splits: [splitAlong('rows', ({ cols }) => ({ y: cols, dy: cols, dx: cols }))],
  workgroups,
} as const;
const gradientHead = (element: string) => wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> y: array<${element}>;         // (rows, cols)
@group(0) @binding(1) var<storage, read> dy: array<${element}>;        // (rows, cols)
@group(0) @binding(2) var<storage, read_write> dx: array<${element}>;  // (rows, cols)
@group(0) @binding(3) var<uniform> sizes: Sizes;`;

/** dx = y ⊙ (dy - Σ_k dy[k]·y[k]), where y = softmax(x). */
export const softmaxBackward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `softmax_backward${suffix}`,
    ...gradient,
    subgroupLanes,
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, bytes: 12 * rows * cols }),
    wgsl: wgsl`${gradientHead(element)}
${reduction}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  var sum = Element();
  for (var at = begin + thread; at < end; at += THREADS) { sum += dy[at] * y[at]; }
  let total = reduce_sum(sum, thread);
  for (var at = begin + thread; at < end; at += THREADS) { dx[at] = y[at] * (dy[at] - total); }
}`,
    reference({ y, dy, dx, rows, cols }) {
      for (let r = 0; r < rows; r++) {
        let total = 0;
        for (let at = r * cols; at < (r + 1) * cols; at++) total += dy[at] * y[at];
        for (let at = r * cols; at < (r + 1) * cols; at++) dx[at] = y[at] * (dy[at] - total);
      }
    },
  }),
);

/** dx = dy - exp(y) · Σ_k dy[k], where y = log softmax(x). */
export const logSoftmaxBackward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `log_softmax_backward${suffix}`,
    ...gradient,
    subgroupLanes,
    cost: ({ rows, cols }) => ({ flops: 7 * rows * cols, bytes: 12 * rows * cols }),
    wgsl: wgsl`${gradientHead(element)}
${reduction}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  var sum = Element();
  for (var at = begin + thread; at < end; at += THREADS) { sum += dy[at]; }
  let row_sum = reduce_sum(sum, thread);
  let first = pick(y[begin], 0u); // if any y of a row is NaN, all are
  let total = select(row_sum, first, is_nan(first));
  for (var at = begin + thread; at < end; at += THREADS) { dx[at] = dy[at] - exp(y[at]) * total; }
}`,
    reference({ y, dy, dx, rows, cols }) {
      for (let r = 0; r < rows; r++) {
        let total = 0;
        for (let at = r * cols; at < (r + 1) * cols; at++) total += dy[at];
        for (let at = r * cols; at < (r + 1) * cols; at++) dx[at] = dy[at] - Math.exp(y[at]) * total;
      }
    },
  }),
);

/** The maximum of a row, and the sum of exp(x - maximum), in float64. */
export function statistics(row: Float64Array): { shift: number; total: number } {
  if (row.some((value) => Number.isNaN(value))) return { shift: Number.NaN, total: Number.NaN };
  const shift = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return { shift, total: row.reduce((sum, value) => sum + Math.exp(value - shift), 0) };
}
