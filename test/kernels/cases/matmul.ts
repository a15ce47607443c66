import { addParts } from '../../../src/kernels/matmul/add.js';
import { matmulDirect } from '../../../src/kernels/matmul/direct-cpu.js';
import { matmulNaive, matmulRegister, matmulTiled } from '../../../src/kernels/matmul/matmul.js';
import { matmulSubgroup } from '../../../src/kernels/matmul/subgroup.js';
import { matmulSubgroupMatrix } from '../../../src/kernels/matmul/subgroup-matrix.js';
import { matmulWide } from '../../../src/kernels/matmul/wide.js';
import type { KernelCase } from '../../support/kernels.js';
import { normals } from '../../support/numbers.js';

export function product(
  kernel: KernelCase['kernel'],
  [batch, m, k, n]: [number, number, number, number],
  a: 'n' | 't',
  b: 'n' | 't',
  chunks = 1,
): KernelCase {
  const chunk_length = Math.ceil(k / chunks / 4) * 4 || 1;
  const split = Math.max(1, Math.ceil(k / chunk_length));
  return {
    kernel,
    note: `${batch} x ${a}(${m} x ${k}) ${b}(${k} x ${n}), ${split} chunks`,
    values: {
      batch,
      m,
      n,
      k,
      chunks: split,
      chunk_length,
      a_batch: m * k,
      a_row: a === 't' ? 1 : k,
      a_col: a === 't' ? m : 1,
      b_batch: k * n,
      b_row: b === 't' ? 1 : n,
      b_col: b === 't' ? k : 1,
    },
    buffers: { a: batch * m * k, b: batch * k * n, c: batch * split * m * n },
    tolerance: { absolute: 1e-4, relative: 1e-4 },
  };
}
const SIZES: [number, number, number, number][] = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [1, 16, 16, 16],
  [1, 17, 33, 15],
  [1, 64, 64, 64],
  [2, 65, 31, 67],
  [1, 4, 4, 4],
  [2, 16, 16, 32],
  [2, 64, 16, 128],
  [1, 5, 0, 3],
  [0, 4, 4, 4],
];
const VEC4: [number, number, number, number][] = [
  [1, 4, 4, 4],
  [2, 8, 12, 16],
  [1, 64, 32, 72],
  [3, 4, 8, 4],
  [2, 16, 8, 32],
  [1, 64, 8, 64],
];
/**
 * A case with an infinity in row 1 of A and column 1 of B, which are first there: they stay in their row and column.
 */
