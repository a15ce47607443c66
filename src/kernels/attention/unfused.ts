import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { typesOf } from '../elementwise/expression-wgsl.js';
import { EXP } from '../elementwise/math.js';
import { rowKernels } from '../rows/row-kernels.js';
import {
  ATTENDS,
  attends,
  attentionNumbers,
  attentionSizes,
  kept,
  keptOf,
  probabilitiesOf,
  splitBatch,
} from './attention.js';

/*
 * Attention as three launches: the product q·kᵀ, the softmax of its scores, and the product p·v. The (queries x keys)
 * scores go through memory three times, where attention.ts keeps them in the workgroup. It is the baseline of
 * attention.ts, and the faster one on software adapters, where workgroup memory is ordinary memory.
 *
 *   p[i,j] = inverse_sum[i] · exp(scale · (scores[i,j] - maximum[i]))      scores, p (blocks, queries, keys)
 *
 * p is 0 where a key is masked; with dropout it is p·d. Backward computes dp = dy·vᵀ before its kernel, and ds·k, dsᵀ·q and pᵀ·dy after it, by
 * the formulas of backward.ts.
 */
/** WGSL of whether a query attends to the key, or the four keys, of an element. */
const ATTENDED = {
  f32: wgsl`fn attended(block: u32, i: u32, c: u32) -> bool { return attends(block, i, c); }`,
  vec4f: wgsl`
fn attended(block: u32, i: u32, c: u32) -> vec4<bool> {
  let j = 4u * c;
  return vec4<bool>(attends(block, i, j), attends(block, i, j + 1u), attends(block, i, j + 2u), attends(block, i, j + 3u));
}`,
} as const;

/**
 * p, the masked softmax of the scores, and maximum and inverse_sum of each row. One row group computes one row
 * (row-kernels.ts), as vec4 if the number of keys is a multiple of 4.
 */
export const attentionProbabilities = rowKernels(({ suffix, subgroupLanes, element, wgsl: reduction }) =>
  defineKernel({
    name: `attention_probabilities${suffix}`,
    reads: ['scores', 'mask'],
    writes: ['p', 'maximum', 'inverse_sum'],
    sizes: attentionSizes,
    numbers: attentionNumbers,
    splits: [
      splitBatch((s) => ({
        scores: s.queries * s.keys,
        p: s.queries * s.keys,
        maximum: s.queries,
        inverse_sum: s.queries,
      })),
    ],
    subgroupLanes,
    workgroups: ({ blocks, queries }) => blocks * queries,
    cost: ({ blocks, queries, keys }) => ({ flops: 6 * blocks * queries * keys, bytes: 8 * blocks * queries * keys }),
    wgsl: wgsl`
@group(0) @binding(0) var<storage, read> scores: array<${element}>;      // (blocks, queries, keys)
@group(0) @binding(1) var<storage, read> mask: array<u32>;               // by strides
@group(0) @binding(2) var<storage, read_write> p: array<${element}>;     // (blocks, queries, keys)
@group(0) @binding(3) var<storage, read_write> maximum: array<f32>;      // (blocks, queries)
@group(0) @binding(4) var<storage, read_write> inverse_sum: array<f32>;  // (blocks, queries)
@group(0) @binding(5) var<uniform> sizes: Sizes;
${ATTENDS}
${ATTENDED[element]}
${reduction}
${EXP.join('')}
${kept(element)}
const MASKED = -3.0e38;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.blocks * sizes.queries) { return; }
  let block = row / sizes.queries;
  let i = row % sizes.queries;
  let length = sizes.keys / WIDTH;
  let begin = row * length;
  // Masked scores are stored as a number less than any score.
  var own = Element(MASKED);
  var bits = Bits();
  for (var c = thread; c < length; c += THREADS) {
    let score = select(Element(MASKED), scores[begin + c], attended(block, i, c));
    p[begin + c] = score;
    own = max(own, score);
    bits = max(bits, magnitude(score));
  }
  let largest = reduce_max(own, bits, thread); // NaN if any score is
  var sum = Element();
  for (var c = thread; c < length; c += THREADS) {
    let score = p[begin + c];
    let e = select(exp_of(sizes.scale * (score - largest)), Element(), score == Element(MASKED));
    p[begin + c] = e;
    sum += e;
  }
  let total = reduce_sum(sum, thread);
  let normalize = select(1.0 / total, 0.0, total == 0.0); // NaN is unequal to 0
  for (var c = thread; c < length; c += THREADS) { p[begin + c] *= normalize * kept(block, i, WIDTH * c); }
  if (thread == 0u) {
    maximum[row] = select(largest, 0.0, total == 0.0);
    inverse_sum[row] = normalize;
  }
}`,
    reference(given) {
      const { scores, p, maximum, inverse_sum, blocks, queries, keys } = given;
      for (let row = 0; row < blocks * queries; row++) {
        const one = probabilitiesOf(given, Math.floor(row / queries), row % queries, (j) => scores[row * keys + j]);
        const weights = one.p.map((p, j) => p * keptOf(given, Math.floor(row / queries), row % queries, j));
        p.set(weights, row * keys);
        maximum[row] = one.maximum;
        inverse_sum[row] = one.inverseSum;
      }
    },
  }),
);

