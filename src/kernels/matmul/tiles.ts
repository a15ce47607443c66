import { wgsl } from '../../gpu/wgsl.js';
import { type MatmulSizes, type OperandType, SIZES_STRUCT } from './matmul.js';

/*
 * Loads of A (m, k) and B (k, n) into the tiles of wide.ts and subgroup-matrix.ts: in blocks of four lines (rows of A,
 * columns of B) by four steps of k, one block per invocation.
 *
 *   any   Any strides, one value at a time.
 *   vec4  As vec4 along the contiguous axis of each operand, whose length must be a multiple of 4, as must n.
 */
export type Reading = 'any' | 'vec4';

/** The uniforms that hold an operand's number of lines, and its strides along lines and along k. */
const OPERANDS = [
  { name: 'a', lines: 'm', line: 'a_row', step: 'a_col' },
  { name: 'b', lines: 'n', line: 'b_col', step: 'b_row' },
] as const;

/**
 * WGSL of the bindings a, b and `sizes`, and of `block_a(z, i, k, end)` and `block_b(z, j, k, end)`, which load a block
 * as f32: column s holds the four lines at step k + s. Beyond the last line, and from step `end` on, the block is zero.
 */
export const blocksOf = (reading: Reading, type: OperandType): string => wgsl`
${SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> a: array<${elementOf(reading, type)}>;  // (batch, m, k), by strides
@group(0) @binding(1) var<storage, read> b: array<${elementOf(reading, type)}>;  // (batch, k, n), by strides
@group(0) @binding(3) var<uniform> sizes: Sizes;
${OPERANDS.map(reading === 'vec4' ? blockByVec4 : blockOfAny).join('')}`;

const elementOf = (reading: Reading, type: OperandType): string => (reading === 'vec4' ? `vec4<${type}>` : type);

const blockOfAny = ({ name, lines, line, step }: (typeof OPERANDS)[number]): string => wgsl`
fn one_${name}(z: u32, i: u32, k: u32, end: u32) -> f32 {
  if (i >= sizes.${lines} || k >= end) { return 0.0; }
  return f32(${name}[z * sizes.${name}_batch + i * sizes.${line} + k * sizes.${step}]);
}
fn step_${name}(z: u32, i: u32, k: u32, end: u32) -> vec4f {
  return vec4f(one_${name}(z, i, k, end), one_${name}(z, i + 1u, k, end), one_${name}(z, i + 2u, k, end), one_${name}(z, i + 3u, k, end));
}
fn block_${name}(z: u32, i: u32, k: u32, end: u32) -> mat4x4f {
  return mat4x4f(step_${name}(z, i, k, end), step_${name}(z, i, k + 1u, end), step_${name}(z, i, k + 2u, end), step_${name}(z, i, k + 3u, end));
}`;

const blockByVec4 = ({ name, lines, line, step }: (typeof OPERANDS)[number]): string => wgsl`
fn load_${name}(at: u32, inside: bool) -> vec4f {
  if (!inside) { return vec4f(); }
  return vec4f(${name}[at / 4u]);
}
fn block_${name}(z: u32, i: u32, k: u32, end: u32) -> mat4x4f {
  let at = z * sizes.${name}_batch + i * sizes.${line} + k * sizes.${step};
  let lines = select(0u, sizes.${lines} - i, i < sizes.${lines} && k < end);  // lines from i on
  if (sizes.${step} == 1u) {
    let next = sizes.${line};
    return transpose(mat4x4f(load_${name}(at, lines > 0u), load_${name}(at + next, lines > 1u),
                             load_${name}(at + 2u * next, lines > 2u), load_${name}(at + 3u * next, lines > 3u)));
  }
  let next = sizes.${step};
  return mat4x4f(load_${name}(at, lines > 0u), load_${name}(at + next, lines > 0u && k + 1u < end),
                 load_${name}(at + 2u * next, lines > 0u && k + 2u < end), load_${name}(at + 3u * next, lines > 0u && k + 3u < end));
}`;

/** How operands with these strides can be read. */
export function readingOf({ m, n, k, a_batch, a_row, a_col, b_batch, b_row, b_col }: MatmulSizes): Reading {
  const multiplesOf4 = (...counts: number[]) => counts.every((count) => count % 4 === 0);
  const a = a_col === 1 ? multiplesOf4(k, a_row, a_batch) : a_row === 1 && multiplesOf4(m, a_col, a_batch);
  const b = b_row === 1 ? multiplesOf4(k, b_col, b_batch) : b_col === 1 && multiplesOf4(n, b_row, b_batch);
  return a && b && multiplesOf4(n) ? 'vec4' : 'any';
}

/** Joins `count` lines of WGSL, made from their indices. */
export const repeat = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');
