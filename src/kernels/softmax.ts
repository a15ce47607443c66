import { defineKernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

/*
 * Softmax and its logarithm along the last axis. Every axis but the last is folded into `rows`; one workgroup computes
 * one row.
 *
 *   softmax:      y[r,c] = exp(x[r,c] - m[r]) / Σ_k exp(x[r,k] - m[r])      m[r] = max_k x[r,k]
 *   log-softmax:  y[r,c] = x[r,c] - m[r] - log Σ_k exp(x[r,k] - m[r])
 *
 * Taking out the row maximum leaves y unchanged and keeps exp from overflowing.
 */
const THREADS = 64; // per row; a power of two, because the reduction halves it

/** Folds one value of each invocation to one for the workgroup, in a fixed order. Ends with a barrier. */
export const foldWorkgroup = (name: string, combine: string): string => wgsl`
fn ${name}(value: f32, thread: u32) -> f32 {
  partial[thread] = value;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      let a = partial[thread];
      let b = partial[thread + half];
      partial[thread] = ${combine};
    }
  }
  return workgroupUniformLoad(&partial[0]); // with a barrier before and after
}`;

/** Reads the row's maximum and Σ exp(x - maximum) into \`shift\` and \`total\`. */
const rowStatistics = wgsl`
  var largest = x[row * sizes.cols];
  for (var c = thread; c < sizes.cols; c += THREADS) { largest = max(largest, x[row * sizes.cols + c]); }
  let shift = row_max(largest, thread);
  var sum = 0.0;
  for (var c = thread; c < sizes.cols; c += THREADS) { sum += exp(x[row * sizes.cols + c] - shift); }
  let total = row_sum(sum, thread);`;

const head = wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (rows, cols)
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (rows, cols)
@group(0) @binding(2) var<uniform> sizes: Sizes;
const THREADS = ${THREADS}u;
var<workgroup> partial: array<f32, THREADS>;
${foldWorkgroup('row_max', 'max(a, b)')}
${foldWorkgroup('row_sum', 'a + b')}`;

/** Softmax of each row. */
export const softmaxForward = defineKernel({
  name: 'softmax',
  reads: ['x'],
  writes: ['y'],
  sizes: ['rows', 'cols'],
  workgroups: ({ rows, cols }) => (cols === 0 ? 0 : rows),
  cost: ({ rows, cols }) => ({ flops: 11 * rows * cols, bytes: 8 * rows * cols }),
  wgsl: wgsl`${head}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.rows) { return; }
${rowStatistics}
  for (var c = thread; c < sizes.cols; c += THREADS) {
    y[row * sizes.cols + c] = exp(x[row * sizes.cols + c] - shift) / total;
  }
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

/** ln softmax of each row. */
export const logSoftmaxForward = defineKernel({
  name: 'log_softmax',
  reads: ['x'],
  writes: ['y'],
  sizes: ['rows', 'cols'],
  workgroups: ({ rows, cols }) => (cols === 0 ? 0 : rows),
  cost: ({ rows, cols }) => ({ flops: 8 * rows * cols, bytes: 8 * rows * cols }),
  wgsl: wgsl`${head}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.rows) { return; }
${rowStatistics}
  let log_total = log(total); // taken off last: shift may be large, and its sum with this would round
  for (var c = thread; c < sizes.cols; c += THREADS) {
    y[row * sizes.cols + c] = (x[row * sizes.cols + c] - shift) - log_total;
  }
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
});

/** The maximum of a row, and the sum of its exponentials after taking the maximum out. */
export function statistics(row: Float64Array): { shift: number; total: number } {
  const shift = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return { shift, total: row.reduce((sum, value) => sum + Math.exp(value - shift), 0) };
}