const THREADS = 64;

function dscores(name: string, element: 'f32' | 'vec4f', width: 1 | 4): Kernel {
  return defineKernel({
    name,
    reads: ['mask', 'rows'],
    updates: ['scores', 'dscores'],
    sizes: attentionSizes,
    numbers: attentionNumbers,
    splits: [splitBatch((s) => ({ rows: 3 * s.queries, scores: s.queries * s.keys, dscores: s.queries * s.keys }))],
    workgroups: ({ blocks, queries, keys }) => ceilDivide((blocks * queries * keys) / width, THREADS),
    cost: ({ blocks, queries, keys }) => ({ flops: 6 * blocks * queries * keys, bytes: 16 * blocks * queries * keys }),
    wgsl: wgsl`
@group(0) @binding(0) var<storage, read> mask: array<u32>;                  // by strides
@group(0) @binding(1) var<storage, read> rows: array<f32>;                  // (blocks, queries, 3)
@group(0) @binding(2) var<storage, read_write> scores: array<${element}>;   // (blocks, queries, keys): p afterwards
@group(0) @binding(3) var<storage, read_write> dscores: array<${element}>;  // (blocks, queries, keys): dp, then ds
@group(0) @binding(4) var<uniform> sizes: Sizes;
${ATTENDS}
${ATTENDED[element]}
${typesOf(width === 4, false)}
${EXP.join('')}
${kept(element)}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let length = sizes.keys / ${width}u;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.blocks * sizes.queries * length) { return; }
  let row = index / length;
  let own = attended(row / sizes.queries, row % sizes.queries, index % length);
  let e = exp_of(sizes.scale * (scores[index] - rows[3u * row]));
  let p = select(${element}(), e * rows[3u * row + 1u], own);
  let d = kept(row / sizes.queries, row % sizes.queries, ${width}u * (index % length));
  scores[index] = p * d;
  dscores[index] = sizes.scale * p * (d * dscores[index] - rows[3u * row + 2u]);
}`,
    reference(given) {
      const { scores, dscores, rows, blocks, queries, keys, scale } = given;
      for (let row = 0; row < blocks * queries; row++) {
        const [maximum, inverseSum, delta] = rows.subarray(3 * row, 3 * row + 3);
        const block = Math.floor(row / queries);
        for (let j = 0; j < keys; j++) {
          const at = row * keys + j;
          const p = attends(given, block, row % queries, j) ? Math.exp(scale * (scores[at] - maximum)) * inverseSum : 0;
          const d = keptOf(given, block, row % queries, j);
          scores[at] = p * d;
          dscores[at] = scale * p * (d * dscores[at] - delta);
        }
      }
    },
  });
}

/** Overwrites scores with p·d, and dp with scale · ds. */
export const attentionScoresBackward = {
  scalar: dscores('attention_scores_backward', 'f32', 1),
  vec4: dscores('attention_scores_backward_vec4', 'vec4f', 4),
} as const;
