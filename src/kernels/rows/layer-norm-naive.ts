import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { layerNormForward } from './layer-norm.js';

/*
 * Layer normalisation by its definition: one invocation walks a row three times, for its mean, for its corrected
 * variance and for the results. What the kernels of layer-norm.ts are measured against.
 */
const THREADS = 64;

const definition = layerNormForward.workgroup.scalar;

/** y, and mean, rest and inverse of each row. */
export const layerNormNaive = defineKernel({
  name: 'layer_norm_naive',
  reads: ['x', 'scale', 'shift'],
  writes: ['y', 'mean', 'rest', 'inverse'],
  sizes: ['rows', 'cols', 'centred'],
  numbers: ['epsilon'],
  workgroups: ({ rows }) => ceilDivide(rows, THREADS),
  cost: definition.cost,
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
  reference: definition.reference,
});
