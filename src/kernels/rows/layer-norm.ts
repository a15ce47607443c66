import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { rowKernels } from './row-kernels.js';

/*
 * Layer normalization (Ba, Kiros and Hinton 2016) of x (rows, cols) with scale and shift (cols), and its gradient:
 *
 *   x̂[r,c] = (x[r,c] - mean[r] - mean_low[r]) · rstd[r]      rstd[r] = 1 / √(variance[r] + ε)
 *   y[r,c] = x̂[r,c] · scale[c] + shift[c]
 *
 * If the mean is large against the standard deviation, even its rounding error is. So the variance is computed by the
 * corrected two-pass algorithm (Chan, Golub and LeVeque 1983), with the deviations d = x - mean, which are exact:
 *
 *   mean_low = Σ_c d[c] / cols      variance = Σ_c d[c]² / cols - mean_low²
 *
 * mean_low is the part of the mean that rounding dropped. With `centered` 0 both are 0 throughout: RMS normalization
 * (Zhang and Sennrich 2019). mean, mean_low and rstd (rows) are stored, so that the gradient recomputes x̂ instead of
 * reading it. One row group computes one row (row-kernels.ts).
 */
/** The workgroup size of the naive kernel. */
const THREADS = 64;

/** y, and mean, mean_low and rstd of each row, naively: one invocation reads a row three times. */
export const layerNormNaive = defineKernel({
  name: 'layer_norm_naive',
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'mean_low', 'rstd'],
  sizes: ['rows', 'cols', 'centered'],
  numbers: ['epsilon'],
  workgroups: ({ rows }) => ceilDivide(rows, THREADS),
  cost: ({ rows, cols }) => ({ flops: 9 * rows * cols, bytes: 4 * (2 * rows * cols + 3 * rows + 2 * cols) }),
  wgsl: wgsl`
struct Sizes { rows: u32, cols: u32, centered: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;               // (rows, cols)
@group(0) @binding(1) var<storage, read> scale: array<f32>;           // (cols)
@group(0) @binding(2) var<storage, read> shift: array<f32>;           // (cols)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;         // (rows, cols)
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;      // (rows)
@group(0) @binding(5) var<storage, read_write> mean_low: array<f32>;  // (rows)
@group(0) @binding(6) var<storage, read_write> rstd: array<f32>;      // (rows)
@group(0) @binding(7) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (row >= sizes.rows) { return; }
  let begin = row * sizes.cols;
  var sum = 0.0;
  for (var c = 0u; c < sizes.cols; c++) { sum += x[begin + c]; }
  let row_mean = select(0.0, sum / f32(sizes.cols), sizes.centered == 1u);
  var deviations = 0.0;
  var squares = 0.0;
  for (var c = 0u; c < sizes.cols; c++) {
    let deviation = x[begin + c] - row_mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  let row_mean_low = select(0.0, deviations / f32(sizes.cols), sizes.centered == 1u);
  let variance = squares / f32(sizes.cols) - row_mean_low * row_mean_low;
  let row_rstd = 1.0 / sqrt(select(variance, 0.0, variance < 0.0) + sizes.epsilon);
  for (var c = 0u; c < sizes.cols; c++) { y[begin + c] = (x[begin + c] - row_mean - row_mean_low) * row_rstd * scale[c] + shift[c]; }
  mean[row] = row_mean;
  mean_low[row] = row_mean_low;
  rstd[row] = row_rstd;
}`,
  reference({ x, scale, shift, y, mean, mean_low, rstd, rows, cols, centered, epsilon }) {
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * cols, (r + 1) * cols);
      mean[r] = centered === 1 ? row.reduce((sum, value) => sum + value, 0) / cols : 0;
      mean_low[r] = 0; // negligible in float64
      rstd[r] = 1 / Math.sqrt(row.reduce((sum, value) => sum + (value - mean[r]) ** 2, 0) / cols + epsilon);
      row.forEach((value, c) => {
        y[r * cols + c] = (value - mean[r]) * rstd[r] * scale[c] + shift[c];
      });
    }
  },
});

