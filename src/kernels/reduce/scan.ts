import { ceilDivide, defineKernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';

/*
 * Cumulative sums along the middle axis of x and y (outer, n, inner):
 *
 *   y[o,k,i] = Σ_{j ≤ k} x[o,j,i]      exclusive: j < k;  reverse: from the end, j ≥ k
 *
 * One invocation sums each column; adjacent invocations read adjacent elements. Rounding errors grow with the length of
 * a sum, so it is accumulated in three levels: up to 64 elements, up to 64 blocks of those, and all earlier ones.
 */
const THREADS = 64;

/** Cumulative sums along the middle axis. */
export const cumsum = defineKernel({
  name: 'cumsum',
  reads: ['x'],
  writes: ['y'],
  sizes: ['outer', 'n', 'inner', 'exclusive', 'reverse'],
  splits: [splitAlong('outer', ({ n, inner }) => ({ x: n * inner, y: n * inner }))],
  workgroups: ({ outer, inner }) => ceilDivide(outer * inner, THREADS),
  cost: ({ outer, n, inner }) => ({ flops: outer * n * inner, bytes: 8 * outer * n * inner }),
  wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32, exclusive: u32, reverse: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (outer, n, inner)
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (outer, n, inner)
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.outer * sizes.inner) { return; }
  let column = (index / sizes.inner) * sizes.n * sizes.inner + index % sizes.inner;
  var elements = 0.0;
  var blocks = 0.0;
  var rest = 0.0;
  var before = 0.0;
  for (var step = 0u; step < sizes.n; step++) {
    let k = select(step, sizes.n - 1u - step, sizes.reverse == 1u);
    let at = column + k * sizes.inner;
    elements += x[at];
    let total = rest + (blocks + elements);
    y[at] = select(total, before, sizes.exclusive == 1u);
    before = total;
    if (step % 64u == 63u) {
      blocks += elements;
      elements = 0.0;
    }
    if (step % 4096u == 4095u) {
      rest += blocks;
      blocks = 0.0;
    }
  }
}`,
  reference({ x, y, outer, n, inner, exclusive, reverse }) {
    for (let index = 0; index < outer * inner; index++) {
      const column = Math.floor(index / inner) * n * inner + (index % inner);
      let before = 0;
      for (let step = 0; step < n; step++) {
        const at = column + (reverse === 1 ? n - 1 - step : step) * inner;
        const total = before + x[at];
        y[at] = exclusive === 1 ? before : total;
        before = total;
      }
    }
  },
});
