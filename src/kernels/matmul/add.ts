import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';

/*
 * Adds two partial results of one op, with an epilogue: the last step of a matrix product whose k is split over several
 * launches (launch/split-matmul.ts). Chains of elementwise ops are composed instead (elementwise/compose.ts).
 *
 *   y[i,j] = a[i,j] + b[i,j]        a, b, y (rows, cols)
 */
const THREADS = 64;

/** The sum of two partial results a and b (rows, cols). */
export const addParts = defineKernel({
  name: 'add_parts',
  reads: ['a', 'b'],
  writes: ['y'],
  sizes: ['rows', 'cols'],
  splits: [splitAlong('rows', ({ cols }) => ({ a: cols, b: cols, y: cols }))],
  workgroups: ({ rows, cols }) => ceilDivide(rows * cols, THREADS),
  cost: ({ rows, cols }) => ({ flops: rows * cols, bytes: 12 * rows * cols }),
  wgsl: wgsl`
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;        // (rows, cols)
@group(0) @binding(1) var<storage, read> b: array<f32>;        // (rows, cols)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (rows, cols)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('y')}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (i >= sizes.rows * sizes.cols) { return; }
  y[i] = epilogue(a[i] + b[i], i);
}`,
  reference({ a, b, y, rows, cols }) {
    for (let i = 0; i < rows * cols; i++) y[i] = a[i] + b[i];
  },
});
