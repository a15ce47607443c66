import type { Kernel } from '../../src/gpu/kernel.js';
import {
  attentionForward,
  attentionProbabilities,
  matmulDirect,
  matmulNaive,
  matmulRegister,
  matmulSubgroup,
} from '../../src/kernels/index.js';
import { type KernelCase, type Rung, single } from './case.js';

function attended(blocks: number, rows: number, features: number, when?: KernelCase['when']): KernelCase {
  const sizes = {
    blocks,
    heads: blocks,
    queries: rows,
    keys: rows,
    features,
    value_features: features,
    causal: 0,
    first_block: 0,
    scale: 1 / Math.sqrt(features),
    ...{ rate: 0, key0: 0, key1: 0 },
    mask_batch: 0,
    mask_head: 0,
    mask_query: 0,
    mask_key: 0,
  };
  const count = blocks * rows * features;
  const scores = blocks * rows * rows;
  const product = (m: number, k: number, n: number, transposed: boolean) => ({
    batch: blocks,
    m,
    n,
    k,
    chunks: 1,
    chunk_length: k,
    a_batch: m * k,
    a_row: k,
    a_col: 1,
    b_batch: k * n,
    b_row: transposed ? 1 : n,
    b_col: transposed ? k : 1,
  });
  const { workgroup, lanes } = attentionProbabilities;
  const throughMemory = (name: string, softmax: Kernel, first: Kernel, second = first): Rung => ({
    name,
    steps: [
      { kernel: first, values: product(rows, features, rows, true), buffers: { a: 'q', b: 'k', c: 'scores' } },
      {
        kernel: softmax,
        values: sizes,
        buffers: { scores: 'scores', mask: 'mask', p: 'p', maximum: 'maximum', inverse_sum: 'inverse_sum' },
      },
      { kernel: second, values: product(rows, rows, features, false), buffers: { a: 'p', b: 'v', c: 'y' } },
    ],
  });
  return {
    name: `attention ${blocks} heads, ${rows} x ${rows}, ${features} features`,
    when,
    flops: 4 * scores * features,
    bytes: 16 * count,
    buffers: {
      q: count,
      k: count,
      v: count,
      mask: Uint32Array.of(1),
      scores,
      p: scores,
      maximum: blocks * rows,
      inverse_sum: blocks * rows,
      y: count,
    },
    outputs: ['y', 'maximum', 'inverse_sum'],
    rungs: [
      throughMemory('naive products', workgroup.scalar, matmulNaive),
      throughMemory('register products', workgroup.scalar, matmulRegister),
      throughMemory('direct products', workgroup.scalar, matmulDirect.nt, matmulDirect.nn),
      throughMemory('subgroup products', workgroup.scalar, matmulSubgroup.columns, matmulSubgroup.rows),
      throughMemory('subgroup products, subgroup softmax', lanes.vec4, matmulSubgroup.columns, matmulSubgroup.rows),
      single('fused, in blocks of keys', attentionForward, sizes),
    ],
  };
}

/** Few long heads, many short ones, and a large batch. Neither has a mask. */
export const attentionCases: readonly KernelCase[] = [
  attended(32, 64, 16, 'quick'),
  attended(8, 128, 64),
  attended(64, 1024, 64, 'large'),
];
