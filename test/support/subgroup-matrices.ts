import type { Kernel } from '../../src/gpu/index.js';
import { programOf } from '../../src/gpu/kernel.js';
import { wgsl } from '../../src/gpu/wgsl.js';
import { repeat } from '../../src/kernels/matmul/tiles.js';

/** How the source names the types, loads and stores of subgroup matrices, and what stands in their place. */
const REPLACED: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/,\s*@builtin\(subgroup_id\) subgroup: u32,\s*@builtin\(num_subgroups\) subgroups: u32/, ''],
  [/subgroupMatrixLoad<subgroup_matrix_(?:left|right)<[^>]*>, row_major>\(&\w+, /g, 'Loaded('],
  [/subgroupMatrixStore<row_major>\(&\w+, /g, 'store_sums('],
  [/(\w+) = subgroupMatrixMultiplyAccumulate\((\w+), (\w+), \w+\)/g, 'multiply_accumulate($2, $3, &$1)'],
  [/subgroup_matrix_result<[^>]*>/g, 'Sums'],
];

/**
 * The kernel as every device runs it: subgroups have as many lanes as is asked for, and each lane computes its share of
 * a matrix by itself, from where the operands lie in workgroup memory. All is the kernel's own but the built-in
 * functions.
 */
export function withoutMatrixUnits(kernel: Kernel, lanes: number): Kernel {
  const { M, N, K } = kernel.subgroupMatrix!;
  const replaced = REPLACED.reduce((text, [pattern, by]) => {
    if (text.search(pattern) < 0) throw new Error(`${kernel.name}: no ${pattern}`);
    return text.replace(pattern, by);
  }, kernel.wgsl);
  const begin = /thread: u32\) \{\n(?=\s*let tiles_n)/;
  if (!begin.test(replaced)) throw new Error(`${kernel.name}: no beginning of main`);
  /** Elements of a matrix of C that a lane has; where there are more lanes than elements, some have the same. */
  const share = Math.ceil((M * N) / lanes);
  const units = wgsl`
struct Loaded { offset: u32, stride: u32 }
struct Sums { values: array<f32, ${share}> }
var<private> lane: u32;
fn multiply_accumulate(left: Loaded, right: Loaded, sums: ptr<function, Sums>) {
  // The minimum is always the first: no compiler knows, so none unrolls the loop a hundred times.
  for (var k = 0u; k < min(${K}u, sizes.k + ${K}u); k++) {
${repeat(share, (q) => `    { let e = (lane + ${q * lanes}u) % ${M * N}u; sums.values[${q}] += f32(a_tile[left.offset + e / ${N}u * left.stride + k]) * f32(b_tile[right.offset + k * right.stride + e % ${N}u]); }`)}
  }
}
fn store_sums(offset: u32, sums: Sums, stride: u32) {
${repeat(share, (q) => `  { let e = (lane + ${q * lanes}u) % ${M * N}u; c_tile[offset + e / ${N}u * stride + e % ${N}u] = sums.values[${q}]; }`)}
}`;
  const opening = wgsl`thread: u32) {
  let subgroup = thread / ${lanes}u;
  let subgroups = ${256 / lanes}u;
  lane = thread % ${lanes}u;
`;
  const own = { ...kernel, subgroupMatrix: undefined, wgsl: `${replaced.replace(begin, opening)}\n${units}` };
  return { ...own, source: programOf(own.wgsl, own) };
}
