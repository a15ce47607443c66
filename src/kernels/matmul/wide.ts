import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { type MatmulSizes, matmulOf, nameFor, type OperandType } from './matmul.js';
import { blocksOf, type Reading, readingOf, repeat } from './tiles.js';

/*
 * Matrix product in tiles of 128 x 64, for GPUs and a C that has hundreds of them:
 *
 *   C[z,i,j] = Σ_k A[z,i,k] · B[z,k,j]        A (batch, m, k), B (batch, k, n), C (batch, m, n)
 *
 * An invocation computes 8 x 4 elements. At each step of k it reads three vec4 from workgroup memory and makes 32
 * products of them. Both tiles are stored with k outermost, so that a vec4 is four rows of A or four columns of B: A is
 * transposed when it is loaded. A vec4 of padding after each step keeps writes of successive steps on different banks.
 */
const ROWS = 128;
const COLUMNS = 64;
const DEPTH = 16;
const THREADS = 256;
const EACH = 8; // rows of C per invocation, by four columns

const storeAny = wgsl`
@group(0) @binding(2) var<storage, read_write> c: array<f32>;  // (batch, chunks, m, n)
${epilogue('c')}
fn store(slice: u32, i: u32, j: u32, value: vec4f) {
  let at = (slice * sizes.m + i) * sizes.n + j;
  for (var s = 0u; s < 4u; s++) {
    if (i < sizes.m && j + s < sizes.n) { c[at + s] = epilogue(value[s], at + s); }
  }
}`;

const storeVec4 = wgsl`
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;  // (batch, chunks, m, n)
${epilogue('c', 'vec4f')}
fn store(slice: u32, i: u32, j: u32, value: vec4f) {
  let at = ((slice * sizes.m + i) * sizes.n + j) / 4u;
  if (i < sizes.m && j < sizes.n) { c[at] = epilogue(value, at); }
}`;

const wide = (reading: Reading, type: OperandType): Kernel =>
  defineKernel({
    ...matmulOf(type),
    name: nameFor(reading === 'vec4' ? 'matmul_wide_vec4' : 'matmul_wide', type),
    workgroups: ({ batch, m, n, chunks }) => batch * chunks * ceilDivide(m, ROWS) * ceilDivide(n, COLUMNS),
    wgsl: wgsl`${blocksOf(reading, type)}
${reading === 'vec4' ? storeVec4 : storeAny}

const ROWS = ${ROWS}u;       // rows of C per workgroup
const COLUMNS = ${COLUMNS}u;
const DEPTH = ${DEPTH}u;      // steps of k in workgroup memory at a time
const A_STRIDE = ROWS / 4u + 1u;
const B_STRIDE = COLUMNS / 4u + 1u;
const A_BLOCKS = ROWS * DEPTH / 16u;
const B_BLOCKS = COLUMNS * DEPTH / 16u;
var<workgroup> a_tile: array<vec4f, DEPTH * A_STRIDE>;  // [k][row / 4]
var<workgroup> b_tile: array<vec4f, DEPTH * B_STRIDE>;  // [k][column / 4]

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
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
  let row = thread / (COLUMNS / 4u) * ${EACH}u;
  let column = thread % (COLUMNS / 4u) * 4u;
${repeat(EACH, (r) => `  var sum_${r} = vec4f();`)}
  for (var begin = first; begin < end; begin += DEPTH) {
    // Adjacent invocations load blocks that are adjacent along the contiguous axis of the operand.
    if (thread < A_BLOCKS) {
      let along_k = sizes.a_col == 1u;
      let k = select(thread / (ROWS / 4u), thread % (DEPTH / 4u), along_k) * 4u;
      let i = select(thread % (ROWS / 4u), thread / (DEPTH / 4u), along_k);
      let block = block_a(z, i0 + 4u * i, begin + k, end);
${repeat(4, (s) => `      a_tile[(k + ${s}u) * A_STRIDE + i] = block[${s}];`)}
    } else if (thread < A_BLOCKS + B_BLOCKS) {
      let along_k = sizes.b_row == 1u;
      let e = thread - A_BLOCKS;
      let k = select(e / (COLUMNS / 4u), e % (DEPTH / 4u), along_k) * 4u;
      let j = select(e % (COLUMNS / 4u), e / (DEPTH / 4u), along_k);
      let block = block_b(z, j0 + 4u * j, begin + k, end);
${repeat(4, (s) => `      b_tile[(k + ${s}u) * B_STRIDE + j] = block[${s}];`)}
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let upper = a_tile[k * A_STRIDE + row / 4u];
      let lower = a_tile[k * A_STRIDE + row / 4u + 1u];
      let right = b_tile[k * B_STRIDE + column / 4u];
${repeat(4, (r) => `      sum_${r} += upper[${r}] * right;`)}
${repeat(4, (r) => `      sum_${r + 4} += lower[${r}] * right;`)}
    }
    workgroupBarrier();
  }
${repeat(EACH, (r) => `  store(slice, i0 + row + ${r}u, j0 + column, sum_${r});`)}
}`,
  });

/** Matrix products in tiles of 128 x 64, read as vec4 where {@link readingOf} allows it. */
export const matmulWide = { any: wide('any', 'f32'), vec4: wide('vec4', 'f32') } as const;
/** The same matrix products for operands in half precision. */
export const matmulWideF16 = { any: wide('any', 'f16'), vec4: wide('vec4', 'f16') } as const;

/** Chooses the kernel with tiles of 128 x 64 that reads these operands fastest. */
export const chooseWide = (size: MatmulSizes, type: OperandType = 'f32'): Kernel =>
  (type === 'f32' ? matmulWide : matmulWideF16)[readingOf(size)];
