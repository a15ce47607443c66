import { defineKernel, type Split } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { typesOf } from '../elementwise/expression-wgsl.js';
import { EXP } from '../elementwise/math.js';
import { THREEFRY, threefry, uniformFromBits } from '../elementwise/random.js';
import { reduceWorkgroup } from '../rows/row-kernels.js';

/*
 * Scaled dot-product attention (Vaswani et al. 2017) without a matrix of scores in memory, as in FlashAttention (Dao et
 * al. 2022): the scores are computed block by block, with an online softmax.
 *
 *   s[i,j] = Σ_c q[i,c]·k[j,c]            over the j with mask[i,j] and, if causal, j ≤ i + keys - queries
 *   e[i,j] = exp(scale · (s[i,j] - m[i]))     m[i] = max_j s[i,j]
 *   p[i,j] = e[i,j] / Σ_j e[i,j]
 *   y[i,c] = Σ_j p[i,j]·d[i,j]·v[j,c]     0 in a fully masked row
 *
 * for each block, which is one head of one sample: q (blocks, queries, features), k (blocks, keys, features), v
 * (blocks, keys, value_features), y (blocks, queries, value_features). The mask is read through strides, which
 * broadcast it. `maximum` m and `inverse_sum` 1 / Σ e of each row are stored, so that backward can recompute p. They
 * replace the logsumexp because the logarithm of the sum would be rounded away beside a large maximum. The scale, which
 * is not negative, is applied last because the difference of two large scores is exact. One workgroup computes one row:
 * each invocation computes the score of one key of a block, then one column of the result.
 *
 * Dropout leaves keys out: d[i,j] is 0 with probability `rate`, else 1 / (1 - rate). It is drawn by Threefry from two key
 * words and the index of (block, i, j), so that backward draws the same; with a rate of 0 it is 1.
 */
const THREADS = 64; // keys per block of scores; a power of two, because the reduction halves it

/** The most columns of a row, of which each invocation keeps four in registers. */
export const ATTENTION_COLUMNS = 4 * THREADS;

export const attentionSizes = [
  ...(['heads', 'queries', 'keys', 'features', 'value_features', 'causal', 'blocks', 'first_block'] as const),
  ...(['mask_batch', 'mask_head', 'mask_query', 'mask_key'] as const),
] as const;
/** The uniforms that may change from step to step: the factor of the scores, and dropout's rate and key words. */
export const attentionNumbers = ['scale', 'rate', 'key0', 'key1'] as const;
export type AttentionSizes = Readonly<
  Record<(typeof attentionSizes)[number] | (typeof attentionNumbers)[number], number>
>;

/** WGSL of the uniforms, and of whether a query attends to a key. */
export const ATTENDS = wgsl`
struct Sizes { ${attentionSizes.map((name) => `${name}: u32`).join(', ')}, scale: f32, rate: f32, key0: u32, key1: u32 }
fn attends(block: u32, i: u32, j: u32) -> bool {
  if (j >= sizes.keys || (sizes.causal == 1u && j + sizes.queries > i + sizes.keys)) { return false; }
  let at = block / sizes.heads * sizes.mask_batch + block % sizes.heads * sizes.mask_head;
  return mask[at + i * sizes.mask_query + j * sizes.mask_key] != 0u;
}`;
/** WGSL of d, dropout's factor of a weight, or of those of four keys from j on; the kernel declares the types of math.ts. */
export const kept = (element: 'f32' | 'vec4f'): string => wgsl`
${THREEFRY}
fn kept(block: u32, i: u32, j: u32) -> Float {
  if (sizes.rate == 0.0) { return Float(1); }
  let index = ((sizes.first_block + block) * sizes.queries + i) * sizes.keys + j;
  let counter = Uint(index)${element === 'f32' ? '' : ' + vec4u(0u, 1u, 2u, 3u)'};
  let u = uniform_from_bits(threefry(Uint(sizes.key0), Uint(sizes.key1), counter).first);
  return select(Float(), Float(1.0 / (1.0 - sizes.rate)), u >= Float(sizes.rate));
}`;
/** WGSL of the uniforms, of whether a query attends to a key, of their unscaled score, and of dropout's factor. */
export const SCORE = wgsl`${ATTENDS}
${typesOf(false, false)}
${kept('f32')}
${EXP.join('')}
const THREADS = ${THREADS}u;
fn score(block: u32, i: u32, j: u32) -> f32 {
  let query = (block * sizes.queries + i) * sizes.features;
  let key = (block * sizes.keys + j) * sizes.features;
  var sum = 0.0;
  for (var c = 0u; c < sizes.features; c++) { sum += q[query + c] * k[key + c]; }
  return sum;
}`;

