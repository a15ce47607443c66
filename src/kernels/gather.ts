import { ceilDivide, defineKernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';

/*
 * Rows of a table by index, and the gradient of that: a scatter-add.
 *
 *   gather:       y[i,:] = table[indices[i],:]
 *   scatter-add:  dtable[v,:] = Σ_{i: indices[i] = v} dy[i,:]
 *
 * Several i may name one row, and WGSL has no float atomics; their sum would not have a fixed order either. So a first
 * kernel links the places that name the same row into a list, in ascending order, and a second one walks each list
 * from its head: every row is written by one invocation, in a fixed order. Indices outside of the table give zeros.
 */
const THREADS = 64;

/** y[i,:] = table[indices[i],:]. */
export const gatherRows = defineKernel({
  name: 'gather_rows',
  reads: ['table', 'indices'],
  writes: ['y'],
  sizes: ['count', 'rows', 'cols'],
  workgroups: ({ count, cols }) => ceilDivide(count * cols, THREADS),
  cost: ({ count, cols }) => ({ flops: 0, bytes: 4 * count * (2 * cols + 1) }),
  wgsl: wgsl`
struct Sizes { count: u32, rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> table: array<f32>;    // (rows, cols)
@group(0) @binding(1) var<storage, read> indices: array<i32>;  // (count)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (count, cols)
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.count * sizes.cols) { return; }
  let row = indices[index / sizes.cols];
  var value = 0.0;
  if (row >= 0 && row < i32(sizes.rows)) { value = table[u32(row) * sizes.cols + index % sizes.cols]; }
  y[index] = value;
}`,
  reference({ table, indices, y, count, rows, cols }) {
    for (let i = 0; i < count; i++) {
      const row = indices[i]!;
      for (let c = 0; c < cols; c++) y[i * cols + c] = row >= 0 && row < rows ? table[row * cols + c]! : 0;
    }
  },
});

/** What `links` holds for a place: the next place that names the same row, or that there is none. */
const END = -1;

/** Links the places that name the same row into a list. */
export const linkEqual = defineKernel({
  name: 'link_equal',
  reads: ['indices'],
  writes: ['heads', 'links'],
  sizes: ['count'],
  workgroups: ({ count }) => ceilDivide(count, THREADS),
  cost: ({ count }) => ({ flops: count * count, bytes: 12 * count }),
  wgsl: wgsl`
struct Sizes { count: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;      // (count)
@group(0) @binding(1) var<storage, read_write> heads: array<i32>;  // (count): 1 where a row is named first
@group(0) @binding(2) var<storage, read_write> links: array<i32>;  // (count): the next place of the same row, or -1
@group(0) @binding(3) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (i >= sizes.count) { return; }
  let row = indices[i];
  var head = 1;
  for (var before = 0u; before < i; before++) {
    if (indices[before] == row) { head = 0; break; }
  }
  var link = ${END};
  for (var later = i + 1u; later < sizes.count; later++) {
    if (indices[later] == row) { link = i32(later); break; }
  }
  heads[i] = head;
  links[i] = link;
}`,
  reference({ indices, heads, links, count }) {
    const last = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const before = last.get(indices[i]!);
      heads[i] = before === undefined ? 1 : 0;
      links[i] = END;
      if (before !== undefined) links[before] = i;
      last.set(indices[i]!, i);
    }
  },
});

/** Adds the lists up. `dtable` must be zero where no index points. */
export const scatterAddRows = defineKernel({
  name: 'scatter_add_rows',
  reads: ['dy', 'indices', 'heads', 'links'],
  updates: ['dtable'],
  sizes: ['count', 'rows', 'cols'],
  workgroups: ({ count, cols }) => ceilDivide(count * cols, THREADS),
  cost: ({ count, cols }) => ({ flops: count * cols, bytes: 4 * count * (2 * cols + 3) }),
  wgsl: wgsl`
struct Sizes { count: u32, rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> dy: array<f32>;            // (count, cols)
@group(0) @binding(1) var<storage, read> indices: array<i32>;       // (count)
@group(0) @binding(2) var<storage, read> heads: array<i32>;         // (count)
@group(0) @binding(3) var<storage, read> links: array<i32>;         // (count)
@group(0) @binding(4) var<storage, read_write> dtable: array<f32>;  // (rows, cols)
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.count * sizes.cols) { return; }
  let place = index / sizes.cols;
  let row = indices[place];
  if (heads[place] == 0 || row < 0 || row >= i32(sizes.rows)) { return; }
  let column = index % sizes.cols;
  var sum = 0.0;
  for (var i = i32(place); i != ${END}; i = links[i]) { sum += dy[u32(i) * sizes.cols + column]; }
  dtable[u32(row) * sizes.cols + column] = sum;
}`,
  reference({ dy, indices, heads, links, dtable, count, rows, cols }) {
    for (let place = 0; place < count; place++) {
      const row = indices[place]!;
      if (heads[place] === 0 || row < 0 || row >= rows) continue;
      for (let c = 0; c < cols; c++) {
        let sum = 0;
        for (let i = place; i !== END; i = links[i]!) sum += dy[i * cols + c]!;
        dtable[row * cols + c] = sum;
      }
    }
  },
});
