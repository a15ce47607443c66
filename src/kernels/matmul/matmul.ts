import { bytesOf } from '../../gpu/device.js';
import { ceilDivide, defineKernel, type Split, splitAlong } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';

/*
 * Batched matrix product:
 *
 *   C[z,i,j] = Σ_k A[z,i,k] · B[z,k,j]        A (batch, m, k), B (batch, k, n), C (batch, m, n)
 *
 * Operands are read through strides, so that a transposed operand needs no copy: A[z,i,k] is at
 * z·a_batch + i·a_row + k·a_col. The variants, from simple to elaborate:
 *
 *   naive     One invocation computes one element of C, and reads 2k values for it.
 *   tiled     A workgroup of 16 x 16 invocations shares tiles of A and B in workgroup memory, which divides the reads
 *             from global memory by 16.
 *   register  A workgroup computes 64 x 64 elements, each invocation 4 x 4 of them in registers, so that each value
 *             read from workgroup memory is used four times.
 *   wide      Register tiles of 128 x 64, with 8 x 4 elements per invocation, for a C large enough to fill a GPU with
 *             them. See wide.ts.
 *   subgroup  Register tiles whose values are shared by subgroup shuffles: 16 x 4 elements per invocation. See
 *             subgroup.ts.
 *   subgroup matrix  Uses the matrix units of a GPU. See subgroup-matrix.ts.
 *   direct    4 x 8 elements per invocation, read as vec4 straight from memory, for software adapters, which emulate
 *             workgroup memory. See direct-cpu.ts.
 *
 * Split-K: where C is small and k is long, k is split into chunks so that more workgroups have work, and a second
 * launch sums the chunks in a fixed order. All kernels but naive and tiled take `chunks` > 1. All but direct exist for
 * A and B in f16, too: half as many bytes are read, and sums are still f32.
 */
export const matmulSizes = [
  ...(['batch', 'm', 'n', 'k'] as const),
  ...(['a_batch', 'a_row', 'a_col', 'b_batch', 'b_row', 'b_col'] as const),
  ...(['chunks', 'chunk_length'] as const),
] as const;

export type MatmulSizes = Readonly<Record<(typeof matmulSizes)[number], number>>;

const TILE = 16;
const BLOCK = 64;
const DEPTH = 16;
const NAIVE_THREADS = 64;

/** Element type of A and B; C and all sums are f32. */
export type OperandType = 'f32' | 'f16';

export const matmulCost =
  (type: OperandType) =>
  ({ batch, m, n, k, chunks }: MatmulSizes) => ({
    flops: 2 * batch * m * n * k,
    bytes: bytesOf(type, batch * (m * k + k * n)) + 4 * batch * chunks * m * n,
  });

/**
 * Splits one product along the rows of C and A. The rows of a transposed A span all of its memory, which is then bound.
 */
const splitRows: Split<'a' | 'c', (typeof matmulSizes)[number]> = {
  parts: ({ batch, chunks, m }) => (batch * chunks === 1 ? m : 1),
  launch(values, first, end) {
    const { n, k, a_row, a_col, batch, chunks } = values;
    if (batch * chunks > 1 || k === 0) return undefined;
    return {
      values: { ...values, m: end - first },
      spans: {
        a: { first: first * a_row, length: (end - first - 1) * a_row + (k - 1) * a_col + 1 },
        c: { first: first * n, length: (end - first) * n },
      },
    };
  },
};

/** Splits along the batch or, within one product, along the rows of C. */
export const matmulSplits = [
  splitAlong('batch', ({ a_batch, b_batch, chunks, m, n }: MatmulSizes) => ({
    a: a_batch,
    b: b_batch,
    c: chunks * m * n,
  })),
  splitRows,
] as const;

/** The parts of a kernel's definition that all matrix products with operands of this type share. */
export const matmulOf = (type: OperandType) =>
  ({
    reads: ['a', 'b'],
    writes: ['c'],
    sizes: matmulSizes,
    splits: matmulSplits,
    f16: type === 'f16',
    cost: matmulCost(type),
    reference: matmulReference,
  }) as const;

/** The kernel's name, with the type of its operands appended unless that is f32. */
export const nameFor = (name: string, type: OperandType): string => (type === 'f32' ? name : `${name}_${type}`);

