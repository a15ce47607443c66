import { ceilDivide, defineKernel, type Kernel, splitAlong } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { IS_NAN } from './nan.js';

/*
 * Argsort of the middle axis: y[o,r,i] is the index of the r-th smallest of x[o,:,i], for x and y (outer, n, inner). It
 * is a merge sort in which every element computes its own rank, without barriers or padding:
 *
 *   blocks  Sorts each block of `run` elements: an element's rank is the number of elements of the block before it.
 *   merge   Merges pairs of sorted runs: an element's rank is its rank in its own run plus the number of elements of
 *           the other run before it, found by binary search.
 *
 * The order is stable, and NaN comes last, as in NumPy.
 */
const THREADS = 64;

/** The number of elements of the blocks that are sorted first. */
export const SORTED_BLOCK = 128;

const ORDERS = {
  f32: wgsl`
${IS_NAN}
fn before(a: f32, i: u32, b: f32, k: u32) -> bool {
  if (is_nan(a) || is_nan(b)) { return select(i < k, is_nan(b), is_nan(a) != is_nan(b)); }
  return a < b || (a == b && i < k);
}`,
  i32: wgsl`fn before(a: i32, i: u32, b: i32, k: u32) -> bool { return a < b || (a == b && i < k); }`,
} as const;

/** Whether a, at index i, comes before b, at index k. */
const before = (a: number, i: number, b: number, k: number): boolean => {
  if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(b);
  return a < b || (!(a > b) && i < k);
};

interface Given extends Record<'x' | 'y', Float64Array>, Record<'outer' | 'n' | 'inner' | 'run', number> {}

/** Sorts runs of `run` elements along the middle axis, in float64. */
function sortRuns({ x, y, outer, n, inner }: Given, run: number): void {
  for (let line = 0; line < outer * inner; line++) {
    const column = Math.floor(line / inner) * n * inner + (line % inner);
    const at = (k: number) => x[column + k * inner];
    for (let begin = 0; begin < n; begin += run) {
      const indices = Array.from({ length: Math.min(run, n - begin) }, (_, k) => begin + k);
      indices.sort((i, k) => (before(at(i), i, at(k), k) ? -1 : 1));
      indices.forEach((index, rank) => {
        y[column + (begin + rank) * inner] = index;
      });
    }
  }
}

const sizes = ['outer', 'n', 'inner', 'run'] as const;
const workgroups = ({ outer, n, inner }: Record<'outer' | 'n' | 'inner', number>): number =>
  ceilDivide(outer * n * inner, THREADS);
/** WGSL of an element's `index`, its index `k` along the middle axis, and the index `column` of the one at k = 0. */
const head = wgsl`
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.outer * sizes.n * sizes.inner) { return; }
  let k = (index / sizes.inner) % sizes.n;
  let column = index - k * sizes.inner;`;

const blocks = (type: 'f32' | 'i32'): Kernel =>
  defineKernel({
    name: `sort_blocks_${type}`,
    reads: ['x'],
    writes: ['y'],
    sizes,
    splits: [splitAlong('outer', ({ n, inner }) => ({ x: n * inner, y: n * inner }))],
    workgroups,
    cost: ({ outer, n, inner, run }) => ({
      flops: 2 * outer * n * Math.min(n, run) * inner,
      bytes: 8 * outer * n * inner,
    }),
    wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<${type}>;    // (outer, n, inner)
@group(0) @binding(1) var<storage, read_write> y: array<i32>;  // (outer, n, inner)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${ORDERS[type]}
${head}
  let value = x[index];
  let begin = k / sizes.run * sizes.run;
  var rank = 0u;
  for (var i = begin; i < min(begin + sizes.run, sizes.n); i++) {
    if (before(x[column + i * sizes.inner], i, value, k)) { rank++; }
  }
  y[column + (begin + rank) * sizes.inner] = i32(k);
}`,
    reference: (given) => sortRuns(given, given.run),
  });

const merge = (type: 'f32' | 'i32'): Kernel =>
  defineKernel({
    name: `sort_merge_${type}`,
    reads: ['x', 'sorted'],
    writes: ['y'],
    sizes,
    splits: [splitAlong('outer', ({ n, inner }) => ({ x: n * inner, sorted: n * inner, y: n * inner }))],
    workgroups,
    cost: ({ outer, n, inner, run }) => ({
      flops: 2 * outer * n * inner * Math.log2(2 * run),
      bytes: 12 * outer * n * inner,
    }),
    wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<${type}>;      // (outer, n, inner)
@group(0) @binding(1) var<storage, read> sorted: array<i32>;     // (outer, n, inner): indices, runs sorted
@group(0) @binding(2) var<storage, read_write> y: array<i32>;    // (outer, n, inner): indices, runs twice as long sorted
@group(0) @binding(3) var<uniform> sizes: Sizes;
${ORDERS[type]}
${head}
  let position = u32(sorted[index]);
  let value = x[column + position * sizes.inner];
  let pair = k / (2u * sizes.run) * 2u * sizes.run;
  let middle = min(pair + sizes.run, sizes.n);
  // In the other run, the first \`low - begin\` elements come before this one, and those from \`high\` on do not.
  let begin = select(pair, middle, k < middle);
  var low = begin;
  var high = select(middle, min(middle + sizes.run, sizes.n), k < middle);
  while (low < high) {
    let half = (low + high) / 2u;
    let other = u32(sorted[column + half * sizes.inner]);
    if (before(x[column + other * sizes.inner], other, value, position)) { low = half + 1u; } else { high = half; }
  }
  let own = k - select(middle, pair, k < middle);
  y[column + (pair + own + low - begin) * sizes.inner] = i32(position);
}`,
    reference: (given) => sortRuns(given, 2 * given.run),
  });

/** The kernels of argsort for floats and integers. */
export const argsort = {
  f32: { blocks: blocks('f32'), merge: merge('f32') },
  i32: { blocks: blocks('i32'), merge: merge('i32') },
} as const;
