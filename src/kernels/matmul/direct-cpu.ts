import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { epilogue, wgsl } from '../../gpu/wgsl.js';
import { type MatmulSizes, matmulCost, matmulReference, matmulSizes, matmulSplits, SIZES_STRUCT } from './matmul.js';

/*
 * The variants of matmul for software adapters, which emulate workgroup memory and for which a load costs as much as a
 * dozen multiplications, whatever its address. Each invocation therefore keeps a tile of C in registers and reads A and
 * B as vec4, straight from memory. The layout of each operand selects the kernel:
 *
 *   nn      A (m, k), B (k, n)        c[r] += a[r][k] · b[k]      b[k] holds columns, as vec4
 *   tn      Aᵀ (k, m), B (k, n)       c[r] += a[k][r] · b[k]
 *   nt      A (m, k), Bᵀ (n, k)       c[r][s] += dot(a[r], b[s])  both as vec4 along k
 *   scalar  any strides               4 x 4 elements per invocation
 *
 * All but `scalar` need contiguous axes whose length is a multiple of 4.
 */
const THREADS = 32;
const ROWS = 4;

function direct(name: string, columns: number, vector: boolean, body: string): Kernel {
  return defineKernel({
    name: `matmul_direct_${name}`,
    reads: ['a', 'b'],
    writes: ['c'],
    sizes: matmulSizes,
    splits: matmulSplits,
    workgroups: ({ batch, m, n, chunks }) =>
      ceilDivide(batch * chunks * ceilDivide(m, ROWS) * ceilDivide(n, columns), THREADS),
    cost: matmulCost('f32'),
    wgsl: wgsl`
${SIZES_STRUCT}
@group(0) @binding(0) var<storage, read> a: array<${vector ? 'vec4f' : 'f32'}>;
@group(0) @binding(1) var<storage, read> b: array<${vector ? 'vec4f' : 'f32'}>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;  // (batch, chunks, m, n)
@group(0) @binding(3) var<uniform> sizes: Sizes;
const COLUMNS = ${columns}u;  // columns of C per invocation
${epilogue('c')}

fn store(slice: u32, i: u32, j: u32, value: vec4f) {
  if (i >= sizes.m) { return; }
  let index = (slice * sizes.m + i) * sizes.n + j;
  for (var s = 0u; s < 4u; s++) {
    if (j + s < sizes.n) { c[index + s] = epilogue(value[s], index + s); }
  }
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let tiles_n = (sizes.n + COLUMNS - 1u) / COLUMNS;
  let tiles_m = (sizes.m + 3u) / 4u;
  let tile = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  let slice = tile / (tiles_m * tiles_n);  // which matrix, and which chunk of its k
  if (slice >= sizes.batch * sizes.chunks) { return; }
  let z = slice / sizes.chunks;
  let i = (tile / tiles_n) % tiles_m * 4u;
  let j = tile % tiles_n * COLUMNS;
  let first = slice % sizes.chunks * sizes.chunk_length;
  let end = min(first + sizes.chunk_length, sizes.k);
${body}
}`,
    reference: matmulReference,
  });
}

/** WGSL of the offsets of four rows of A. Rows beyond the last one are clamped to it; their products are not stored. */
const rowsOfA = wgsl`
  let last = sizes.m - 1u;
  let a0 = (z * sizes.a_batch + min(i, last) * sizes.a_row) / 4u;
  let a1 = (z * sizes.a_batch + min(i + 1u, last) * sizes.a_row) / 4u;
  let a2 = (z * sizes.a_batch + min(i + 2u, last) * sizes.a_row) / 4u;
  let a3 = (z * sizes.a_batch + min(i + 3u, last) * sizes.a_row) / 4u;`;
/** WGSL of the offsets of eight columns of B, clamped to the last four; what lies beyond is not stored. */
const columnsOfB = wgsl`
  let stride = sizes.b_row / 4u;
  let b0 = z * sizes.b_batch / 4u + j / 4u;
  let b1 = z * sizes.b_batch / 4u + min(j + 4u, sizes.n - 4u) / 4u;`;
const eightSums = wgsl`
  var c00 = vec4f(); var c01 = vec4f();
  var c10 = vec4f(); var c11 = vec4f();
  var c20 = vec4f(); var c21 = vec4f();
  var c30 = vec4f(); var c31 = vec4f();`;
const storeEight = wgsl`
  store(slice, i, j, c00); store(slice, i, j + 4u, c01);
  store(slice, i + 1u, j, c10); store(slice, i + 1u, j + 4u, c11);
  store(slice, i + 2u, j, c20); store(slice, i + 2u, j + 4u, c21);
  store(slice, i + 3u, j, c30); store(slice, i + 3u, j + 4u, c31);`;