/** Computes C in float64; with several chunks, their partial sums (batch, chunks, m, n). */
export function matmulReference({ a, b, c, ...size }: Record<'a' | 'b' | 'c', Float64Array> & MatmulSizes): void {
  const { batch, m, n, k, a_batch, a_row, a_col, b_batch, b_row, b_col, chunks, chunk_length } = size;
  c.fill(0, 0, batch * chunks * m * n);
  for (let z = 0; z < batch; z++) {
    for (let inner = 0; inner < k; inner++) {
      const chunk = Math.floor(inner / chunk_length);
      for (let i = 0; i < m; i++) {
        const left = a[z * a_batch + i * a_row + inner * a_col];
        const row = ((z * chunks + chunk) * m + i) * n;
        const right = z * b_batch + inner * b_row;
        for (let j = 0; j < n; j++) c[row + j] += left * b[right + j * b_col];
      }
    }
  }
}

export const SIZES_STRUCT = `struct Sizes { ${matmulSizes.map((name) => `${name}: u32`).join(', ')} }`;

const head = (type: OperandType) => wgsl`
${SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> a: array<${type}>;    // (batch, m, k), by strides
@group(0) @binding(1) var<storage, read> b: array<${type}>;    // (batch, k, n), by strides
@group(0) @binding(2) var<storage, read_write> c: array<f32>;  // (batch, chunks, m, n)
@group(0) @binding(3) var<uniform> sizes: Sizes;
${epilogue('c')}`;

const naive = (type: OperandType) =>
  defineKernel({
    ...matmulOf(type),
    name: nameFor('matmul_naive', type),
    workgroups: ({ batch, m, n }) => ceilDivide(batch * m * n, NAIVE_THREADS),
    wgsl: wgsl`${head(type)}

@compute @workgroup_size(${NAIVE_THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let index = (group.y * groups.x + group.x) * ${NAIVE_THREADS}u + thread;
  if (index >= sizes.batch * sizes.m * sizes.n) { return; }
  let j = index % sizes.n;
  let i = (index / sizes.n) % sizes.m;
  let z = index / (sizes.n * sizes.m);
  var sum = 0.0;
  for (var k = 0u; k < sizes.k; k++) {
    sum += f32(a[z * sizes.a_batch + i * sizes.a_row + k * sizes.a_col])
         * f32(b[z * sizes.b_batch + k * sizes.b_row + j * sizes.b_col]);
  }
  c[index] = epilogue(sum, index);
}`,
  });

const tiled = (type: OperandType) =>
  defineKernel({
    ...matmulOf(type),
    name: nameFor('matmul_tiled', type),
    workgroups: ({ batch, m, n }) => batch * ceilDivide(m, TILE) * ceilDivide(n, TILE),
    wgsl: wgsl`${head(type)}
const TILE = ${TILE}u;
var<workgroup> a_tile: array<array<f32, TILE>, TILE>;  // [row][k]
var<workgroup> b_tile: array<array<f32, TILE>, TILE>;  // [k][column]

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) local: vec3u) {
  let tiles_n = (sizes.n + TILE - 1u) / TILE;
  let tiles_m = (sizes.m + TILE - 1u) / TILE;
  let tile = group.y * groups.x + group.x;
  let z = tile / (tiles_m * tiles_n);
  if (z >= sizes.batch) { return; }
  let i = (tile / tiles_n) % tiles_m * TILE + local.y;
  let j = tile % tiles_n * TILE + local.x;
  var sum = 0.0;
  for (var begin = 0u; begin < sizes.k; begin += TILE) {
    let k_a = begin + local.x;
    let k_b = begin + local.y;
    a_tile[local.y][local.x] = 0.0;
    b_tile[local.y][local.x] = 0.0;
    if (i < sizes.m && k_a < sizes.k) {
      a_tile[local.y][local.x] = f32(a[z * sizes.a_batch + i * sizes.a_row + k_a * sizes.a_col]);
    }
    if (k_b < sizes.k && j < sizes.n) {
      b_tile[local.y][local.x] = f32(b[z * sizes.b_batch + k_b * sizes.b_row + j * sizes.b_col]);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) { sum += a_tile[local.y][k] * b_tile[k][local.x]; }
    workgroupBarrier();
  }
  if (i < sizes.m && j < sizes.n) {
    let index = (z * sizes.m + i) * sizes.n + j;
    c[index] = epilogue(sum, index);
  }
}`,
  });

