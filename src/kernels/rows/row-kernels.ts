import type { Kernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { typesOf } from '../elementwise/compose.js';
import { REPLACES } from '../reduce/nan.js';

/*
 * Kernels that compute rows, each as a whole by a team of invocations: every invocation folds its share of the row, the
 * team folds these into one value that all of it then has. A row's kernel is written once, for any team:
 *
 *   workgroup  64 invocations, which fold through workgroup memory
 *   lanes      8 lanes of one subgroup, which fold by shuffles: no memory and no barrier, which is what a software
 *              adapter spends its time on
 *
 * and for rows by ones or, where their length is whole fours, by fours. The row is read from memory once: the second
 * and third time it comes from the cache that it is in by then.
 */
const THREADS = 64; // a power of two, because the fold halves it
const LANES = 8;

/** Who computes a row, and in elements of how many neighbours: what a kernel needs to be written for a team. */
export interface Team {
  /** Ends the kernel's name. */
  readonly suffix: string;
  readonly subgroupLanes: number;
  /** WGSL of an element of a row. */
  readonly element: 'f32' | 'vec4f';
  /**
   * WGSL of THREADS, Element, WIDTH (its numbers), the types of math.ts for an Element, `pick(element, place)`, one of
   * these, and
   *
   *   fold_sum(element, thread)        the sum of the elements of all invocations, in a fixed order
   *   fold_max(element, bits, thread)  their maximum, NaN where any is NaN: WGSL's max may pass over one, so `bits` is
   *                                    the maximum of every `magnitude(element)`, the bits of its absolute value
   *
   * Control flow must be uniform at both.
   */
  readonly wgsl: string;
}

/** Folds one number of each invocation to one for the workgroup, in a fixed order. Ends with a barrier. */
export const foldWorkgroup = (name: string, combine: string): string => wgsl`
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

const foldLanes = (name: string, combine: string): string => wgsl`
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
${foldWorkgroup('fold_max_ones', LARGER)}
${foldWorkgroup('fold_sum_ones', 'a + b')}`;
const SUBGROUP = wgsl`
const THREADS = ${LANES}u;
${REPLACES}
${foldLanes('fold_max_ones', LARGER)}
${foldLanes('fold_sum_ones', 'a + b')}`;

const ONES = wgsl`
${typesOf(false, false)}
alias Element = f32;
alias Bits = u32;
const WIDTH = 1u;
fn pick(v: f32, place: u32) -> f32 { return v; }
fn magnitude(v: f32) -> u32 { return bitcast<u32>(v) & 0x7fffffffu; }
fn fold_max(v: f32, bits: u32, thread: u32) -> f32 {
  return fold_max_ones(select(v, bitcast<f32>(bits), bits > 0x7f800000u), thread);
}
fn fold_sum(value: f32, thread: u32) -> f32 { return fold_sum_ones(value, thread); }`;
const FOURS = wgsl`
${typesOf(true, false)}
alias Element = vec4f;
alias Bits = vec4u;
const WIDTH = 4u;
fn pick(v: vec4f, place: u32) -> f32 { return v[place]; }
fn magnitude(v: vec4f) -> vec4u { return bitcast<vec4u>(v) & vec4u(0x7fffffffu); }
fn fold_max(v: vec4f, bits: vec4u, thread: u32) -> f32 {
  let most = max(max(bits.x, bits.y), max(bits.z, bits.w));
  let largest = max(max(v.x, v.y), max(v.z, v.w));
  return fold_max_ones(select(largest, bitcast<f32>(most), most > 0x7f800000u), thread);
}
fn fold_sum(v: vec4f, thread: u32) -> f32 { return fold_sum_ones((v.x + v.y) + (v.z + v.w), thread); }`;

/** One kernel for every team. */
export interface RowKernels {
  readonly workgroup: { readonly ones: Kernel; readonly fours: Kernel };
  readonly lanes: { readonly ones: Kernel; readonly fours: Kernel };
}

/** Writes a kernel for every team. */
export function rowKernels(define: (team: Team) => Kernel): RowKernels {
  const of = (suffix: string, fold: string, subgroupLanes: number) => ({
    ones: define({ suffix, subgroupLanes, element: 'f32', wgsl: `${fold}${ONES}` }),
    fours: define({ suffix: `${suffix}_fours`, subgroupLanes, element: 'vec4f', wgsl: `${fold}${FOURS}` }),
  });
  return { workgroup: of('', WORKGROUP, 0), lanes: of('_lanes', SUBGROUP, LANES) };
}

/** Begins a row's kernel: `row`, and the elements \`begin\` to \`end\` of it. Sizes must have rows and cols. */
export const ROW_HEAD = wgsl`
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x; // more than 65,535 rows fold into y
  if (row >= sizes.rows) { return; }
  let begin = row * (sizes.cols / WIDTH);
  let end = begin + sizes.cols / WIDTH;`;
