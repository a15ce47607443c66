import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { type MatmulSizes, matmulOf, nameFor, type OperandType, SIZES_STRUCT } from './matmul.js';

/*
 * The variants of matmul that share values through the subgroup:
 *
 *   C[z,i,j] = Σ_k A[z,i,k] · B[z,k,j]        A (batch, m, k), B (batch, k, n), C (batch, m, n)
 *
 * Each invocation computes 16 rows by four adjacent columns of C. It loads the columns of B itself; each lane loads one
 * row of A, which all of them need, and broadcasts it by a subgroup shuffle, without workgroup memory. For the 64
 * products of one step of k an invocation thus loads six values instead of twenty.
 *
 *   rows     B (k, n): a vec4 is four columns. Needs n and the strides of B to be multiples of 4.
 *   columns  Bᵀ (n, k): a vec4 is four steps of k. Needs n, k and the strides of B to be multiples of 4.
 *   any      Any strides, one value at a time.
 *   tall     As `any`, with A and B exchanged: 16 columns by four rows per invocation, for C with few columns.
 *
 * Rows and columns beyond the end are clamped to the last one, and not stored.
 */
const LINES = 16; // lines of C per workgroup: its rows or, in the tall variant, its columns
const THREADS = 8; // each computes four lines of the other axis
/**
 * Lanes that share their values. Every adapter with subgroups has at least this many; further lanes repeat their loads.
 */
const LANES = 8;

interface Variant {
  /** The axis of C whose lines all invocations share: its rows, or its columns. */
  readonly shared: 'm' | 'n';
  /** True if B is read and C is written as vec4. */
  readonly vec4: boolean;
  /**
   * WGSL of `shared_one`, the value of a shared line at one step of k, and of `spread_one` and `spread_vec4`, the four
   * values of the invocation's own lines at one step of k or at four.
   */
  readonly loads: string;
  /** WGSL of `store`, which writes four values of C on a shared line. */
  readonly store: string;
}

function subgroup(name: string, type: OperandType, { shared, vec4, loads, store }: Variant): Kernel {
  const spread = shared === 'm' ? 'n' : 'm';
  return defineKernel({
    ...matmulOf(type),
    name: nameFor(`matmul_subgroup_${name}`, type),
    subgroupLanes: LANES,
    workgroups: ({ batch, chunks, ...size }) =>
      batch * chunks * ceilDivide(size[shared], LINES) * ceilDivide(size[spread], 4 * THREADS),
    wgsl: wgsl`
${SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> a: array<${type}>;                           // (batch, m, k), by strides
@group(0) @binding(1) var<storage, read> b: array<${vec4 ? `vec4<${type}>` : type}>;  // (batch, k, n), by strides
@group(0) @binding(2) var<storage, read_write> c: array<${vec4 ? 'vec4f' : 'f32'}>;   // (batch, chunks, m, n)
@group(0) @binding(3) var<uniform> sizes: Sizes;
const LINES = ${LINES}u;
const LANES = ${LANES}u;
${loads}
${store}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) in_subgroup: u32) {
  let lane = in_subgroup % LANES;
  let tiles_j = (sizes.${spread} + ${4 * THREADS - 1}u) / ${4 * THREADS}u;
  let tiles_i = (sizes.${shared} + LINES - 1u) / LINES;
  let tile = group.y * groups.x + group.x;
  let slice = tile / (tiles_i * tiles_j);  // which matrix, and which chunk of its k
  if (slice >= sizes.batch * sizes.chunks) { return; }
  let z = slice / sizes.chunks;
  let i = tile / tiles_j % tiles_i * LINES;
  let j = (tile % tiles_j * ${THREADS}u + thread) * 4u;
  let first = slice % sizes.chunks * sizes.chunk_length;
  let end = min(first + sizes.chunk_length, sizes.k);
  var sum: array<vec4f, LINES>;
  var k = first;
  for (; k + 4u <= end; k += 4u) {
    let y = spread_vec4(z, k, j);
    for (var line = 0u; line < LINES; line += LANES) {
      let own = min(i + line + lane, sizes.${shared} - 1u);
      let x = vec4f(shared_one(z, own, k), shared_one(z, own, k + 1u), shared_one(z, own, k + 2u), shared_one(z, own, k + 3u));
      for (var l = 0u; l < LANES; l++) { sum[line + l] += y * subgroupShuffle(x, l); }
    }
  }
  for (; k < end; k++) {
    let y = spread_one(z, k, j);
    for (var line = 0u; line < LINES; line += LANES) {
      let x = shared_one(z, min(i + line + lane, sizes.${shared} - 1u), k);
      for (var l = 0u; l < LANES; l++) { sum[line + l] += y * subgroupShuffle(x, l); }
    }
  }
  if (j >= sizes.${spread}) { return; }
  for (var line = 0u; line < LINES; line++) {
    if (i + line < sizes.${shared}) { store(slice, i + line, j, sum[line]); }
  }
}`,
  });
}

const sharedRows = wgsl`
fn shared_one(z: u32, i: u32, k: u32) -> f32 {
  return f32(a[z * sizes.a_batch + i * sizes.a_row + k * sizes.a_col]);
}`;