const register = (type: OperandType) =>
  defineKernel({
    ...matmulOf(type),
    name: nameFor('matmul_register', type),
    workgroups: ({ batch, m, n, chunks }) => batch * chunks * ceilDivide(m, BLOCK) * ceilDivide(n, BLOCK),
    wgsl: wgsl`${head(type)}
const BLOCK = ${BLOCK}u;    // rows and columns of C per workgroup
const DEPTH = ${DEPTH}u;    // steps of k in workgroup memory at a time
const THREADS = 256u;  // 16 x 16 invocations, each with 4 x 4 elements
var<workgroup> a_tile: array<f32, BLOCK * DEPTH>;      // [k][row]
var<workgroup> b_tile: array<vec4f, BLOCK * DEPTH / 4u>;  // [k][column / 4]

fn load_a(z: u32, i: u32, k: u32, end: u32) -> f32 {
  if (i >= sizes.m || k >= end) { return 0.0; }
  return f32(a[z * sizes.a_batch + i * sizes.a_row + k * sizes.a_col]);
}
fn load_b(z: u32, k: u32, j: u32, end: u32) -> f32 {
  if (j >= sizes.n || k >= end) { return 0.0; }
  return f32(b[z * sizes.b_batch + k * sizes.b_row + j * sizes.b_col]);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let tiles_n = (sizes.n + BLOCK - 1u) / BLOCK;
  let tiles_m = (sizes.m + BLOCK - 1u) / BLOCK;
  let tile = group.y * groups.x + group.x;
  let slice = tile / (tiles_m * tiles_n);  // which matrix, and which chunk of its k
  if (slice >= sizes.batch * sizes.chunks) { return; }
  let z = slice / sizes.chunks;
  let i0 = (tile / tiles_n) % tiles_m * BLOCK;
  let j0 = tile % tiles_n * BLOCK;
  let row = thread / 16u * 4u;
  let column = thread % 16u;
  let first = slice % sizes.chunks * sizes.chunk_length;
  let end = min(first + sizes.chunk_length, sizes.k);
  var sum: array<vec4f, 4>;
  for (var begin = first; begin < end; begin += DEPTH) {
    // Adjacent invocations read along k if the rows of A are contiguous, and along i if its columns are.
    for (var e = thread; e < BLOCK * DEPTH; e += THREADS) {
      let along_k = sizes.a_col == 1u;
      let k = select(e / BLOCK, e % DEPTH, along_k);
      let i = select(e % BLOCK, e / DEPTH, along_k);
      a_tile[k * BLOCK + i] = load_a(z, i0 + i, begin + k, end);
    }
    for (var e = thread; e < BLOCK * DEPTH / 4u; e += THREADS) {
      let k = begin + e / (BLOCK / 4u);
      let j = j0 + e % (BLOCK / 4u) * 4u;
      b_tile[e] = vec4f(load_b(z, k, j, end), load_b(z, k, j + 1u, end), load_b(z, k, j + 2u, end), load_b(z, k, j + 3u, end));
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let right = b_tile[k * (BLOCK / 4u) + column];
      for (var r = 0u; r < 4u; r++) { sum[r] += a_tile[k * BLOCK + row + r] * right; }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4u; r++) {
    for (var s = 0u; s < 4u; s++) {
      let i = i0 + row + r;
      let j = j0 + column * 4u + s;
      if (i < sizes.m && j < sizes.n) {
        let index = (slice * sizes.m + i) * sizes.n + j;
        c[index] = epilogue(sum[r][s], index);
      }
    }
  }
}`,
  });

/** Matrix product with one invocation for each element of C. */
export const matmulNaive = naive('f32');
/** Matrix product with tiles of 16 x 16 in workgroup memory. */
export const matmulTiled = tiled('f32');
/** Matrix product with 64 x 64 elements of C per workgroup, and 4 x 4 in the registers of each invocation. */
export const matmulRegister = register('f32');

/** The same matrix products for operands in half precision. */
export const matmulF16 = { naive: naive('f16'), tiled: tiled('f16'), register: register('f16') } as const;
