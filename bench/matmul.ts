import { packHalves, toHalf } from '../src/gpu/half.js';
import type { Kernel } from '../src/gpu/kernel.js';
import {
  matmulDirect,
  matmulHalves,
  matmulNaive,
  matmulRegister,
  matmulSubgroup,
  matmulSubgroupMatrix,
  matmulTiled,
  matmulWide,
  reductions,
} from '../src/kernels/index.js';
import { chooseSubgroup } from '../src/kernels/matmul-subgroup.js';
import { chooseSubgroupMatrix } from '../src/kernels/matmul-subgroup-matrix.js';
import { chooseWide } from '../src/kernels/matmul-wide.js';
import { Generator } from '../src/tensor/index.js';
import { type KernelCase, type Rung, single } from './case.js';

const valuesOf = (m: number, k: number, n: number) => ({
  ...{ batch: 1, m, n, k, chunks: 1, chunk_length: k },
  ...{ a_batch: m * k, a_row: k, a_col: 1, b_batch: k * n, b_row: n, b_col: 1 },
});

/** A product of whole matrices. */
function product(m: number, k: number, n: number, when?: KernelCase['when']): KernelCase {
  const values = valuesOf(m, k, n);
  const fours = [m, k, n].every((size) => size % 4 === 0);
  return {
    name: `matmul ${m} x ${k} x ${n}`,
    ...(when === undefined ? {} : { when }),
    flops: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    buffers: { a: m * k, b: k * n, c: m * n },
    outputs: ['c'],
    rungs: [
      single('naive', matmulNaive, values),
      single('tiled', matmulTiled, values),
      single('register', matmulRegister, values),
      single('wide', chooseWide(values), values),
      single('subgroup matrix', chooseSubgroupMatrix(values), values),
      single('direct, scalar', matmulDirect.scalar, values),
      ...(fours ? [single('direct, by fours', matmulDirect.nn, values)] : []),
      single('subgroup', fours ? matmulSubgroup.rows : matmulSubgroup.any, values),
    ],
  };
}

/**
 * What matrix units bring that multiply half precision, for whole fours. The operands are such as half precision holds,
 * so that all rungs compute the same; the roof that the shares are of is that of f32.
 */
function halfProduct(m: number, k: number, n: number): KernelCase {
  const values = valuesOf(m, k, n);
  const halves = (length: number) => {
    const generator = new Generator(length);
    return Float32Array.from({ length }, () => Math.round(64 * generator.normal()) / 64);
  };
  return {
    name: `matmul ${m} x ${k} x ${n} by matrix units`,
    when: 'large',
    flops: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    // Getters, because they are large: made where they are timed, and nowhere else.
    buffers: {
      get a() {
        return halves(m * k);
      },
      get b() {
        return halves(k * n);
      },
      c: m * n,
    },
    outputs: ['c'],
    rungs: [
      single('wide', matmulWide.fours, values),
      single('subgroup matrix, f16 16 x 16 x 16', matmulSubgroupMatrix.f16_16x16x16.fours, values),
      single('subgroup matrix, f16 16 x 8 x 16', matmulSubgroupMatrix.f16_16x8x16.fours, values),
      single('subgroup matrix, f16 8 x 16 x 16', matmulSubgroupMatrix.f16_8x16x16.fours, values),
    ],
  };
}

/** A product with few results and a long k, which is cut into chunks; a second launch sums them. */
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
function productOfHalves(m: number, k: number, n: number, when?: KernelCase['when']): KernelCase {
  const values = valuesOf(m, k, n);
  const generator = new Generator(1);
  const halves = (length: number) => Float32Array.from({ length }, () => toHalf(generator.normal()));
  const [a, b] = [halves(m * k), halves(k * n)];
  const rung = (name: string, kernel: Kernel): Rung => ({
    name: `${name}, f16`,
    steps: [{ kernel, values, buffers: { a: 'a16', b: 'b16', c: 'c' } }],
  });
  return {
    name: `matmul ${m} x ${k} x ${n} of halves`,
    ...(when === undefined ? {} : { when }),
    flops: 2 * m * n * k,
    bytes: 2 * (m * k + k * n) + 4 * m * n,
    buffers: { a, b, a16: packHalves(a), b16: packHalves(b), c: m * n },
    outputs: ['c'],
    rungs: [
      single('register, f32', matmulRegister, values),
      rung('naive', matmulHalves.naive),
      rung('tiled', matmulHalves.tiled),
      rung('register', matmulHalves.register),
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
  productOfHalves(256, 256, 256, 'quick'),
  productOfHalves(1024, 1024, 1024, 'large'),
  halfProduct(4096, 4096, 4096),
];
