import { ceilDivide, defineKernel, type Kernel, type Split, splitAlong } from '../../gpu/kernel.js';
import { epilogue, prologue, wgsl } from '../../gpu/wgsl.js';
import { REPLACES, REPLACES_VEC4, replaces } from './nan.js';

/*
 * Reductions of the middle axis: x (outer, n, inner) -> y (outer, inner).
 *
 *   y[o,i] = x[o,0,i] ∘ x[o,1,i] ∘ ... ∘ x[o,n-1,i]
 *
 * where ∘ is +, ·, max or min. A long axis is split into `chunks` of `chunk_length`, which are reduced to y (outer,
 * chunks, inner), and a second launch reduces the chunks. The order depends on the shape alone: same shape, same bits.
 *
 * Rounding errors grow with the length of a sum, so an invocation sums BLOCK elements at a time and then the blocks:
 * the error of n terms grows as BLOCK + n / BLOCK instead of n.
 */
const THREADS = 64;
/** The number of elements that are summed before they are added to the total. */
export const BLOCK = 64;

export type Reduction = 'sum' | 'prod' | 'max' | 'min';

/** The reductions: their operator, the initial value of an accumulation that includes `first`, and both in float64. */
export const REDUCTIONS: Record<
  Reduction,
  {
    helpers?: { f32: string; vec4f: string };
    combine: string;
    start(first: string, type: 'f32' | 'vec4f'): string;
    apply(a: number, b: number): number;
    zero: number;
  }
> = {
  sum: { combine: 'a + b', start: (_, type) => `${type}(0)`, apply: (a, b) => a + b, zero: 0 },
  prod: { combine: 'a * b', start: (_, type) => `${type}(1)`, apply: (a, b) => a * b, zero: 1 },
  max: {
    helpers: { f32: REPLACES, vec4f: REPLACES_VEC4 },
    combine: 'select(b, a, replaces(a, b))',
    start: (first) => first,
    apply: Math.max,
    zero: -Infinity,
  },
  min: {
    helpers: { f32: REPLACES, vec4f: REPLACES_VEC4 },
    combine: 'select(b, a, replaces(-a, -b))',
    start: (first) => first,
    apply: Math.min,
    zero: Infinity,
  },
};

const sizes = ['outer', 'n', 'inner', 'chunks', 'chunk_length'] as const;
type Sizes = Readonly<Record<(typeof sizes)[number], number>>;

/** Splits the chunks of a long axis, if it is the outermost. */
const alongChunks: Split<'x' | 'y', (typeof sizes)[number]> = {
  parts: ({ outer, chunks }) => (outer === 1 ? chunks : 1),
  launch(values, first, end) {
    const { outer, n, inner, chunks, chunk_length } = values;
    if (outer > 1 || chunks === 1) return undefined;
    const begin = first * chunk_length;
    const length = Math.min(n, end * chunk_length) - begin;
    return {
      values: { ...values, n: length, chunks: end - first },
      spans: {
        x: { first: begin * inner, length: length * inner },
        y: { first: first * inner, length: (end - first) * inner },
      },
    };
  },
};
const splits = [
  splitAlong('outer', ({ n, inner, chunks }: Sizes) => ({ x: n * inner, y: chunks * inner })),
  alongChunks,
] as const;
const cost = ({ outer, n, inner, chunks }: Sizes) => ({
  flops: outer * n * inner,
  bytes: 4 * (outer * n * inner + outer * chunks * inner),
});

/** The parts of a kernel's definition that all kernels of a reduction share. */
export const reductionOf = (name: Reduction) =>
  ({ reads: ['x'], writes: ['y'], sizes, splits, cost, reference: reference(name) }) as const;

function reference(name: Reduction) {
  const { apply, zero } = REDUCTIONS[name];
  return (given: Record<'x' | 'y', Float64Array> & Sizes) => {
    const { x, y, outer, n, inner, chunks, chunk_length } = given;
    for (let o = 0; o < outer; o++) {
      for (let chunk = 0; chunk < chunks; chunk++) {
        for (let i = 0; i < inner; i++) {
          let total = zero;
          for (let k = chunk * chunk_length; k < Math.min(n, (chunk + 1) * chunk_length); k++) {
            total = apply(total, x[(o * n + k) * inner + i]);
          }
          y[(o * chunks + chunk) * inner + i] = total;
        }
      }
    }
  };
}

/**
 * Defines the kernel with one invocation for each column or, as vec4, for four adjacent ones; adjacent invocations read
 * adjacent elements. It is for inner > 1 and for short axes; vec4 needs inner, and the last axis of a fused expression,
 * to be multiples of 4.
 */
