import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { epilogue, prologue, wgsl } from '../../gpu/wgsl.js';
import { BLOCK, REDUCTIONS, type Reduction, reductionOf } from './reduce.js';

/** Small, because there are few invocations with much work each, which should occupy all cores. */
const THREADS = 8;

/**
 * Defines the kernel with one invocation for four rows, which it reduces one after the other, reading vec4. It is for
 * software adapters, where every load and every invocation has a cost, and loads of adjacent invocations are not
 * coalesced. The length of a row, of a chunk, and the number of results must be multiples of 4.
 */
function rowsOf(name: Reduction): Kernel {
  const { helpers, combine, start } = REDUCTIONS[name];
  return defineKernel({
    name: `${name}_rows_cpu`,
    ...reductionOf(name),
    workgroups: ({ outer, chunks }) => ceilDivide((outer * chunks) / 4, THREADS),
    wgsl: wgsl`
struct Sizes { outer: u32, n: u32, inner: u32, chunks: u32, chunk_length: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // (outer, n)
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;  // (outer, chunks)
@group(0) @binding(2) var<uniform> sizes: Sizes;
${prologue('x', 'vec4f')}
${epilogue('y', 'vec4f')}
${helpers?.vec4f ?? ''}
fn combine(a: vec4f, b: vec4f) -> vec4f { return ${combine}; }

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (4u * index >= sizes.outer * sizes.chunks) { return; }
  var totals: vec4f;
  for (var q = 0u; q < 4u; q++) {
    let row = (4u * index + q) / sizes.chunks * sizes.n;
    let offset = (4u * index + q) % sizes.chunks * sizes.chunk_length;
    let begin = (row + offset) / 4u;
    let end = (row + min(offset + sizes.chunk_length, sizes.n)) / 4u;
    var total = ${start('prologue(x[begin], begin)', 'vec4f')};
    for (var first = begin; first < end; first += ${BLOCK}u) {
      var block = ${start('prologue(x[first], first)', 'vec4f')};
      for (var at = first; at < min(first + ${BLOCK}u, end); at++) { block = combine(block, prologue(x[at], at)); }
      total = combine(total, block);
    }
    let pairs = combine(total, total.zwxy);
    totals[q] = combine(pairs, pairs.yxwz).x;
  }
  y[index] = epilogue(totals, index);
}`,
  });
}

/** The kernels that reduce rows on software adapters. */
export const rowsCpu: Readonly<Record<Reduction, Kernel>> = {
  sum: rowsOf('sum'),
  prod: rowsOf('prod'),
  max: rowsOf('max'),
  min: rowsOf('min'),
};
