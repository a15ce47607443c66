import { packF16, toF16 } from '../../src/gpu/f16.js';
import type { Kernel } from '../../src/gpu/kernel.js';
import {
  matmulDirect,
  matmulF16,
  matmulNaive,
  matmulRegister,
  matmulSubgroup,
  matmulSubgroupMatrix,
  matmulTiled,
  reductions,
} from '../../src/kernels/index.js';
import { chooseSubgroup } from '../../src/kernels/matmul/subgroup.js';
import { readingOf } from '../../src/kernels/matmul/tiles.js';
import { chooseWide } from '../../src/kernels/matmul/wide.js';
import { Generator } from '../../src/tensor/index.js';
import { type KernelCase, type Rung, single } from './case.js';

const valuesOf = (m: number, k: number, n: number) => ({
  batch: 1,
  m,
  n,
  k,
  chunks: 1,
  chunk_length: k,
  a_batch: m * k,
  a_row: k,
  a_col: 1,
  b_batch: k * n,
  b_row: n,
  b_col: 1,
});

/** A product of whole matrices. */
function product(m: number, k: number, n: number, when?: KernelCase['when']): KernelCase {
  const values = valuesOf(m, k, n);
  const vec4 = [m, k, n].every((size) => size % 4 === 0);
  return {
    name: `matmul ${m} x ${k} x ${n}`,
    when,
    flops: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    buffers: { a: m * k, b: k * n, c: m * n },
    outputs: ['c'],
    rungs: [
      single('naive', matmulNaive, values),
      single('tiled', matmulTiled, values),
      single('register', matmulRegister, values),
      single('wide', chooseWide(values), values),
      single('subgroup matrix', matmulSubgroupMatrix.f32_8x8x8[readingOf(values)], values),
      single('direct, scalar', matmulDirect.scalar, values),
      ...(vec4 ? [single('direct, vec4', matmulDirect.nn, values)] : []),
      single('subgroup', vec4 ? matmulSubgroup.rows : matmulSubgroup.any, values),
    ],
  };
}

/** A product with few results and a long k, which is split into chunks; a second launch sums them. */
function longProduct(m: number, k: number, n: number, chunks: number): KernelCase {
  const values = valuesOf(m, k, n);
  const split = (name: string, kernel: Kernel): Rung => ({
    name,
    steps: [
      {
        kernel,
        values: { ...values, chunks, chunk_length: k / chunks },
        buffers: { a: 'a', b: 'b', c: 'partial' },
      },
      {
        kernel: reductions.sum.columns,
        values: { outer: 1, n: chunks, inner: m * n, chunks: 1, chunk_length: chunks },
        buffers: { x: 'partial', y: 'c' },
      },
    ],
  });
  return {
    name: `matmul ${m} x ${k} x ${n}`,
    flops: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    buffers: { a: m * k, b: k * n, partial: chunks * m * n, c: m * n },
    outputs: ['c'],
    rungs: [
      single('naive', matmulNaive, values),
      single('tiled', matmulTiled, values),
      single('register', matmulRegister, values),
      split('register, split-K', matmulRegister),
      split('direct, split-K', matmulDirect.scalar),
      split('subgroup, split-K', chooseSubgroup(values)),
    ],
  };
}

/** The same numbers as f32 and as halves: what f16 operands save is memory, sums are f32 in both. */
function productF16(m: number, k: number, n: number, when?: KernelCase['when']): KernelCase {
  const values = valuesOf(m, k, n);
  const reading = readingOf(values);
  const halves = (length: number, seed: number) => {
    const generator = new Generator(seed);
    return Float32Array.from({ length }, () => toF16(generator.normal()));
  };
  const rung = (name: string, kernel: Kernel): Rung => ({
    name: `${name}, f16`,
    steps: [{ kernel, values, buffers: { a: 'a16', b: 'b16', c: 'c' } }],
  });
  return {
    name: `matmul ${m} x ${k} x ${n} in f16`,
    when,
    flops: 2 * m * n * k,
    bytes: 2 * (m * k + k * n) + 4 * m * n,
    // Getters, because they are large: made where they are timed, and nowhere else.
    buffers: {
      get a() {
        return halves(m * k, 1);
      },
      get b() {
        return halves(k * n, 2);
      },
      get a16() {
        return packF16(halves(m * k, 1));
      },
      get b16() {
        return packF16(halves(k * n, 2));
      },
      c: m * n,
    },
    outputs: ['c'],
    rungs: [
      single('register, f32', matmulRegister, values),
      rung('naive', matmulF16.naive),
      rung('tiled', matmulF16.tiled),
      rung('register', matmulF16.register),
      rung('wide', chooseWide(values, 'f16')),
      rung('subgroup matrix 16 x 16 x 16', matmulSubgroupMatrix.f16_16x16x16[reading]),
      rung('subgroup matrix 16 x 8 x 16', matmulSubgroupMatrix.f16_16x8x16[reading]),
      rung('subgroup matrix 8 x 16 x 16', matmulSubgroupMatrix.f16_8x16x16[reading]),
      rung('subgroup', chooseSubgroup(values, 'f16')),
    ],
  };
}

/** Square ones, one whose sizes divide nothing, and the Keras model's dense layer on a batch. */
export const matmulCases: readonly KernelCase[] = [
  product(256, 256, 256, 'quick'),
  product(512, 512, 512),
  product(251, 509, 127),
  longProduct(32, 43_264, 10, 32),
  product(1024, 1024, 1024, 'large'),
  product(4096, 4096, 4096, 'large'),
  productF16(256, 256, 256, 'quick'),
  productF16(1024, 1024, 1024, 'large'),
  productF16(4096, 4096, 4096, 'large'),
];