export const attentionCost = (products: number) => (s: AttentionSizes) => ({
  flops: 2 * products * s.blocks * s.queries * s.keys * s.features,
  bytes: 4 * s.blocks * (2 * s.queries * s.features + 2 * s.keys * s.value_features),
});

/** Splits along the batch; `each` gives the number of elements of each buffer per block. */
export const splitBatch = <const Buffer extends string>(
  each: (s: AttentionSizes) => Readonly<Record<Buffer, number>>,
): Split<Buffer | 'mask', keyof AttentionSizes> => ({
  parts: ({ blocks, heads }) => blocks / heads,
  launch(s, first, end) {
    const of = (length: number) => ({ first: first * length, length: (end - first) * length });
    const spans = Object.entries<number>(each(s)).map(([buffer, length]) => [buffer, of(s.heads * length)]);
    const mask = s.mask_batch === 0 ? {} : { mask: of(s.mask_batch) };
    const values = { ...s, blocks: (end - first) * s.heads, first_block: s.first_block + first * s.heads };
    return { values, spans: { ...Object.fromEntries(spans), ...mask } };
  },
});

/** The number of elements of each buffer per block. */
export const headSizes = (s: AttentionSizes) => {
  const [query, key] = [s.queries * s.features, s.keys * s.features];
  return { q: query, k: key, v: s.keys * s.value_features, y: s.queries * s.value_features, rows: s.queries };
};

export type AttentionBuffers<Names extends string> = Readonly<Record<Names, Float64Array> & AttentionSizes>;

/** Whether query i attends to key j. */
export function attends(s: AttentionBuffers<'mask'>, block: number, i: number, j: number): boolean {
  if (s.causal === 1 && j + s.queries > i + s.keys) return false;
  const start = Math.floor(block / s.heads) * s.mask_batch + (block % s.heads) * s.mask_head;
  return s.mask[start + i * s.mask_query + j * s.mask_key] !== 0;
}

/** d[i,j], dropout's factor of a weight. */
export function keptOf(s: AttentionSizes, block: number, i: number, j: number): number {
  if (s.rate === 0) return 1;
  const index = ((s.first_block + block) * s.queries + i) * s.keys + j;
  return uniformFromBits(threefry(s.key0, s.key1, index, 0)[0]) >= s.rate ? 1 / (1 - s.rate) : 0;
}

/** p[i,j], maximum and inverse_sum of a row in float64, from the scores q[i]·k[j]; p is 0 where j is masked. */
export function probabilitiesOf(
  given: AttentionBuffers<'mask'>,
  block: number,
  i: number,
  score: (j: number) => number,
): { p: number[]; maximum: number; inverseSum: number } {
  const scores = Array.from({ length: given.keys }, (_, j) =>
    attends(given, block, i, j) ? score(j) : Number.NEGATIVE_INFINITY,
  );
  const maximum = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (maximum === Number.NEGATIVE_INFINITY) return { p: scores.map(() => 0), maximum: 0, inverseSum: 0 };
  const e = scores.map((one, j) => (attends(given, block, i, j) ? Math.exp(given.scale * (one - maximum)) : 0));
  const inverseSum = 1 / e.reduce((sum, one) => sum + one, 0);
  return { p: e.map((one) => one * inverseSum), maximum, inverseSum };
}

/** p[i,j], maximum and inverse_sum of a row in float64, from q and k. */
export function probabilities(given: AttentionBuffers<'q' | 'k' | 'mask'>, block: number, i: number) {
  const { q, k, ...s } = given;
  return probabilitiesOf(given, block, i, (j) => {
    let sum = 0;
    for (let c = 0; c < s.features; c++)
      sum += q[(block * s.queries + i) * s.features + c] * k[(block * s.keys + j) * s.features + c];
    return sum;
  });
}

