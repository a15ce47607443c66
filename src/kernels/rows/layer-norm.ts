import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { rowKernels } from './row-kernels.js';

/*
 * Layer normalisation (Ba, Kiros and Hinton 2016) of rows, and its gradient; one row group computes one row
 * (row-kernels.ts).
 *
 *   x̂[r,c] = (x[r,c] - mean[r] - rest[r]) · inverse[r]      inverse[r] = 1 / √(variance[r] + ε)
 *   y[r,c] = x̂[r,c] · scale[c] + shift[c]
 *
 * A mean that is large against the deviation loses it when it is rounded, so the variance is taken by the corrected
 * two-pass formula (Chan, Golub and LeVeque 1983): with d = x - mean, which is exact,
 *
 *   rest = Σ_c d[c] / cols      variance = Σ_c d[c]² / cols - rest²
 *
 * With `centred` 0 the mean is not taken out, but is 0 throughout: RMS normalisation (Zhang and Sennrich 2019). Mean,
 * rest and inverse of each row are kept, so that the gradient makes x̂ again instead of reading it.
 */
/** Invocations of a workgroup of the naive kernel. */
const THREADS = 64;

/** y, and mean, rest and inverse of each row, by definition: one invocation walks a row three times. */
export const layerNormNaive = defineKernel({
  name: 'layer_norm_naive',
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'rest', 'inverse'],
  sizes: ['rows', 'cols', 'centred'],
  numbers: ['epsilon'],
  workgroups: ({ rows }) => ceilDivide(rows, THREADS),
  cost: ({ rows, cols }) => ({ flops: 9 * rows * cols, bytes: 4 * (2 * rows * cols + 3 * rows + 2 * cols) }),
  wgsl: wgsl`
struct Sizes { rows: u32, cols: u32, centred: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;              // (rows, cols)
@group(0) @binding(1) var<storage, read> scale: array<f32>;          // (cols)
@group(0) @binding(2) var<storage, read> shift: array<f32>;          // (cols)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;        // (rows, cols)
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;     // (rows)
@group(0) @binding(5) var<storage, read_write> rest: array<f32>;     // (rows)
@group(0) @binding(6) var<storage, read_write> inverse: array<f32>;  // (rows)
@group(0) @binding(7) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (row >= sizes.rows) { return; }
  let begin = row * sizes.cols;
  var sum = 0.0;
  for (var c = 0u; c < sizes.cols; c++) { sum += x[begin + c]; }
  let middle = select(0.0, sum / f32(sizes.cols), sizes.centred == 1u);
  var distances = 0.0;
  var squares = 0.0;
  for (var c = 0u; c < sizes.cols; c++) {
    let distance = x[begin + c] - middle;
    distances += distance;
    squares += distance * distance;
  }
  let lost = select(0.0, distances / f32(sizes.cols), sizes.centred == 1u);
  let variance = squares / f32(sizes.cols) - lost * lost;
  let factor = 1.0 / sqrt(select(variance, 0.0, variance < 0.0) + sizes.epsilon);
  for (var c = 0u; c < sizes.cols; c++) { y[begin + c] = (x[begin + c] - middle - lost) * factor * scale[c] + shift[c]; }
  mean[row] = middle;
  rest[row] = lost;
  inverse[row] = factor;
}`,
  reference({ x, scale, shift, y, mean, rest, inverse, rows, cols, centred, epsilon }) {
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * cols, (r + 1) * cols);
      mean[r] = centred === 1 ? row.reduce((sum, value) => sum + value, 0) / cols : 0;
      rest[r] = 0; // of float64
      inverse[r] = 1 / Math.sqrt(row.reduce((sum, value) => sum + (value - mean[r]) ** 2, 0) / cols + epsilon);
      row.forEach((value, c) => {
        y[r * cols + c] = (value - mean[r]) * inverse[r] * scale[c] + shift[c];
      });
    }
  },
});

