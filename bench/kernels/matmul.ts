import { matmulDirect, matmulNaive, matmulRegister, matmulTiled } from '../../src/kernels/index.js';
import type { KernelCase, Rung } from './case.js';

/** A product of whole matrices; with `chunks` the rungs that cut k write partial sums, so they are not among these. */
function product(m: number, k: number, n: number): KernelCase {
  const values = {
    ...{ batch: 1, m, n, k, chunks: 1, chunk_length: k },
    ...{ a_batch: m * k, a_row: k, a_col: 1, b_batch: k * n, b_row: n, b_col: 1 },
  };
  const rung = (name: string, kernel: Rung['steps'][0]['kernel']): Rung => ({
    name,
    steps: [{ kernel, values, buffers: { a: 'a', b: 'b', c: 'c' } }],
  });
  const fours = [m, k, n].every((size) => size % 4 === 0);
  return {
    name: `matmul ${m} x ${k} x ${n}`,
    flops: 2 * m * n * k,
    bytes: 4 * (m * k + k * n + m * n),
    buffers: { a: m * k, b: k * n, c: m * n },
    outputs: ['c'],
    rungs: [
      rung('naive', matmulNaive),
      rung('tiled', matmulTiled),
      rung('register', matmulRegister),
      rung('direct, scalar', matmulDirect.scalar),
      ...(fours ? [rung('direct, by fours', matmulDirect.nn)] : []),
    ],
  };
}

/** Square ones, a dense layer on a batch, and one whose sizes divide nothing. */
export const matmulCases = [
  product(256, 256, 256),
  product(512, 512, 512),
  product(32, 43_264, 10),
  product(251, 509, 127),
];
