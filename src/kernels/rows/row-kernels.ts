import type { Kernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { typesOf } from '../elementwise/expression-wgsl.js';
import { REPLACES } from '../reduce/nan.js';

/*
 * Kernels over rows, where a row group of invocations computes each row: every invocation reduces its share of the row,
 * then the row group reduces these to one value that all of its invocations get. A kernel is written once, for every
 * row group:
 *
 *   workgroup  64 invocations, which reduce through workgroup memory
 *   lanes      8 lanes of one subgroup, which reduce by shuffles, without workgroup memory and barriers, which are slow
 *              on software adapters
 *
 * and for scalar or, if the length of a row is a multiple of 4, vec4 elements. Kernels may read a row several times:
 * after the first time it is in a cache.
 */
const THREADS = 64; // a power of two, because the reduction halves it
const LANES = 8;

/** A row group and the type of its elements, for which a kernel is written. */
export interface RowGroup {
  /** The suffix of the kernel's name. */
  readonly suffix: string;
  readonly subgroupLanes: number;
  /** The WGSL type of an element of a row. */
  readonly element: 'f32' | 'vec4f';
  /**
   * WGSL of THREADS, Element, its WIDTH, the types of math.ts for an Element, `pick(element, lane)`, which is one of
   * the numbers of an Element, and
   *
   *   reduce_sum(element, thread)        the sum of the elements of all invocations, in a fixed order
   *   reduce_max(element, bits, thread)  their maximum, NaN if any is NaN: WGSL's max may ignore one, so `bits` is the
   *                                      maximum of `magnitude(element)`, the bits of the absolute value
   *
   * Both must be called in uniform control flow.
   */
  readonly wgsl: string;
}

/**
 * WGSL of a function that reduces one number per invocation over the workgroup, in a fixed order. It ends with a
 * barrier.
 */
export const reduceWorkgroup = (name: string, combine: string): string => wgsl`
fn ${name}(value: f32, thread: u32) -> f32 {
  partial[thread] = value;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      let a = partial[thread];
      let b = partial[thread + half];
      partial[thread] = ${combine};
    }
  }
  return workgroupUniformLoad(&partial[0]); // with a barrier before and after
}`;

const reduceLanes = (name: string, combine: string): string => wgsl`
fn ${name}(value: f32, thread: u32) -> f32 {
  var a = value;
  for (var distance = 1u; distance < THREADS; distance *= 2u) {
    let b = subgroupShuffleXor(a, distance);
    a = ${combine};
  }
  return a;
}`;

const LARGER = 'select(b, a, replaces(a, b))';
const WORKGROUP = wgsl`
const THREADS = ${THREADS}u;
var<workgroup> partial: array<f32, THREADS>;
${REPLACES}
${reduceWorkgroup('reduce_max_scalar', LARGER)}
${reduceWorkgroup('reduce_sum_scalar', 'a + b')}`;
const SUBGROUP = wgsl`
const THREADS = ${LANES}u;
${REPLACES}
${reduceLanes('reduce_max_scalar', LARGER)}
${reduceLanes('reduce_sum_scalar', 'a + b')}`;

const SCALAR = wgsl`
${typesOf(false, false)}
alias Element = f32;
alias Bits = u32;
const WIDTH = 1u;
fn pick(v: f32, lane: u32) -> f32 { return v; }
fn magnitude(v: f32) -> u32 { return bitcast<u32>(v) & 0x7fffffffu; }
fn reduce_max(v: f32, bits: u32, thread: u32) -> f32 {
  return reduce_max_scalar(select(v, bitcast<f32>(bits), bits > 0x7f800000u), thread);
}
fn reduce_sum(value: f32, thread: u32) -> f32 { return reduce_sum_scalar(value, thread); }`;
const VEC4 = wgsl`
${typesOf(true, false)}
alias Element = vec4f;
alias Bits = vec4u;
const WIDTH = 4u;
fn pick(v: vec4f, lane: u32) -> f32 { return v[lane]; }
fn magnitude(v: vec4f) -> vec4u { return bitcast<vec4u>(v) & vec4u(0x7fffffffu); }
fn reduce_max(v: vec4f, bits: vec4u, thread: u32) -> f32 {
  let most = max(max(bits.x, bits.y), max(bits.z, bits.w));
  let largest = max(max(v.x, v.y), max(v.z, v.w));
  return reduce_max_scalar(select(largest, bitcast<f32>(most), most > 0x7f800000u), thread);
}
fn reduce_sum(v: vec4f, thread: u32) -> f32 { return reduce_sum_scalar((v.x + v.y) + (v.z + v.w), thread); }`;

/** A kernel for each row group and element type. */
export interface RowKernels {
  readonly workgroup: { readonly scalar: Kernel; readonly vec4: Kernel };
  readonly lanes: { readonly scalar: Kernel; readonly vec4: Kernel };
}

/** Defines a kernel for each row group and element type. */
export function rowKernels(define: (group: RowGroup) => Kernel): RowKernels {
  const of = (suffix: string, reduction: string, subgroupLanes: number) => ({
    scalar: define({ suffix, subgroupLanes, element: 'f32', wgsl: `${reduction}${SCALAR}` }),
    vec4: define({ suffix: `${suffix}_vec4`, subgroupLanes, element: 'vec4f', wgsl: `${reduction}${VEC4}` }),
  });
  return { workgroup: of('', WORKGROUP, 0), lanes: of('_lanes', SUBGROUP, LANES) };
}