/** y, and mean, mean_low and rstd of each row. */
export const layerNormForward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `layer_norm${suffix}`,
    reads: ['x', 'scale', 'shift'],
    writes: ['y', 'mean', 'mean_low', 'rstd'],
    sizes: ['rows', 'cols', 'centered'],
    numbers: ['epsilon'],
    splits: [splitAlong('rows', ({ cols }) => ({ x: cols, y: cols, mean: 1, mean_low: 1, rstd: 1 }))],
    subgroupLanes,
    workgroups: ({ rows }) => rows,
    cost: layerNormNaive.cost,
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32, centered: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<${element}>;        // (rows, cols)
@group(0) @binding(1) var<storage, read> scale: array<${element}>;    // (cols)
@group(0) @binding(2) var<storage, read> shift: array<${element}>;    // (cols)
@group(0) @binding(3) var<storage, read_write> y: array<${element}>;  // (rows, cols)
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;      // (rows)
@group(0) @binding(5) var<storage, read_write> mean_low: array<f32>;  // (rows)
@group(0) @binding(6) var<storage, read_write> rstd: array<f32>;      // (rows)
@group(0) @binding(7) var<uniform> sizes: Sizes;
${reduction}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  var sum = Element();
  for (var at = begin + thread; at < end; at += THREADS) { sum += x[at]; }
  let total = reduce_sum(sum, thread);
  let row_mean = select(0.0, total / f32(sizes.cols), sizes.centered == 1u);
  var deviations = Element();
  var squares = Element();
  for (var at = begin + thread; at < end; at += THREADS) {
    let deviation = x[at] - row_mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  let mean_deviation = reduce_sum(deviations, thread) / f32(sizes.cols);
  let row_mean_low = select(0.0, mean_deviation, sizes.centered == 1u);
  let variance = reduce_sum(squares, thread) / f32(sizes.cols) - row_mean_low * row_mean_low;
  // In a row of equal elements, rounding may leave a variance less than 0.
  let row_rstd = 1.0 / sqrt(select(variance, 0.0, variance < 0.0) + sizes.epsilon);
  for (var at = begin + thread; at < end; at += THREADS) {
    y[at] = (x[at] - row_mean - row_mean_low) * row_rstd * scale[at - begin] + shift[at - begin];
  }
  if (thread == 0u) {
    mean[row] = row_mean;
    mean_low[row] = row_mean_low;
    rstd[row] = row_rstd;
  }
}`,
    reference: layerNormNaive.reference,
  }),
);

/** dx[r,c] = rstd[r] · (g[c] - Σ_k g[k]/cols - x̂[r,c] · Σ_k g[k]·x̂[r,k]/cols), where g = dy[r] ⊙ scale. */
export const layerNormBackward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `layer_norm_backward${suffix}`,
    reads: ['x', 'scale', 'mean', 'mean_low', 'rstd', 'dy'],
    writes: ['dx'],
    sizes: ['rows', 'cols', 'centered'],
    splits: [splitAlong('rows', ({ cols }) => ({ x: cols, dy: cols, dx: cols, mean: 1, mean_low: 1, rstd: 1 }))],
    subgroupLanes,
    workgroups: ({ rows }) => rows,
    cost: ({ rows, cols }) => ({ flops: 15 * rows * cols, bytes: 4 * (3 * rows * cols + cols + 3 * rows) }),
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32, centered: u32 }
@group(0) @binding(0) var<storage, read> x: array<${element}>;         // (rows, cols)
@group(0) @binding(1) var<storage, read> scale: array<${element}>;     // (cols)
@group(0) @binding(2) var<storage, read> mean: array<f32>;             // (rows)
@group(0) @binding(3) var<storage, read> mean_low: array<f32>;         // (rows)
@group(0) @binding(4) var<storage, read> rstd: array<f32>;             // (rows)
@group(0) @binding(5) var<storage, read> dy: array<${element}>;        // (rows, cols)
@group(0) @binding(6) var<storage, read_write> dx: array<${element}>;  // (rows, cols)
@group(0) @binding(7) var<uniform> sizes: Sizes;
${reduction}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // dispatches of more than 65,535 workgroups extend into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  let row_mean = mean[row];
  let row_mean_low = mean_low[row];
  let row_rstd = rstd[row];
  var sum = Element();      // Σ g
  var products = Element(); // Σ g · x̂
  for (var at = begin + thread; at < end; at += THREADS) {
    let g = dy[at] * scale[at - begin];
    sum += g;
    products += g * (x[at] - row_mean - row_mean_low) * row_rstd;
  }
  let total = reduce_sum(sum, thread);
  let along_mean = select(0.0, total / f32(sizes.cols), sizes.centered == 1u);
  let along_x = reduce_sum(products, thread) / f32(sizes.cols);
  for (var at = begin + thread; at < end; at += THREADS) {
    dx[at] = row_rstd * (dy[at] * scale[at - begin] - along_mean - (x[at] - row_mean - row_mean_low) * row_rstd * along_x);
  }
}`,
    reference({ x, scale, mean, mean_low, rstd, dy, dx, rows, cols, centered }) {
      for (let r = 0; r < rows; r++) {
        const columns = Array.from({ length: cols }, (_, c) => c);
        const g = columns.map((c) => dy[r * cols + c] * scale[c]);
        const normal = columns.map((c) => (x[r * cols + c] - mean[r] - mean_low[r]) * rstd[r]);
        const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / cols;
        const alongMean = centered === 1 ? average(g) : 0;
        const alongX = average(g.map((value, c) => value * normal[c]));
        for (const c of columns) dx[r * cols + c] = rstd[r] * (g[c] - alongMean - normal[c] * alongX);
      }
    },
  }),
);
