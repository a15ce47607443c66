import { defineKernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import {
  type AttentionBuffers,
  type AttentionSizes,
  attentionCost,
  attentionNumbers,
  attentionSizes,
  headSizes,
  keptOf,
  probabilities,
  SCORE,
  splitBatch,
} from './attention.js';

/*
 * The gradients of attention.ts, which recompute p block by block. With δ[i] = Σ_c dy[i,c]·y[i,c] and
 * dp[i,j] = Σ_c dy[i,c]·v[j,c],
 *
 *   ds[i,j] = p[i,j]·(d[i,j]·dp[i,j] - δ[i])
 *   dq[i] = scale · Σ_j ds[i,j]·k[j]      dk[j] = scale · Σ_i ds[i,j]·q[i]      dv[j] = Σ_i p[i,j]·d[i,j]·dy[i]
 *
 * and shapes dq as q, dk as k, dv as v. `rows` holds (maximum[i], inverse_sum[i], δ[i]). A workgroup computes one row
 * of dq, as in the forward pass, or one row of dk and dv.
 */
const buffers = {
  reads: ['q', 'k', 'v', 'mask', 'dy', 'rows'],
  sizes: attentionSizes,
  numbers: attentionNumbers,
} as const;

const gradientSizes = (s: AttentionSizes) => {
  const { q, k, v, y, rows } = headSizes(s);
  return { q, k, v, dy: y, rows: 3 * rows };
};

const head = wgsl`
@group(0) @binding(0) var<storage, read> q: array<f32>;     // (blocks, queries, features)
@group(0) @binding(1) var<storage, read> k: array<f32>;     // (blocks, keys, features)
@group(0) @binding(2) var<storage, read> v: array<f32>;     // (blocks, keys, value_features)
@group(0) @binding(3) var<storage, read> mask: array<u32>;  // by strides
@group(0) @binding(4) var<storage, read> dy: array<f32>;    // (blocks, queries, value_features)
@group(0) @binding(5) var<storage, read> rows: array<f32>;  // (blocks, queries, 3)
${SCORE}
/** (p·d, ds) of a query and a key. */
fn score_gradient(block: u32, i: u32, j: u32) -> vec2f {
  if (!attends(block, i, j)) { return vec2f(0); }
  let row = block * sizes.queries + i;
  let p = exp_of(sizes.scale * (score(block, i, j) - rows[3u * row])) * rows[3u * row + 1u];
  var dp = 0.0;
  for (var c = 0u; c < sizes.value_features; c++) {
    dp += dy[row * sizes.value_features + c] * v[(block * sizes.keys + j) * sizes.value_features + c];
  }
  let d = kept(block, i, j);
  return vec2f(p * d, p * (d * dp - rows[3u * row + 2u]));
}
var<workgroup> dscores: array<vec2f, THREADS>;`;

/** ds of a query and a key, in float64. */
function scoreGradient(
  given: AttentionBuffers<'v' | 'dy' | 'rows'>,
  p: number,
  block: number,
  i: number,
  j: number,
): number {
  const { v, dy, rows, queries, keys, value_features } = given;
  const row = block * queries + i;
  let dp = 0;
  for (let c = 0; c < value_features; c++)
    dp += dy[row * value_features + c] * v[(block * keys + j) * value_features + c];
  return p * (keptOf(given, block, i, j) * dp - rows[3 * row + 2]);
}

/** dq, the gradient with respect to the queries. */
export const attentionQueryBackward = defineKernel({
  ...buffers,
  name: 'attention_query_backward',
  writes: ['dq'],
  splits: [splitBatch((s) => ({ ...gradientSizes(s), dq: headSizes(s).q }))],
  workgroups: ({ blocks, queries }) => blocks * queries,
  cost: attentionCost(3),
  wgsl: wgsl`${head}
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
    dscores[thread] = score_gradient(block, row % sizes.queries, begin + thread);
    workgroupBarrier();
    let end = min(THREADS, sizes.keys - begin);
    for (var slot = 0u; slot < 4u; slot++) {
      let c = slot * THREADS + thread;
      if (c >= sizes.features) { break; }
      for (var key = 0u; key < end; key++) {
        sum[slot] += dscores[key].y * k[(block * sizes.keys + begin + key) * sizes.features + c];
      }
    }
    workgroupBarrier();
  }
  for (var slot = 0u; slot < 4u; slot++) {
    let c = slot * THREADS + thread;
    if (c < sizes.features) { dq[row * sizes.features + c] = sizes.scale * sum[slot]; }
  }
}`,
  reference(given) {
    const { k, dq, ...s } = given;
    for (let row = 0; row < s.blocks * s.queries; row++) {
      const block = Math.floor(row / s.queries);
      const { p } = probabilities(given, block, row % s.queries);
      const ds = p.map((one, j) => scoreGradient(given, one, block, row % s.queries, j));
      for (let c = 0; c < s.features; c++) {
        let sum = 0;
        ds.forEach((one, j) => {
          sum += one * k[(block * s.keys + j) * s.features + c];
        });
        dq[row * s.features + c] = s.scale * sum;
      }
    }
  },
});

/** dk and dv, the gradients with respect to keys and values. */
export const attentionKeyBackward = defineKernel({
  ...buffers,
  name: 'attention_key_backward',
  writes: ['dk', 'dv'],
  splits: [splitBatch((s) => ({ ...gradientSizes(s), dk: headSizes(s).k, dv: headSizes(s).v }))],
  workgroups: ({ blocks, keys }) => blocks * keys,
  cost: attentionCost(4),
  wgsl: wgsl`${head}
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
    if (i < sizes.queries) { dscores[thread] = score_gradient(block, i, row % sizes.keys); }
    workgroupBarrier();
    let end = min(THREADS, sizes.queries - begin);
    for (var slot = 0u; slot < 4u; slot++) {
      let c = slot * THREADS + thread;
      for (var query = 0u; query < end; query++) {
        let at = block * sizes.queries + begin + query;
        if (c < sizes.features) { key_sum[slot] += dscores[query].y * q[at * sizes.features + c]; }
        if (c < sizes.value_features) { value_sum[slot] += dscores[query].x * dy[at * sizes.value_features + c]; }
      }
    }
    workgroupBarrier();
  }
  for (var slot = 0u; slot < 4u; slot++) {
    let c = slot * THREADS + thread;
    if (c < sizes.features) { dk[row * sizes.features + c] = sizes.scale * key_sum[slot]; }
    if (c < sizes.value_features) { dv[row * sizes.value_features + c] = value_sum[slot]; }
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
        const ds = scoreGradient(given, p, block, row % s.queries, j);
        for (let c = 0; c < s.features; c++) dk[key * s.features + c] += s.scale * ds * q[row * s.features + c];
        const weight = p * keptOf(s, block, row % s.queries, j);
        for (let c = 0; c < s.value_features; c++)
          dv[key * s.value_features + c] += weight * dy[row * s.value_features + c];
      });
    }
  },
});
