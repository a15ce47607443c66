import type { SubgroupMatrixConfig } from '../../gpu/kernel.js';
import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { type MatmulSizes, matmulOf, type OperandType } from './matmul.js';
import { blocksOf, type Reading, readingOf, repeat } from './tiles.js';

/*
 * Matrix product on the matrix units of a GPU, where a subgroup multiplies small matrices in one instruction:
 *
 *   C[z,i,j] = Σ_k A[z,i,k] · B[z,k,j]        A (batch, m, k), B (batch, k, n), C (batch, m, n)
 *
 * A workgroup computes 128 x 128 elements of C in eight regions of 64 x 32, each by one subgroup. The subgroups of its
 * 256 invocations loop over the regions: eight subgroups of 32 lanes take one region each, four of 64 lanes two each,
 * and of sixteen subgroups half are idle.
 *
 * The units load from workgroup memory, where tiles of A and B are padded with zeros. C is staged there because the
 * epilogue and the bounds check at the last rows and columns work on single elements. Products of f16 are summed in
 * f32.
 *
 * Dawn compiles these kernels, but they have not run on a GPU with such units: they were tested with the built-in
 * functions replaced by equivalent WGSL (test/support/subgroup-matrices.ts). So they are never the default variant.
 */
const ROWS = 128;
const COLUMNS = 128;
const REGION_ROWS = 64;
const REGION_COLUMNS = 32;
const THREADS = 256; // a multiple of every subgroup size, which is at most 128
/** Bytes along k in workgroup memory at a time: with C's tile 27 KiB, of the 32 that devices with matrix units have. */
const DEPTH_BYTES = 64;
/** Bytes of padding after each row of a tile, which put successive rows on different banks. */
const PADDING_BYTES = 16;
const BYTES = { f32: 4, f16: 2 } as const;

/** A shape of subgroup matrices that has a kernel. */
type Config = SubgroupMatrixConfig & { readonly componentType: OperandType; readonly resultComponentType: 'f32' };