/** y, and mean, rest and inverse of each row. */
export const layerNormForward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `layer_norm${suffix}`,
    reads: ['x', 'scale', 'shift'],
    writes: ['y', 'mean', 'rest', 'inverse'],
    sizes: ['rows', 'cols', 'centred'],
    numbers: ['epsilon'],
    splits: [splitAlong('rows', ({ cols }) => ({ x: cols, y: cols, mean: 1, rest: 1, inverse: 1 }))],
    subgroupLanes,
    workgroups: ({ rows }) => rows,
    cost: layerNormNaive.cost,
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32, centred: u32, epsilon: f32 }
@group(0) @binding(0) var<storage, read> x: array<${element}>;        // (rows, cols)
@group(0) @binding(1) var<storage, read> scale: array<${element}>;    // (cols)
@group(0) @binding(2) var<storage, read> shift: array<${element}>;    // (cols)
@group(0) @binding(3) var<storage, read_write> y: array<${element}>;  // (rows, cols)
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;      // (rows)
@group(0) @binding(5) var<storage, read_write> rest: array<f32>;      // (rows)
@group(0) @binding(6) var<storage, read_write> inverse: array<f32>;   // (rows)
@group(0) @binding(7) var<uniform> sizes: Sizes;
${reduction}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // more than 65,535 rows fold into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  var sum = Element();
  for (var at = begin + thread; at < end; at += THREADS) { sum += x[at]; }
  let total = reduce_sum(sum, thread);
  let middle = select(0.0, total / f32(sizes.cols), sizes.centred == 1u);
  var distances = Element();
  var squares = Element();
  for (var at = begin + thread; at < end; at += THREADS) {
    let distance = x[at] - middle;
    distances += distance;
    squares += distance * distance;
  }
  let left = reduce_sum(distances, thread) / f32(sizes.cols);
  let lost = select(0.0, left, sizes.centred == 1u);
  let variance = reduce_sum(squares, thread) / f32(sizes.cols) - lost * lost;
  // Of a row of equals, rounding may leave less than 0.
  let factor = 1.0 / sqrt(select(variance, 0.0, variance < 0.0) + sizes.epsilon);
  for (var at = begin + thread; at < end; at += THREADS) {
    y[at] = (x[at] - middle - lost) * factor * scale[at - begin] + shift[at - begin];
  }
  if (thread == 0u) {
    mean[row] = middle;
    rest[row] = lost;
    inverse[row] = factor;
  }
}`,
    reference: layerNormNaive.reference,
  }),
);

/** dx[r,c] = inverse[r] · (g[c] - Σ_k g[k]/cols - x̂[r,c] · Σ_k g[k]·x̂[r,k]/cols), where g = dy[r] ⊙ scale. */
export const layerNormBackward = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `layer_norm_backward${suffix}`,
    reads: ['x', 'scale', 'mean', 'rest', 'inverse', 'dy'],
    writes: ['dx'],
    sizes: ['rows', 'cols', 'centred'],
    splits: [splitAlong('rows', ({ cols }) => ({ x: cols, dy: cols, dx: cols, mean: 1, rest: 1, inverse: 1 }))],
    subgroupLanes,
    workgroups: ({ rows }) => rows,
    cost: ({ rows, cols }) => ({ flops: 15 * rows * cols, bytes: 4 * (3 * rows * cols + cols + 3 * rows) }),
    wgsl: wgsl`
struct Sizes { rows: u32, cols: u32, centred: u32 }
@group(0) @binding(0) var<storage, read> x: array<${element}>;         // (rows, cols)
@group(0) @binding(1) var<storage, read> scale: array<${element}>;     // (cols)
@group(0) @binding(2) var<storage, read> mean: array<f32>;             // (rows)
@group(0) @binding(3) var<storage, read> rest: array<f32>;             // (rows)
@group(0) @binding(4) var<storage, read> inverse: array<f32>;          // (rows)
@group(0) @binding(5) var<storage, read> dy: array<${element}>;        // (rows, cols)
@group(0) @binding(6) var<storage, read_write> dx: array<${element}>;  // (rows, cols)
@group(0) @binding(7) var<uniform> sizes: Sizes;
${reduction}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // more than 65,535 rows fold into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;
  let middle = mean[row];
  let lost = rest[row];
  let factor = inverse[row];
  var sum = Element();      // of g
  var products = Element(); // of g · x̂
  for (var at = begin + thread; at < end; at += THREADS) {
    let g = dy[at] * scale[at - begin];
    sum += g;
    products += g * (x[at] - middle - lost) * factor;
  }
  let total = reduce_sum(sum, thread);
  let along_mean = select(0.0, total / f32(sizes.cols), sizes.centred == 1u);
  let along_x = reduce_sum(products, thread) / f32(sizes.cols);
  for (var at = begin + thread; at < end; at += THREADS) {
    dx[at] = factor * (dy[at] * scale[at - begin] - along_mean - (x[at] - middle - lost) * factor * along_x);
  }
}`,
    reference({ x, scale, mean, rest, inverse, dy, dx, rows, cols, centred }) {
      for (let r = 0; r < rows; r++) {
        const columns = Array.from({ length: cols }, (_, c) => c);
        const g = columns.map((c) => dy[r * cols + c] * scale[c]);
        const normal = columns.map((c) => (x[r * cols + c] - mean[r] - rest[r]) * inverse[r]);
        const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / cols;
        const alongMean = centred === 1 ? average(g) : 0;
        const alongX = average(g.map((value, c) => value * normal[c]));
        for (const c of columns) dx[r * cols + c] = inverse[r] * (g[c] - alongMean - normal[c] * alongX);
      }
    },
  }),
);