const storeVec4 = wgsl`
${epilogue('c', 'vec4f')}
fn store(slice: u32, i: u32, j: u32, value: vec4f) {
  let at = ((slice * sizes.m + i) * sizes.n + j) / 4u;
  c[at] = epilogue(value, at);
}`;

const rows: Variant = {
  shared: 'm',
  vec4: true,
  store: storeVec4,
  loads: wgsl`${sharedRows}
fn spread_one(z: u32, k: u32, j: u32) -> vec4f {
  return vec4f(b[(z * sizes.b_batch + k * sizes.b_row + min(j, sizes.n - 4u)) / 4u]);
}
fn spread_vec4(z: u32, k: u32, j: u32) -> mat4x4f {
  return mat4x4f(spread_one(z, k, j), spread_one(z, k + 1u, j), spread_one(z, k + 2u, j), spread_one(z, k + 3u, j));
}`,
};

const columns: Variant = {
  shared: 'm',
  vec4: true,
  store: storeVec4,
  loads: wgsl`${sharedRows}
fn spread_vec4(z: u32, k: u32, j: u32) -> mat4x4f {
  let at = (z * sizes.b_batch + min(j, sizes.n - 4u) * sizes.b_col + k) / 4u;
  let next = sizes.b_col / 4u;
  return transpose(mat4x4f(vec4f(b[at]), vec4f(b[at + next]), vec4f(b[at + 2u * next]), vec4f(b[at + 3u * next])));
}
fn spread_one(z: u32, k: u32, j: u32) -> vec4f { return spread_vec4(z, k, j)[k % 4u]; }`,
};

const any: Variant = {
  shared: 'm',
  vec4: false,
  loads: wgsl`${sharedRows}
fn spread_one(z: u32, k: u32, j: u32) -> vec4f {
  let at = z * sizes.b_batch + k * sizes.b_row + min(j + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.n - 1u)) * sizes.b_col;
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}
fn spread_vec4(z: u32, k: u32, j: u32) -> mat4x4f {
  return mat4x4f(spread_one(z, k, j), spread_one(z, k + 1u, j), spread_one(z, k + 2u, j), spread_one(z, k + 3u, j));
}`,
  store: wgsl`
${epilogue('c')}
fn store(slice: u32, i: u32, j: u32, value: vec4f) {
  let at = (slice * sizes.m + i) * sizes.n + j;
  for (var s = 0u; s < 4u; s++) {
    if (j + s < sizes.n) { c[at + s] = epilogue(value[s], at + s); }
  }
}`,
};

const tall: Variant = {
  shared: 'n',
  vec4: false,
  loads: wgsl`
fn shared_one(z: u32, j: u32, k: u32) -> f32 {
  return f32(b[z * sizes.b_batch + k * sizes.b_row + j * sizes.b_col]);
}
fn spread_one(z: u32, k: u32, i: u32) -> vec4f {
  let at = z * sizes.a_batch + min(i + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m - 1u)) * sizes.a_row + k * sizes.a_col;
  return vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
}
fn spread_vec4(z: u32, k: u32, i: u32) -> mat4x4f {
  return mat4x4f(spread_one(z, k, i), spread_one(z, k + 1u, i), spread_one(z, k + 2u, i), spread_one(z, k + 3u, i));
}`,
  store: wgsl`
${epilogue('c')}
fn store(slice: u32, j: u32, i: u32, value: vec4f) {
  for (var s = 0u; s < 4u; s++) {
    let at = (slice * sizes.m + i + s) * sizes.n + j;
    if (i + s < sizes.m) { c[at] = epilogue(value[s], at); }
  }
}`,
};

function subgroupsFor(type: OperandType) {
  return {
    rows: subgroup('rows', type, rows),
    columns: subgroup('columns', type, columns),
    any: subgroup('any', type, any),
    tall: subgroup('tall', type, tall),
  } as const;
}

/** Matrix products that share one operand by subgroup shuffles, for adapters with subgroups of at least eight lanes. */
export const matmulSubgroup = subgroupsFor('f32');
/** The same matrix products for operands in half precision. */
export const matmulSubgroupF16 = subgroupsFor('f16');

/** Chooses the subgroup kernel whose tiles waste the least of C; on ties, one that loads vec4. */
export function chooseSubgroup(size: MatmulSizes, type: OperandType = 'f32'): Kernel {
  const { rows, columns, any, tall } = type === 'f32' ? matmulSubgroup : matmulSubgroupF16;
  const { m, n, k, b_row, b_col, b_batch } = size;
  const padded = (lines: number, spread: number) =>
    ceilDivide(lines, LINES) * LINES * ceilDivide(spread, 4 * THREADS) * 4 * THREADS;
  if (padded(n, m) < padded(m, n)) return tall;
  const multiplesOf4 = (...counts: number[]) => counts.every((count) => count % 4 === 0);
  if (b_col === 1 && multiplesOf4(n, b_row, b_batch)) return rows;
  if (b_row === 1 && multiplesOf4(n, k, b_col, b_batch)) return columns;
  return any;
}
