import { ceilDivide, defineKernel, type Kernel, splitAlong } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

const THREADS = 64;

/*
 * Writes rows into a tensor from a position on, in place:
 *
 *   y[b,h,begin[b] + i,c] = values[b,h,i,c]    where 0 ≤ begin[b] + i < length
 *
 * with y (batch, inner, length, cols), values (batch, inner, rows, cols) and begin (batch). Nothing else of y is touched.
 * The position is data: one pipeline and one plan serve all of them. Elements are copied as u32, whatever their type.
 */
const sliceUpdate = (name: string, element: 'u32' | 'vec4u', width: 1 | 4): Kernel =>
  defineKernel({
    name,
    reads: ['values', 'begin'],
    updates: ['y'],
    sizes: ['batch', 'inner', 'length', 'rows', 'cols'],
    splits: [
      splitAlong('batch', ({ inner, length, rows, cols }) => ({
        y: inner * length * cols,
        values: inner * rows * cols,
        begin: 1,
      })),
    ],
    workgroups: ({ batch, inner, rows, cols }) => ceilDivide((batch * inner * rows * cols) / width, THREADS),
    cost: ({ batch, inner, rows, cols }) => ({ flops: 0, bytes: 4 * batch * (2 * inner * rows * cols + 1) }),
    wgsl: wgsl`
struct Sizes { batch: u32, inner: u32, length: u32, rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> values: array<${element}>;   // (batch, inner, rows, cols)
@group(0) @binding(1) var<storage, read> begin: array<i32>;           // (batch)
@group(0) @binding(2) var<storage, read_write> y: array<${element}>;  // (batch, inner, length, cols)
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let width = sizes.cols / ${width}u;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.batch * sizes.inner * sizes.rows * width) { return; }
  let row = index / width;
  let block = row / sizes.rows;
  let to = begin[block / sizes.inner] + i32(row % sizes.rows);
  if (to >= 0 && to < i32(sizes.length)) {
    y[(block * sizes.length + u32(to)) * width + index % width] = values[index];
  }
}`,
    reference({ values, begin, y, batch, inner, length, rows, cols }) {
      for (let block = 0; block < batch * inner; block++)
        for (let i = 0; i < rows; i++) {
          const to = begin[Math.floor(block / inner)] + i;
          if (to < 0 || to >= length) continue;
          const first = (block * rows + i) * cols;
          y.set(values.subarray(first, first + cols), (block * length + to) * cols);
        }
    },
  });

/** Writes rows from a position on, as scalars or, if cols is a multiple of 4, as vec4. */
export const sliceUpdates = {
  scalar: sliceUpdate('slice_update', 'u32', 1),
  vec4: sliceUpdate('slice_update_vec4', 'vec4u', 4),
} as const;
