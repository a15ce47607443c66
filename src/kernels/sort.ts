import { ceilDivide, defineKernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';
import { IS_NAN } from './not-a-number.js';

/*
 * The order that sorts the middle axis: x (outer, n, inner) -> y, where y[o,r,i] is the place of the r-th smallest.
 *
 * Every element finds its own rank by counting the elements that come before it: n² comparisons, but no barriers, no
 * padding, and a stable order: of equals the first comes first. NaN comes last, as in NumPy.
 */
const THREADS = 64;

/** Whether a at place i comes before b at place k. */
const before = (a: number, i: number, b: number, k: number): boolean => {
  if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(b);
  return a < b || (!(a > b) && i < k);
};

/** The order that sorts the middle axis. */
export const argsort = defineKernel({
  name: 'argsort',
  reads: ['x'],
  writes: ['y'],
  sizes: ['outer', 'n', 'inner'],
  workgroups: ({ outer, n, inner }) => ceilDivide(outer * n * inner, THREADS),
  cost: ({ outer, n, inner }) => ({ flops: 2 * outer * n * n * inner, bytes: 8 * outer * n * inner }),
  wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (outer, n, inner)
@group(0) @binding(1) var<storage, read_write> y: array<i32>;  // (outer, n, inner)
@group(0) @binding(2) var<uniform> sizes: Sizes;

${IS_NAN}
fn before(a: f32, i: u32, b: f32, k: u32) -> bool {
  if (is_nan(a) || is_nan(b)) { return select(i < k, is_nan(b), is_nan(a) != is_nan(b)); }
  return a < b || (a == b && i < k);
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.outer * sizes.n * sizes.inner) { return; }
  let k = (index / sizes.inner) % sizes.n;
  let column = index - k * sizes.inner;
  let value = x[index];
  var rank = 0u;
  for (var i = 0u; i < sizes.n; i++) {
    if (before(x[column + i * sizes.inner], i, value, k)) { rank++; }
  }
  y[column + rank * sizes.inner] = i32(k);
}`,
  reference({ x, y, outer, n, inner }) {
    for (let line = 0; line < outer * inner; line++) {
      const column = Math.floor(line / inner) * n * inner + (line % inner);
      const at = (k: number) => x[column + k * inner]!;
      const order = Array.from({ length: n }, (_, k) => k).sort((i, k) => (before(at(i), i, at(k), k) ? -1 : 1));
      order.forEach((place, rank) => {
        y[column + rank * inner] = place;
      });
    }
  },
});