/** y = softmax(scale · q·kᵀ)·v as in FlashAttention, and maximum and inverse_sum of each row. */
export const attentionForward = defineKernel({
  name: 'attention',
  reads: ['q', 'k', 'v', 'mask'],
  writes: ['y', 'maximum', 'inverse_sum'],
  sizes: attentionSizes,
  splits: [
    splitBatch((s) => {
      const { rows, ...sizes } = headSizes(s);
      return { ...sizes, maximum: rows, inverse_sum: rows };
    }),
  ],
  numbers: attentionNumbers,
  workgroups: ({ blocks, queries }) => blocks * queries,
  cost: attentionCost(2),
  wgsl: wgsl`
@group(0) @binding(0) var<storage, read> q: array<f32>;                  // (blocks, queries, features)
@group(0) @binding(1) var<storage, read> k: array<f32>;                  // (blocks, keys, features)
@group(0) @binding(2) var<storage, read> v: array<f32>;                  // (blocks, keys, value_features)
@group(0) @binding(3) var<storage, read> mask: array<u32>;               // by strides
@group(0) @binding(4) var<storage, read_write> y: array<f32>;            // (blocks, queries, value_features)
@group(0) @binding(5) var<storage, read_write> maximum: array<f32>;      // (blocks, queries)
@group(0) @binding(6) var<storage, read_write> inverse_sum: array<f32>;  // (blocks, queries)
@group(0) @binding(7) var<uniform> sizes: Sizes;
${SCORE}
var<workgroup> partial: array<f32, THREADS>;
var<workgroup> weight: array<f32, THREADS>;
${reduceWorkgroup('reduce_max', 'max(a, b)')}
${reduceWorkgroup('reduce_sum', 'a + b')}
const MASKED = -3.0e38;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.blocks * sizes.queries) { return; }
  let block = row / sizes.queries;
  let i = row % sizes.queries;
  var largest = MASKED;
  var total = 0.0;
  var sum: array<f32, 4>;
  for (var begin = 0u; begin < sizes.keys; begin += THREADS) {
    let j = begin + thread;
    var own = MASKED;
    if (attends(block, i, j)) { own = score(block, i, j); }
    // The barriers of this reduction separate the weights of successive blocks.
    let next = max(largest, reduce_max(own, thread));
    // Rescale the sums so far from the previous maximum to the new one.
    let rescale = exp_of(sizes.scale * (largest - next));
    let e = select(exp_of(sizes.scale * (own - next)), 0.0, own == MASKED);
    weight[thread] = e * kept(block, i, j);
    largest = next;
    total = total * rescale + reduce_sum(e, thread);
    let end = min(THREADS, sizes.keys - begin);
    for (var slot = 0u; slot < 4u; slot++) {
      let c = slot * THREADS + thread;
      if (c >= sizes.value_features) { break; }
      var added = 0.0;
      for (var key = 0u; key < end; key++) {
        added += weight[key] * v[(block * sizes.keys + begin + key) * sizes.value_features + c];
      }
      sum[slot] = sum[slot] * rescale + added;
    }
  }
  // 0 in a fully masked row; a NaN is unequal to 0 and stays.
  let normalize = select(1.0 / total, 0.0, total == 0.0);
  for (var slot = 0u; slot < 4u; slot++) {
    let c = slot * THREADS + thread;
    if (c < sizes.value_features) { y[row * sizes.value_features + c] = select(sum[slot] / total, 0.0, total == 0.0); }
  }
  if (thread == 0u) {
    maximum[row] = select(largest, 0.0, total == 0.0);
    inverse_sum[row] = normalize;
  }
}`,
  reference(given) {
    const { v, y, maximum, inverse_sum, ...s } = given;
    for (let row = 0; row < s.blocks * s.queries; row++) {
      const block = Math.floor(row / s.queries);
      const one = probabilities(given, block, row % s.queries);
      maximum[row] = one.maximum;
      inverse_sum[row] = one.inverseSum;
      for (let c = 0; c < s.value_features; c++) {
        let sum = 0;
        one.p.forEach((p, j) => {
          sum += p * keptOf(s, block, row % s.queries, j) * v[(block * s.keys + j) * s.value_features + c];
        });
        y[row * s.value_features + c] = sum;
      }
    }
  },
});