const nn = direct(
  'nn',
  8,
  true,
  wgsl`${rowsOfA}${columnsOfB}${eightSums}
  for (var k = first; k < end; k += 4u) {
    let x0 = a[a0 + k / 4u];
    let x1 = a[a1 + k / 4u];
    let x2 = a[a2 + k / 4u];
    let x3 = a[a3 + k / 4u];
    var y0 = b[b0 + k * stride];
    var y1 = b[b1 + k * stride];
    c00 += x0.x * y0; c01 += x0.x * y1; c10 += x1.x * y0; c11 += x1.x * y1;
    c20 += x2.x * y0; c21 += x2.x * y1; c30 += x3.x * y0; c31 += x3.x * y1;
    y0 = b[b0 + (k + 1u) * stride];
    y1 = b[b1 + (k + 1u) * stride];
    c00 += x0.y * y0; c01 += x0.y * y1; c10 += x1.y * y0; c11 += x1.y * y1;
    c20 += x2.y * y0; c21 += x2.y * y1; c30 += x3.y * y0; c31 += x3.y * y1;
    y0 = b[b0 + (k + 2u) * stride];
    y1 = b[b1 + (k + 2u) * stride];
    c00 += x0.z * y0; c01 += x0.z * y1; c10 += x1.z * y0; c11 += x1.z * y1;
    c20 += x2.z * y0; c21 += x2.z * y1; c30 += x3.z * y0; c31 += x3.z * y1;
    y0 = b[b0 + (k + 3u) * stride];
    y1 = b[b1 + (k + 3u) * stride];
    c00 += x0.w * y0; c01 += x0.w * y1; c10 += x1.w * y0; c11 += x1.w * y1;
    c20 += x2.w * y0; c21 += x2.w * y1; c30 += x3.w * y0; c31 += x3.w * y1;
  }
${storeEight}`,
);

const tn = direct(
  'tn',
  8,
  true,
  wgsl`
  let a0 = (z * sizes.a_batch + i) / 4u;
  let a_stride = sizes.a_col / 4u;
${columnsOfB}${eightSums}
  for (var k = first; k < end; k++) {
    let x = a[a0 + k * a_stride];
    let y0 = b[b0 + k * stride];
    let y1 = b[b1 + k * stride];
    c00 += x.x * y0; c01 += x.x * y1; c10 += x.y * y0; c11 += x.y * y1;
    c20 += x.z * y0; c21 += x.z * y1; c30 += x.w * y0; c31 += x.w * y1;
  }
${storeEight}`,
);

const nt = direct(
  'nt',
  4,
  true,
  wgsl`${rowsOfA}
  let right = sizes.n - 1u;
  let b0 = (z * sizes.b_batch + min(j, right) * sizes.b_col) / 4u;
  let b1 = (z * sizes.b_batch + min(j + 1u, right) * sizes.b_col) / 4u;
  let b2 = (z * sizes.b_batch + min(j + 2u, right) * sizes.b_col) / 4u;
  let b3 = (z * sizes.b_batch + min(j + 3u, right) * sizes.b_col) / 4u;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  for (var k = first / 4u; k < end / 4u; k++) {
    let x0 = a[a0 + k];
    let x1 = a[a1 + k];
    let x2 = a[a2 + k];
    let x3 = a[a3 + k];
    // y[s] holds four columns of B at step k + s, so that each product is four elements of a row of C.
    let y = transpose(mat4x4f(b[b0 + k], b[b1 + k], b[b2 + k], b[b3 + k]));
    c0 += x0.x * y[0] + x0.y * y[1] + x0.z * y[2] + x0.w * y[3];
    c1 += x1.x * y[0] + x1.y * y[1] + x1.z * y[2] + x1.w * y[3];
    c2 += x2.x * y[0] + x2.y * y[1] + x2.z * y[2] + x2.w * y[3];
    c3 += x3.x * y[0] + x3.y * y[1] + x3.z * y[2] + x3.w * y[3];
  }
  store(slice, i, j, c0);
  store(slice, i + 1u, j, c1);
  store(slice, i + 2u, j, c2);
  store(slice, i + 3u, j, c3);`,
);

const scalar = direct(
  'scalar',
  4,
  false,
  wgsl`
  let last = vec4u(sizes.m - 1u);
  let right = vec4u(sizes.n - 1u);
  let rows = z * sizes.a_batch + min(vec4u(i, i + 1u, i + 2u, i + 3u), last) * sizes.a_row;
  let columns = z * sizes.b_batch + min(vec4u(j, j + 1u, j + 2u, j + 3u), right) * sizes.b_col;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  for (var k = first; k < end; k++) {
    let x = k * sizes.a_col;
    let w = k * sizes.b_row;
    let y = vec4f(b[columns.x + w], b[columns.y + w], b[columns.z + w], b[columns.w + w]);
    c0 += a[rows.x + x] * y;
    c1 += a[rows.y + x] * y;
    c2 += a[rows.z + x] * y;
    c3 += a[rows.w + x] * y;
  }
  store(slice, i, j, c0);
  store(slice, i + 1u, j, c1);
  store(slice, i + 2u, j, c2);
  store(slice, i + 3u, j, c3);`,
);

/** Matrix products without workgroup memory, by the layout of the operands. */
export const matmulDirect = { nn, tn, nt, scalar } as const;

/**
 * Chooses the direct kernel that reads these operands as vec4, else the scalar one. Chunks of k must be multiples of 4.
 */
export function chooseDirect(size: MatmulSizes): Kernel {
  const multiplesOf4 = (...counts: number[]) => counts.every((count) => count % 4 === 0);
  const { m, n, k, a_row, a_col, b_row, b_col, a_batch, b_batch } = size;
  if (!multiplesOf4(a_batch, b_batch)) return scalar;
  if (a_col === 1 && b_col === 1 && multiplesOf4(k, n, a_row, b_row)) return nn;
  if (a_row === 1 && b_col === 1 && multiplesOf4(m, n, a_col, b_row)) return tn;
  if (a_col === 1 && b_row === 1 && multiplesOf4(k, a_row, b_col)) return nt;
  return scalar;
}
