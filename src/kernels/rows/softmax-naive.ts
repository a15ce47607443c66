import { ceilDivide, defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { softmaxForward } from './softmax.js';

/*
 * Softmax by its definition: one invocation walks a row three times, for its maximum, for the sum of exponentials and
 * for the results. What the kernels of softmax.ts are measured against.
 */
const THREADS = 64;

const definition = softmaxForward.workgroup.scalar;

/** Softmax of each row: (rows, cols). */
export const softmaxNaive = defineKernel({
  name: 'softmax_naive',
  reads: ['x'],
  writes: ['y'],
  sizes: ['rows', 'cols'],
  workgroups: ({ rows, cols }) => (cols === 0 ? 0 : ceilDivide(rows, THREADS)),
  cost: definition.cost,
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
  reference: definition.reference,
});
