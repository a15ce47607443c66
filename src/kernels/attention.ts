import { defineKernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';
import { foldWorkgroup } from './softmax.js';

/*
 * Scaled dot-product attention (Vaswani et al. 2017) without its matrix of scores, as in FlashAttention (Dao et al.
 * 2022): scores are made block by block and forgotten.
 *
 *   s[i,j] = scale · Σ_c q[i,c]·k[j,c]    where mask[i,j], and j ≤ i + keys - queries if causal; else j is left out
 *   p[i,j] = exp(s[i,j] - l[i])           l[i] = log Σ_j exp s[i,j]
 *   y[i,c] = Σ_j p[i,j]·v[j,c]            a row that may look at nothing is 0
 *
 * `l` is kept: with it the gradient makes any p again. q, k, v are (batch · heads, rows, columns). A mask of any shape
 * that broadcasts is read by its strides. One workgroup computes one row: its invocations make the scores of a block of
 * keys, one each, then take the columns of the result, one each.
 */
const THREADS = 64; // keys of a block; a power of two, because the reduction halves it

/** How many columns a row may have: each invocation keeps a quarter of THREADS-th in registers. */
export const ATTENTION_COLUMNS = 4 * THREADS;

export const attentionSizes = [
  ...(['heads', 'queries', 'keys', 'features', 'value_features', 'causal', 'blocks'] as const),
  ...(['mask_batch', 'mask_head', 'mask_query', 'mask_key'] as const),
] as const;
export type AttentionSizes = Readonly<Record<(typeof attentionSizes)[number] | 'scale', number>>;

/** The uniforms, and whether a query sees a key. */
export const SEES = wgsl`
struct Sizes { ${attentionSizes.map((name) => `${name}: u32`).join(', ')}, scale: f32 }
const THREADS = ${THREADS}u;
fn sees(block: u32, i: u32, j: u32) -> bool {
  if (j >= sizes.keys || (sizes.causal == 1u && j + sizes.queries > i + sizes.keys)) { return false; }
  let at = block / sizes.heads * sizes.mask_batch + block % sizes.heads * sizes.mask_head;
  return mask[at + i * sizes.mask_query + j * sizes.mask_key] != 0u;
}`;
const shared = wgsl`${SEES}
fn score(block: u32, i: u32, j: u32) -> f32 {
  let query = (block * sizes.queries + i) * sizes.features;
  let key = (block * sizes.keys + j) * sizes.features;
  var sum = 0.0;
  for (var c = 0u; c < sizes.features; c++) { sum += q[query + c] * k[key + c]; }
  return sizes.scale * sum;
}`;

const cost = (products: number) => (s: AttentionSizes) => ({
  flops: 2 * products * s.blocks * s.queries * s.keys * s.features,
  bytes: 4 * s.blocks * (2 * s.queries * s.features + 2 * s.keys * s.value_features),
});

type Buffers<Names extends string> = Readonly<Record<Names, Float64Array> & AttentionSizes>;

/** p[i,j] of a row in float64, and l[i]; p is 0 where j is left out. `product` gives q[i]·k[j]. */
export function probabilitiesOf(
  { mask, ...s }: Buffers<'mask'>,
  block: number,
  i: number,
  product: (j: number) => number,
): { p: number[]; l: number } {
  const scores = Array.from({ length: s.keys }, (_, j) => {
    const place = Math.floor(block / s.heads) * s.mask_batch + (block % s.heads) * s.mask_head;
    const left =
      (s.causal === 1 && j + s.queries > i + s.keys) || mask[place + i * s.mask_query + j * s.mask_key] === 0;
    return left ? Number.NEGATIVE_INFINITY : s.scale * product(j);
  });
  const largest = Math.max(...scores);
  if (largest === Number.NEGATIVE_INFINITY) return { p: scores.map(() => 0), l: 0 };
  const l = largest + Math.log(scores.reduce((sum, one) => sum + Math.exp(one - largest), 0));
  return { p: scores.map((one) => Math.exp(one - l)), l };
}

function probabilities(given: Buffers<'q' | 'k' | 'mask'>, block: number, i: number) {
  const { q, k, ...s } = given;
  return probabilitiesOf(given, block, i, (j) => {
    let sum = 0;
    for (let c = 0; c < s.features; c++)
      sum += q[(block * s.queries + i) * s.features + c]! * k[(block * s.keys + j) * s.features + c]!;
    return sum;
  });
}

/** y = softmax(scale · q·kᵀ)·v by blocks of keys, as in FlashAttention, and l. */
export const attentionForward = defineKernel({
  name: 'attention',
  reads: ['q', 'k', 'v', 'mask'],
  writes: ['y', 'l'],
  sizes: attentionSizes,
  numbers: ['scale'],
  workgroups: ({ blocks, queries }) => blocks * queries,
  cost: cost(2),
  wgsl: wgsl`
@group(0) @binding(0) var<storage, read> q: array<f32>;        // (blocks, queries, features)
@group(0) @binding(1) var<storage, read> k: array<f32>;        // (blocks, keys, features)
@group(0) @binding(2) var<storage, read> v: array<f32>;        // (blocks, keys, value_features)
@group(0) @binding(3) var<storage, read> mask: array<u32>;     // by strides
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // (blocks, queries, value_features)
@group(0) @binding(5) var<storage, read_write> l: array<f32>;  // (blocks, queries)
@group(0) @binding(6) var<uniform> sizes: Sizes;
${shared}
var<workgroup> partial: array<f32, THREADS>;
var<workgroup> weight: array<f32, THREADS>;
${foldWorkgroup('fold_max', 'max(a, b)')}
${foldWorkgroup('fold_sum', 'a + b')}
const NOTHING = -3.0e38;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.blocks * sizes.queries) { return; }
  let block = row / sizes.queries;
  let i = row % sizes.queries;
  var largest = NOTHING;
  var total = 0.0;
  var sum: array<f32, 4>;
  for (var begin = 0u; begin < sizes.keys; begin += THREADS) {
    let j = begin + thread;
    var own = NOTHING;
    if (sees(block, i, j)) { own = score(block, i, j); }
    // The sums so far were taken with an older maximum: they shrink to the new one.
    let next = max(largest, fold_max(own, thread));
    let shrink = exp(largest - next);
    weight[thread] = select(exp(own - next), 0.0, own == NOTHING);
    largest = next;
    total = total * shrink + fold_sum(weight[thread], thread);
    let end = min(THREADS, sizes.keys - begin);
    for (var part = 0u; part < 4u; part++) {
      let c = part * THREADS + thread;
      if (c >= sizes.value_features) { break; }
      var added = 0.0;
      for (var key = 0u; key < end; key++) {
        added += weight[key] * v[(block * sizes.keys + begin + key) * sizes.value_features + c];
      }
      sum[part] = sum[part] * shrink + added;
    }
    workgroupBarrier(); // before the next block's weights
  }
  let seen = total > 0.0;
  for (var part = 0u; part < 4u; part++) {
    let c = part * THREADS + thread;
    if (c < sizes.value_features) { y[row * sizes.value_features + c] = select(0.0, sum[part] / total, seen); }
  }
  if (thread == 0u) { l[row] = select(0.0, largest + log(total), seen); }
}`,
  reference(given) {
    const { v, y, l, ...s } = given;
    for (let row = 0; row < s.blocks * s.queries; row++) {
      const block = Math.floor(row / s.queries);
      const one = probabilities(given, block, row % s.queries);
      l[row] = one.l;
      for (let c = 0; c < s.value_features; c++) {
        let sum = 0;
        one.p.forEach((p, j) => {
          sum += p * v[(block * s.keys + j) * s.value_features + c]!;
        });
        y[row * s.value_features + c] = sum;
      }
    }
  },
});

/*
 * The gradients. With δ[i] = Σ_c dy[i,c]·y[i,c] and dp[i,j] = Σ_c dy[i,c]·v[j,c]
 *
 *   ds[i,j] = p[i,j]·(dp[i,j] - δ[i])
 *   dq[i] = scale · Σ_j ds[i,j]·k[j]      dk[j] = scale · Σ_i ds[i,j]·q[i]      dv[j] = Σ_i p[i,j]·dy[i]
 *
 * `rows` holds (l[i], δ[i]). dq goes by rows of queries as the forward pass does; dk and dv by rows of keys.
 */
const backwardBuffers = {
  reads: ['q', 'k', 'v', 'mask', 'dy', 'rows'],
  sizes: attentionSizes,
  numbers: ['scale'],
} as const;

const backwardHead = wgsl`
@group(0) @binding(0) var<storage, read> q: array<f32>;     // (blocks, queries, features)
@group(0) @binding(1) var<storage, read> k: array<f32>;     // (blocks, keys, features)
@group(0) @binding(2) var<storage, read> v: array<f32>;     // (blocks, keys, value_features)
@group(0) @binding(3) var<storage, read> mask: array<u32>;  // by strides
@group(0) @binding(4) var<storage, read> dy: array<f32>;    // (blocks, queries, value_features)
@group(0) @binding(5) var<storage, read> rows: array<f32>;  // (blocks, queries, 2)
${shared}
/** (p, ds) of a query and a key. */
fn slope(block: u32, i: u32, j: u32) -> vec2f {
  if (!sees(block, i, j)) { return vec2f(0); }
  let row = block * sizes.queries + i;
  let p = exp(score(block, i, j) - rows[2u * row]);
  var dp = 0.0;
  for (var c = 0u; c < sizes.value_features; c++) {
    dp += dy[row * sizes.value_features + c] * v[(block * sizes.keys + j) * sizes.value_features + c];
  }
  return vec2f(p, p * (dp - rows[2u * row + 1u]));
}
var<workgroup> slopes: array<vec2f, THREADS>;`;

/** ds of a pair in float64. */
function slopeOf(given: Buffers<'v' | 'dy' | 'rows'>, p: number, block: number, i: number, j: number): number {
  const { v, dy, rows, ...s } = given;
  const row = block * s.queries + i;
  let dp = 0;
  for (let c = 0; c < s.value_features; c++)
    dp += dy[row * s.value_features + c]! * v[(block * s.keys + j) * s.value_features + c]!;
  return p * (dp - rows[2 * row + 1]!);
}

/** dq from p made again. */
export const attentionQueryGradient = defineKernel({
  ...backwardBuffers,
  name: 'attention_query_gradient',
  writes: ['dq'],
  workgroups: ({ blocks, queries }) => blocks * queries,
  cost: cost(3),
  wgsl: wgsl`${backwardHead}
@group(0) @binding(6) var<storage, read_write> dq: array<f32>;  // (blocks, queries, features)
@group(0) @binding(7) var<uniform> sizes: Sizes;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.blocks * sizes.queries) { return; }
  let block = row / sizes.queries;
  var sum: array<f32, 4>;
  for (var begin = 0u; begin < sizes.keys; begin += THREADS) {
    slopes[thread] = slope(block, row % sizes.queries, begin + thread);
    workgroupBarrier();
    let end = min(THREADS, sizes.keys - begin);
    for (var part = 0u; part < 4u; part++) {
      let c = part * THREADS + thread;
      if (c >= sizes.features) { break; }
      for (var key = 0u; key < end; key++) {
        sum[part] += slopes[key].y * k[(block * sizes.keys + begin + key) * sizes.features + c];
      }
    }
    workgroupBarrier();
  }
  for (var part = 0u; part < 4u; part++) {
    let c = part * THREADS + thread;
    if (c < sizes.features) { dq[row * sizes.features + c] = sizes.scale * sum[part]; }
  }
}`,
  reference(given) {
    const { k, dq, ...s } = given;
    for (let row = 0; row < s.blocks * s.queries; row++) {
      const block = Math.floor(row / s.queries);
      const { p } = probabilities(given, block, row % s.queries);
      const ds = p.map((one, j) => slopeOf(given, one, block, row % s.queries, j));
      for (let c = 0; c < s.features; c++) {
        let sum = 0;
        ds.forEach((one, j) => {
          sum += one * k[(block * s.keys + j) * s.features + c]!;
        });
        dq[row * s.features + c] = s.scale * sum;
      }
    }
  },
});

/** dk and dv from p made again. */
export const attentionKeyGradient = defineKernel({
  ...backwardBuffers,
  name: 'attention_key_gradient',
  writes: ['dk', 'dv'],
  workgroups: ({ blocks, keys }) => blocks * keys,
  cost: cost(4),
  wgsl: wgsl`${backwardHead}
@group(0) @binding(6) var<storage, read_write> dk: array<f32>;  // (blocks, keys, features)
@group(0) @binding(7) var<storage, read_write> dv: array<f32>;  // (blocks, keys, value_features)
@group(0) @binding(8) var<uniform> sizes: Sizes;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.blocks * sizes.keys) { return; }
  let block = row / sizes.keys;
  var key_sum: array<f32, 4>;
  var value_sum: array<f32, 4>;
  for (var begin = 0u; begin < sizes.queries; begin += THREADS) {
    let i = begin + thread;
    if (i < sizes.queries) { slopes[thread] = slope(block, i, row % sizes.keys); }
    workgroupBarrier();
    let end = min(THREADS, sizes.queries - begin);
    for (var part = 0u; part < 4u; part++) {
      let c = part * THREADS + thread;
      for (var query = 0u; query < end; query++) {
        let at = block * sizes.queries + begin + query;
        if (c < sizes.features) { key_sum[part] += slopes[query].y * q[at * sizes.features + c]; }
        if (c < sizes.value_features) { value_sum[part] += slopes[query].x * dy[at * sizes.value_features + c]; }
      }
    }
    workgroupBarrier();
  }
  for (var part = 0u; part < 4u; part++) {
    let c = part * THREADS + thread;
    if (c < sizes.features) { dk[row * sizes.features + c] = sizes.scale * key_sum[part]; }
    if (c < sizes.value_features) { dv[row * sizes.value_features + c] = value_sum[part]; }
  }
}`,
  reference(given) {
    const { q, dy, dk, dv, ...s } = given;
    dk.fill(0, 0, s.blocks * s.keys * s.features);
    dv.fill(0, 0, s.blocks * s.keys * s.value_features);
    for (let row = 0; row < s.blocks * s.queries; row++) {
      const block = Math.floor(row / s.queries);
      probabilities(given, block, row % s.queries).p.forEach((p, j) => {
        const key = block * s.keys + j;
        const ds = slopeOf(given, p, block, row % s.queries, j);
        for (let c = 0; c < s.features; c++) dk[key * s.features + c]! += s.scale * ds * q[row * s.features + c]!;
        for (let c = 0; c < s.value_features; c++)
          dv[key * s.value_features + c]! += p * dy[row * s.value_features + c]!;
      });
    }
  },
});