function columns(name: Reduction, type: 'f32' | 'vec4f'): Kernel {
  const { helpers, combine, start } = REDUCTIONS[name];
  const [suffix, width] = type === 'f32' ? ['', 1] : ['_vec4', 4];
  return defineKernel({
    name: `${name}_columns${suffix}`,
    ...reductionOf(name),
    workgroups: ({ outer, inner, chunks }) => ceilDivide(outer * chunks * (inner / width), THREADS),
    wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32, chunks: u32, chunk_length: u32 }
@group(0) @binding(0) var<storage, read> x: array<${type}>;        // (outer, n, inner)
@group(0) @binding(1) var<storage, read_write> y: array<${type}>;  // (outer, chunks, inner)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${prologue('x', type)}
${epilogue('y', type)}
${helpers?.[type] ?? ''}
fn combine(a: ${type}, b: ${type}) -> ${type} { return ${combine}; }

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let inner = sizes.inner / ${width}u;
  if (index >= sizes.outer * sizes.chunks * inner) { return; }
  let i = index % inner;
  let chunk = (index / inner) % sizes.chunks;
  let o = index / (inner * sizes.chunks);
  let begin = chunk * sizes.chunk_length;
  let end = min(begin + sizes.chunk_length, sizes.n);
  var at = (o * sizes.n + begin) * inner + i;
  var total = ${start('prologue(x[at], at)', type)};
  for (var first = begin; first < end; first += ${BLOCK}u) {
    var block = ${start('prologue(x[at], at)', type)};
    for (var k = first; k < min(first + ${BLOCK}u, end); k++) {
      block = combine(block, prologue(x[at], at));
      at += inner;
    }
    total = combine(total, block);
  }
  y[index] = epilogue(total, index);
}`,
  });
}

/**
 * Defines the kernel with one workgroup for each row, which it reduces in workgroup memory, for inner = 1 and long
 * axes.
 */
function rows(name: Reduction): Kernel {
  const { helpers, combine, start } = REDUCTIONS[name];
  return defineKernel({
    name: `${name}_rows`,
    ...reductionOf(name),
    workgroups: ({ outer, chunks }) => outer * chunks,
    wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32, chunks: u32, chunk_length: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (outer, n)
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (outer, chunks)
@group(0) @binding(2) var<uniform> sizes: Sizes;
const THREADS = ${THREADS}u;
var<workgroup> partial: array<f32, THREADS>;
${prologue('x')}
${epilogue('y')}
${helpers?.f32 ?? ''}
fn combine(a: f32, b: f32) -> f32 { return ${combine}; }

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= sizes.outer * sizes.chunks) { return; }
  let chunk = index % sizes.chunks;
  let row = (index / sizes.chunks) * sizes.n;
  let begin = chunk * sizes.chunk_length;
  let end = min(begin + sizes.chunk_length, sizes.n);
  var total = ${start('prologue(x[row + begin], row + begin)', 'f32')};
  for (var first = begin + thread; first < end; first += ${BLOCK}u * THREADS) {
    var block = ${start('prologue(x[row + first], row + first)', 'f32')};
    for (var k = first; k < min(first + ${BLOCK}u * THREADS, end); k += THREADS) {
      block = combine(block, prologue(x[row + k], row + k));
    }
    total = combine(total, block);
  }
  partial[thread] = total;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] = combine(partial[thread], partial[thread + half]); }
  }
  if (thread == 0u) { y[index] = epilogue(partial[0], index); }
}`,
  });
}

/** The kernels of each reduction; rows-cpu.ts has those for software adapters. */
export const reductions = {
  sum: family('sum'),
  prod: family('prod'),
  max: family('max'),
  min: family('min'),
} as const;

function family(name: Reduction) {
  return {
    rows: rows(name),
    columns: columns(name, 'f32'),
    columnsVec4: columns(name, 'vec4f'),
  } as const;
}

/**
 * y[o,i] = argmax_k x[o,k,i], for x (outer, n, inner) and y (outer, inner): on ties the lowest index, and with NaNs
 * that of the first.
 */
export const argmaxColumns = defineKernel({
  name: 'argmax',
  reads: ['x'],
  writes: ['y'],
  sizes: ['outer', 'n', 'inner'],
  splits: [splitAlong('outer', ({ n, inner }) => ({ x: n * inner, y: inner }))],
  workgroups: ({ outer, inner }) => ceilDivide(outer * inner, THREADS),
  cost: ({ outer, n, inner }) => ({ flops: outer * n * inner, bytes: 4 * outer * inner * (n + 1) }),
  wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // (outer, n, inner)
@group(0) @binding(1) var<storage, read_write> y: array<i32>;  // (outer, inner)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${REPLACES}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.outer * sizes.inner) { return; }
  let column = (index / sizes.inner) * sizes.n * sizes.inner + index % sizes.inner;
  var best = x[column];
  var best_k = 0u;
  for (var k = 1u; k < sizes.n; k++) {
    let value = x[column + k * sizes.inner];
    if (replaces(value, best)) {
      best = value;
      best_k = k;
    }
  }
  y[index] = i32(best_k);
}`,
  reference({ x, y, outer, n, inner }) {
    for (let index = 0; index < outer * inner; index++) {
      const column = Math.floor(index / inner) * n * inner + (index % inner);
      let bestK = 0;
      for (let k = 1; k < n; k++) if (replaces(x[column + k * inner], x[column + bestK * inner])) bestK = k;
      y[index] = bestK;
    }
  },
});
