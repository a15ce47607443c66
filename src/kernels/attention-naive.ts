import { defineKernel } from '../gpu/kernel.js';
import { wgsl } from '../gpu/wgsl.js';
import { attentionSizes, probabilitiesOf, SEES } from './attention.js';
import { foldWorkgroup } from './rows.js';

/*
 * Attention by its definition: a product makes all scores q·kᵀ, this kernel their softmax, another product p·v. It goes
 * through memory for (queries x keys) numbers three times, where attention.ts keeps them in the workgroup; what it is
 * measured against, and the faster one where workgroup memory is only memory.
 *
 *   p[i,j] = exp(scale · scores[i,j] - l[i])      l[i] = log Σ_j exp(scale · scores[i,j])      over the j that i sees
 *
 * p is 0 where a key is not seen, and in rows that see nothing. One workgroup computes one row.
 */
/** p = softmax of the scores that are seen, and l. */
export const attentionProbabilities = defineKernel({
  name: 'attention_probabilities',
  reads: ['scores', 'mask'],
  writes: ['p', 'l'],
  sizes: attentionSizes,
  numbers: ['scale'],
  workgroups: ({ blocks, queries }) => blocks * queries,
  cost: ({ blocks, queries, keys }) => ({ flops: 6 * blocks * queries * keys, bytes: 8 * blocks * queries * keys }),
  wgsl: wgsl`
@group(0) @binding(0) var<storage, read> scores: array<f32>;   // (blocks, queries, keys)
@group(0) @binding(1) var<storage, read> mask: array<u32>;     // by strides
@group(0) @binding(2) var<storage, read_write> p: array<f32>;  // (blocks, queries, keys)
@group(0) @binding(3) var<storage, read_write> l: array<f32>;  // (blocks, queries)
@group(0) @binding(4) var<uniform> sizes: Sizes;
${SEES}
var<workgroup> partial: array<f32, THREADS>;
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
  var own = NOTHING;
  for (var j = thread; j < sizes.keys; j += THREADS) {
    if (sees(block, i, j)) { own = max(own, sizes.scale * scores[row * sizes.keys + j]); }
  }
  let largest = fold_max(own, thread);
  var sum = 0.0;
  for (var j = thread; j < sizes.keys; j += THREADS) {
    if (sees(block, i, j)) { sum += exp(sizes.scale * scores[row * sizes.keys + j] - largest); }
  }
  let total = fold_sum(sum, thread);
  for (var j = thread; j < sizes.keys; j += THREADS) {
    let weight = exp(sizes.scale * scores[row * sizes.keys + j] - largest) / total;
    p[row * sizes.keys + j] = select(0.0, weight, sees(block, i, j));
  }
  if (thread == 0u) { l[row] = select(0.0, largest + log(total), total > 0.0); }
}`,
  reference(given) {
    const { scores, p, l, blocks, queries, keys } = given;
    for (let row = 0; row < blocks * queries; row++) {
      const one = probabilitiesOf(given, Math.floor(row / queries), row % queries, (j) => scores[row * keys + j]!);
      p.set(one.p, row * keys);
      l[row] = one.l;
    }
  },
});