/** Defines the kernel for subgroup matrices of (M, K) by (K, N), of the type in which the operands are stored. */
export function subgroupMatrixProduct(config: Config, reading: Reading): Kernel {
  const { M, N, K, componentType: component } = config;
  const left = `subgroup_matrix_left<${component}, ${K}, ${M}>`;
  const right = `subgroup_matrix_right<${component}, ${N}, ${K}>`;
  const sums = `subgroup_matrix_result<f32, ${N}, ${M}>`;
  const down = REGION_ROWS / M;
  const across = REGION_COLUMNS / N;
  /** WGSL for each subgroup matrix of a region, in row r and column s. */
  const each = (line: (r: number, s: number) => string) =>
    repeat(down * across, (at) => line(Math.floor(at / across), at % across));
  return defineKernel({
    ...matmulOf(component),
    name: `matmul_subgroup_matrix_${component}_${M}x${N}x${K}${reading === 'vec4' ? '_vec4' : ''}`,
    subgroupMatrix: config,
    workgroups: ({ batch, m, n, chunks }) => batch * chunks * ceilDivide(m, ROWS) * ceilDivide(n, COLUMNS),
    wgsl: wgsl`${blocksOf(reading, component)}
@group(0) @binding(2) var<storage, read_write> c: array<f32>;  // (batch, chunks, m, n)
${epilogue('c')}

const ROWS = ${ROWS}u;     // rows of C per workgroup
const COLUMNS = ${COLUMNS}u;
const REGIONS = ${(ROWS / REGION_ROWS) * (COLUMNS / REGION_COLUMNS)}u;    // per workgroup
const MATRIX = ${M * N}u;   // elements of a subgroup matrix of C
const DEPTH = ${DEPTH_BYTES / BYTES[component]}u;     // steps of k in workgroup memory at a time
const A_STRIDE = DEPTH + ${PADDING_BYTES / BYTES[component]}u;
const B_STRIDE = COLUMNS + ${PADDING_BYTES / BYTES[component]}u;
const THREADS = ${THREADS}u;
var<workgroup> a_tile: array<${component}, ROWS * A_STRIDE>;   // [row][k]
var<workgroup> b_tile: array<${component}, DEPTH * B_STRIDE>;  // [k][column]
var<workgroup> c_tile: array<f32, REGIONS * MATRIX>;  // one subgroup matrix of each region

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32,
        @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32) {
  let tiles_n = (sizes.n + COLUMNS - 1u) / COLUMNS;
  let tiles_m = (sizes.m + ROWS - 1u) / ROWS;
  let tile = group.y * groups.x + group.x;
  let slice = tile / (tiles_m * tiles_n);  // which matrix, and which chunk of its k
  if (slice >= sizes.batch * sizes.chunks) { return; }
  let z = slice / sizes.chunks;
  let i0 = (tile / tiles_n) % tiles_m * ROWS;
  let j0 = tile % tiles_n * COLUMNS;
  let first = slice % sizes.chunks * sizes.chunk_length;
  let end = min(first + sizes.chunk_length, sizes.k);
  for (var first_region = 0u; first_region < REGIONS; first_region += subgroups) {
    let region = first_region + subgroup;
    let row = row_of(region);
    let column = column_of(region);
${each((r, s) => `    var sum_${r}_${s} = ${sums}();`)}
    for (var begin = first; begin < end; begin += DEPTH) {
      for (var e = thread; e < ROWS * DEPTH / 16u; e += THREADS) {
        let along_k = sizes.a_col == 1u;
        let k = select(e / (ROWS / 4u), e % (DEPTH / 4u), along_k) * 4u;
        let i = select(e % (ROWS / 4u), e / (DEPTH / 4u), along_k) * 4u;
        let block = block_a(z, i0 + i, begin + k, end);
${repeat(16, (at) => `        a_tile[(i + ${at >> 2}u) * A_STRIDE + k + ${at & 3}u] = ${component}(block[${at & 3}][${at >> 2}]);`)}
      }
      for (var e = thread; e < COLUMNS * DEPTH / 16u; e += THREADS) {
        let along_k = sizes.b_row == 1u;
        let k = select(e / (COLUMNS / 4u), e % (DEPTH / 4u), along_k) * 4u;
        let j = select(e % (COLUMNS / 4u), e / (DEPTH / 4u), along_k) * 4u;
        let block = block_b(z, j0 + j, begin + k, end);
${repeat(16, (at) => `        b_tile[(k + ${at >> 2}u) * B_STRIDE + j + ${at & 3}u] = ${component}(block[${at >> 2}][${at & 3}]);`)}
      }
      workgroupBarrier();
      if (region < REGIONS) {
        for (var k = 0u; k < DEPTH; k += ${K}u) {
${repeat(down, (r) => `          let left_${r} = subgroupMatrixLoad<${left}, row_major>(&a_tile, (row + ${r * M}u) * A_STRIDE + k, A_STRIDE);`)}
${repeat(across, (s) => `          let right_${s} = subgroupMatrixLoad<${right}, row_major>(&b_tile, k * B_STRIDE + column + ${s * N}u, B_STRIDE);`)}
${each((r, s) => `          sum_${r}_${s} = subgroupMatrixMultiplyAccumulate(left_${r}, right_${s}, sum_${r}_${s});`)}
        }
      }
      workgroupBarrier();
    }
    // Store one subgroup matrix of each region at a time.
    let regions = min(REGIONS - first_region, subgroups);
${each(
  (
    r,
    s,
  ) => wgsl`    if (region < REGIONS) { subgroupMatrixStore<row_major>(&c_tile, region * MATRIX, sum_${r}_${s}, ${N}u); }
    workgroupBarrier();
    store(slice, i0 + ${r * M}u, j0 + ${s * N}u, first_region, regions, thread);
    workgroupBarrier();`,
)}
  }
}

fn row_of(region: u32) -> u32 { return region / ${COLUMNS / REGION_COLUMNS}u * ${REGION_ROWS}u; }
fn column_of(region: u32) -> u32 { return region % ${COLUMNS / REGION_COLUMNS}u * ${REGION_COLUMNS}u; }

/** Stores the matrices of C of \`regions\` regions, from \`region\` on; i and j are those of region 0. */
fn store(slice: u32, i: u32, j: u32, region: u32, regions: u32, thread: u32) {
  for (var e = region * MATRIX + thread; e < (region + regions) * MATRIX; e += THREADS) {
    let row = i + row_of(e / MATRIX) + e % MATRIX / ${N}u;
    let column = j + column_of(e / MATRIX) + e % ${N}u;
    if (row < sizes.m && column < sizes.n) {
      let at = (slice * sizes.m + row) * sizes.n + column;
      c[at] = epilogue(c_tile[e], at);
    }
  }
}`,
  });
}

const family = (componentType: OperandType, M: number, N: number, K: number) => {
  const config: Config = { componentType, resultComponentType: 'f32', M, N, K };
  return { any: subgroupMatrixProduct(config, 'any'), vec4: subgroupMatrixProduct(config, 'vec4') } as const;
};

/** Matrix products on matrix units, for the shapes that GPUs are known to have. */
export const matmulSubgroupMatrix = {
  /** Apple GPUs have this shape. */
  f32_8x8x8: family('f32', 8, 8, 8),
  /** NVIDIA and AMD GPUs have this shape. */
  f16_16x16x16: family('f16', 16, 16, 16),
  /** NVIDIA GPUs have this shape. */
  f16_16x8x16: family('f16', 16, 8, 16),
  /** Intel GPUs have this shape. */
  f16_8x16x16: family('f16', 8, 16, 16),
} as const;

/** Chooses the kernel for the first of the device's shapes, in its order of preference, that has one. */
export const chooseSubgroupMatrix = (
  size: MatmulSizes,
  type: OperandType,
  shapes: readonly SubgroupMatrixConfig[],
): Kernel | undefined =>
  shapes
    .filter(({ componentType, resultComponentType }) => componentType === type && resultComponentType === 'f32')
    .map(({ M, N, K }) => Object.entries(matmulSubgroupMatrix).find(([name]) => name === `${type}_${M}x${N}x${K}`)?.[1])
    .find((kernels) => kernels !== undefined)?.[readingOf(size)];