export function infinite(one: KernelCase): KernelCase {
  const { batch, m, n, k, a_batch, a_row, b_batch, b_col } = one.values;
  const [a, b] = [normals(batch * m * k, 1), normals(batch * k * n, 2)];
  for (let z = 0; z < batch; z++) {
    a[z * a_batch + a_row] = Number.POSITIVE_INFINITY;
    b[z * b_batch + b_col] = Number.POSITIVE_INFINITY;
  }
  return { ...one, note: `${one.note}, infinite`, buffers: { ...one.buffers, a, b } };
}
/** A case with B's columns so far apart: k has a rest, but what is read as vec4 does not. */
function apart(one: KernelCase, b_col: number): KernelCase {
  const { batch, n } = one.values;
  const b_batch = b_col * n;
  const values = { ...one.values, b_batch, b_col };
  return { ...one, note: `${one.note}, ${b_col} apart`, values, buffers: { ...one.buffers, b: batch * b_batch } };
}
export const matmul = [
  ...[
    ...[matmulNaive, matmulTiled, matmulRegister, matmulDirect.scalar],
    ...[matmulSubgroup.any, matmulSubgroup.tall, matmulWide.any],
  ].flatMap((kernel) =>
    SIZES.flatMap((size) => [
      product(kernel, size, 'n', 'n'),
      product(kernel, size, 't', 'n'),
      product(kernel, size, 'n', 't'),
    ]),
  ),
  ...[matmulRegister, matmulDirect.scalar, matmulSubgroup.any, matmulSubgroup.tall, matmulWide.any].map((kernel) =>
    product(kernel, [2, 9, 150, 11], 'n', 't', 4),
  ),
  // More than one tile of 128 x 64, the last ones not full; k with a rest, and in chunks.
  ...(['n', 't'] as const).flatMap((a) =>
    (['n', 't'] as const).flatMap((b) => [
      product(matmulWide.any, [1, 129, 19, 65], a, b),
      product(matmulWide.any, [2, 251, 83, 67], a, b, 3),
      product(matmulWide.vec4, [2, 132, 20, 68], a, b),
      product(matmulWide.vec4, [1, 260, 84, 132], a, b, 3),
      ...[[2, 128, 16, 64] as const, [3, 4, 4, 4] as const, [1, 4, 0, 8] as const, [0, 4, 4, 4] as const].map((size) =>
        product(matmulWide.vec4, [...size], a, b),
      ),
    ]),
  ),
  // Beside a tile of 128 x 128, and beyond one; those of f16 are told the same below.
  ...[[1, 1, 1, 1] as const, [1, 5, 0, 3] as const, [0, 4, 4, 4] as const].map((size) =>
    product(matmulSubgroupMatrix.f32_8x8x8.any, [...size], 'n', 'n'),
  ),
  product(matmulSubgroupMatrix.f32_8x8x8.any, [1, 131, 37, 17], 'n', 't'),
  product(matmulSubgroupMatrix.f32_8x8x8.any, [1, 19, 83, 131], 't', 'n', 2),
  product(matmulSubgroupMatrix.f32_8x8x8.vec4, [1, 128, 32, 128], 'n', 'n'),
  product(matmulSubgroupMatrix.f32_8x8x8.vec4, [2, 36, 20, 40], 't', 't'),
  product(matmulSubgroupMatrix.f32_8x8x8.vec4, [1, 132, 76, 132], 'n', 'n', 2),
  // By vec4, only the axes that are contiguous need whole vec4, and n.
  product(matmulWide.vec4, [1, 7, 12, 20], 'n', 'n'),
  product(matmulWide.vec4, [2, 8, 13, 20], 't', 'n'),
  product(matmulWide.vec4, [1, 131, 12, 8], 'n', 't'),
  product(matmulWide.any, [2, 128, 5, 64], 'n', 'n'),
  // Where k ends within a block, the infinity of the next matrix is behind it.
  ...[13, 14, 15].map((k) => infinite(product(matmulWide.vec4, [2, 8, k, 20], 't', 'n'))),
  ...[matmulWide.any, matmulWide.vec4].flatMap((kernel) => [
    infinite(product(kernel, [2, 20, 20, 16], 'n', 'n')),
    infinite(product(kernel, [2, 20, 20, 16], 't', 't')),
  ]),
  ...VEC4.flatMap((size) => [
    product(matmulDirect.nn, size, 'n', 'n'),
    product(matmulDirect.tn, size, 't', 'n'),
    product(matmulDirect.nt, size, 'n', 't'),
    product(matmulSubgroup.rows, size, 'n', 'n'),
    product(matmulSubgroup.rows, size, 't', 'n'),
    product(matmulSubgroup.columns, size, 'n', 't'),
  ]),
  // More than one tile of 16 x 32, the last ones not full; k with a rest.
  ...[matmulSubgroup.rows, matmulSubgroup.any, matmulSubgroup.tall].flatMap((kernel) => [
    product(kernel, [2, 37, 23, 44], 'n', 'n'),
    product(kernel, [2, 18, 75, 36], 't', 'n', 3),
  ]),
  product(matmulSubgroup.columns, [2, 37, 24, 44], 'n', 't'),
  product(matmulSubgroup.columns, [2, 18, 76, 36], 't', 't', 3),
  apart(product(matmulSubgroup.columns, [2, 19, 23, 12], 'n', 't'), 24),
  // More workgroups than WebGPU promises to allow along a dimension.
  product(matmulSubgroup.any, [65_540, 1, 1, 1], 'n', 'n'),
  infinite(product(matmulSubgroup.any, [2, 19, 21, 18], 'n', 't')),
  ...[matmulTiled, matmulRegister].flatMap((kernel) => [
    infinite(product(kernel, [2, 19, 21, 18], 'n', 'n')),
    infinite(product(kernel, [2, 19, 21, 18], 't', 't')),
    infinite(product(kernel, [2, 19, 21, 18], 'n', 't')),
  ]),
  // Only the axes that are read as vec4 need whole vec4.
  product(matmulDirect.nn, [1, 7, 12, 20], 'n', 'n'),
  product(matmulDirect.tn, [1, 8, 13, 20], 't', 'n'),
  product(matmulDirect.nt, [1, 7, 12, 11], 'n', 't'),
  ...(['nn', 'tn', 'nt'] as const).map((way) =>
    product(matmulDirect[way], [1, 8, 148, 12], way[0] as 'n' | 't', way[1] as 'n' | 't', 3),
  ),
];
export const sumsOfTwo = [
  [1, 1],
  [7, 13],
  [0, 4],
  [33, 67],
].map(([rows, cols]): KernelCase => {
  const size = rows * cols;
  return {
    kernel: addParts,
    note: `(${rows}, ${cols})`,
    values: { rows: rows, cols: cols },
    buffers: { a: size, b: size, y: size },
  };
});
