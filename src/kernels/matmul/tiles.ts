import { wgsl } from '../../gpu/wgsl.js';
import { type MatmulSizes, type OperandType, SIZES_STRUCT } from './matmul.js';

/*
 * How the kernels that share large tiles bring A and B there: in blocks of four lines (rows of A, columns of B) by four
 * steps of k, one block an invocation.
 *
 *   any    through any strides, one value at a time.
 *   vec4  vec4 along the axis on which the operand is contiguous, which must have whole vec4, and so must n.
 */
export type Reading = 'any' | 'vec4';

/** What an operand's strides along its lines and along k, and the number of its lines, are called. */
const OPERANDS = [
  { name: 'a', lines: 'm', line: 'a_row', step: 'a_col' },
  { name: 'b', lines: 'n', line: 'b_col', step: 'b_row' },
] as const;

/**
 * WGSL of the bindings a, b and `sizes`, and of `block_a(z, i, k, end)` and `block_b(z, j, k, end)`: column s of the block
 * is the four lines at step k + s, as f32. Beyond the last line, and from step `end` on, it is zero.
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
fn four_${name}(at: u32, inside: bool) -> vec4f {
  if (!inside) { return vec4f(); }
  return vec4f(${name}[at / 4u]);
}
fn block_${name}(z: u32, i: u32, k: u32, end: u32) -> mat4x4f {
  let at = z * sizes.${name}_batch + i * sizes.${line} + k * sizes.${step};
  let lines = select(0u, sizes.${lines} - i, i < sizes.${lines} && k < end);  // that are left
  if (sizes.${step} == 1u) {
    let next = sizes.${line};
    return transpose(mat4x4f(four_${name}(at, lines > 0u), four_${name}(at + next, lines > 1u),
                             four_${name}(at + 2u * next, lines > 2u), four_${name}(at + 3u * next, lines > 3u)));
  }
  let next = sizes.${step};
  return mat4x4f(four_${name}(at, lines > 0u), four_${name}(at + next, lines > 0u && k + 1u < end),
                 four_${name}(at + 2u * next, lines > 0u && k + 2u < end), four_${name}(at + 3u * next, lines > 0u && k + 3u < end));
}`;

/** How operands with such strides can be read. */
export function readingOf({ m, n, k, a_batch, a_row, a_col, b_batch, b_row, b_col }: MatmulSizes): Reading {
  const vec4 = (...counts: number[]) => counts.every((count) => count % 4 === 0);
  const a = a_col === 1 ? vec4(k, a_row, a_batch) : a_row === 1 && vec4(m, a_col, a_batch);
  const b = b_row === 1 ? vec4(k, b_col, b_batch) : b_col === 1 && vec4(n, b_row, b_batch);
  return a && b && vec4(n) ? 'vec4' : 'any';
}

/** Lines of WGSL, one for each number below `count`. */
export const repeat = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');
