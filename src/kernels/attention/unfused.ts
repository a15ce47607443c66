import { ceilDivide, defineKernel, type Kernel } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { rowKernels } from '../rows/row-kernels.js';
import { attentionSizes, cutBatch, probabilitiesOf, SEES, seesKey } from './attention.js';

/*
 * Attention by its definition: a product makes all scores q·kᵀ, a kernel their softmax, another product p·v. It goes
 * through memory for (queries x keys) numbers three times, where attention.ts keeps them in the workgroup; what it is
 * measured against, and the faster one where workgroup memory is only memory.
 *
 *   p[i,j] = exp(scale · scores[i,j] - l[i])      l[i] = log Σ_j exp(scale · scores[i,j])      over the j that i sees
 *
 * p is 0 where a key is not seen, and in rows that see nothing. The gradient has the products dp = dy·vᵀ before its
 * kernel, and ds·k, dsᵀ·q and pᵀ·dy behind it (the formulas of attention-gradient.ts).
 */
/** Whether a query sees the keys of an element. */
const SEEN = {
  f32: wgsl`fn seen(block: u32, i: u32, c: u32) -> bool { return sees(block, i, c); }`,
  vec4f: wgsl`
fn seen(block: u32, i: u32, c: u32) -> vec4<bool> {
  let j = 4u * c;
  return vec4<bool>(sees(block, i, j), sees(block, i, j + 1u), sees(block, i, j + 2u), sees(block, i, j + 3u));
}`,
} as const;

/** p = softmax of the scores that are seen, and l; one team computes one row (rows.ts), by fours where keys are fours. */
export const attentionProbabilities = rowKernels(({ suffix, subgroupLanes, element, wgsl: team }) =>
  defineKernel({
    name: `attention_probabilities${suffix}`,
    reads: ['scores', 'mask'],
    writes: ['p', 'l'],
    sizes: attentionSizes,
    numbers: ['scale'],
    cuts: [cutBatch((s) => ({ scores: s.queries * s.keys, p: s.queries * s.keys, l: s.queries }))],
    subgroupLanes,
    workgroups: ({ blocks, queries }) => blocks * queries,
    cost: ({ blocks, queries, keys }) => ({ flops: 6 * blocks * queries * keys, bytes: 8 * blocks * queries * keys }),
    wgsl: wgsl`
@group(0) @binding(0) var<storage, read> scores: array<${element}>;   // (blocks, queries, keys)
@group(0) @binding(1) var<storage, read> mask: array<u32>;            // by strides
@group(0) @binding(2) var<storage, read_write> p: array<${element}>;  // (blocks, queries, keys)
@group(0) @binding(3) var<storage, read_write> l: array<f32>;         // (blocks, queries)
@group(0) @binding(4) var<uniform> sizes: Sizes;
${SEES}
${SEEN[element]}
${team}
const NOTHING = -3.0e38;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= sizes.blocks * sizes.queries) { return; }
  let block = row / sizes.queries;
  let i = row % sizes.queries;
  let length = sizes.keys / WIDTH;
  let begin = row * length;
  // What is not seen is kept as a score so small that it is nothing beside any other.
  var own = Element(NOTHING);
  var bits = Bits();
  for (var c = thread; c < length; c += THREADS) {
    let score = select(Element(NOTHING), sizes.scale * scores[begin + c], seen(block, i, c));
    p[begin + c] = score;
    own = max(own, score);
    bits = max(bits, magnitude(score));
  }
  let largest = fold_max(own, bits, thread); // NaN where a score is
  var sum = Element();
  for (var c = thread; c < length; c += THREADS) { sum += exp(p[begin + c] - largest); }
  let total = fold_sum(sum, thread);
  let sees_any = largest != NOTHING;
  let part = select(0.0, 1.0 / total, sees_any);
  for (var c = thread; c < length; c += THREADS) { p[begin + c] = part * exp(p[begin + c] - largest); }
  if (thread == 0u) { l[row] = select(0.0, largest + log(total), sees_any); }
}`,
    reference(given) {
      const { scores, p, l, blocks, queries, keys } = given;
      for (let row = 0; row < blocks * queries; row++) {
        const one = probabilitiesOf(given, Math.floor(row / queries), row % queries, (j) => scores[row * keys + j]);
        p.set(one.p, row * keys);
        l[row] = one.l;
      }
    },
  }),
);

const THREADS = 64;

function slopes(name: string, element: 'f32' | 'vec4f', width: 1 | 4): Kernel {
  return defineKernel({
    name,
    reads: ['mask', 'rows'],
    updates: ['scores', 'slopes'],
    sizes: attentionSizes,
    numbers: ['scale'],
    cuts: [cutBatch((s) => ({ rows: 2 * s.queries, scores: s.queries * s.keys, slopes: s.queries * s.keys }))],
    workgroups: ({ blocks, queries, keys }) => ceilDivide((blocks * queries * keys) / width, THREADS),
    cost: ({ blocks, queries, keys }) => ({ flops: 6 * blocks * queries * keys, bytes: 16 * blocks * queries * keys }),
    wgsl: wgsl`
@group(0) @binding(0) var<storage, read> mask: array<u32>;                 // by strides
@group(0) @binding(1) var<storage, read> rows: array<f32>;                 // (blocks, queries, 2): l and δ
@group(0) @binding(2) var<storage, read_write> scores: array<${element}>;  // (blocks, queries, keys): p afterwards
@group(0) @binding(3) var<storage, read_write> slopes: array<${element}>;  // (blocks, queries, keys): dp, then ds
@group(0) @binding(4) var<uniform> sizes: Sizes;
${SEES}
${SEEN[element]}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let length = sizes.keys / ${width}u;
  let index = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (index >= sizes.blocks * sizes.queries * length) { return; }
  let row = index / length;
  let own = seen(row / sizes.queries, row % sizes.queries, index % length);
  let p = select(${element}(), exp(sizes.scale * scores[index] - rows[2u * row]), own);
  scores[index] = p;
  slopes[index] = sizes.scale * p * (slopes[index] - rows[2u * row + 1u]);
}`,
    reference(given) {
      const { scores, slopes, rows, blocks, queries, keys, scale } = given;
      for (let row = 0; row < blocks * queries; row++) {
        const [l, delta] = [rows[2 * row], rows[2 * row + 1]];
        const block = Math.floor(row / queries);
        for (let j = 0; j < keys; j++) {
          const at = row * keys + j;
          const p = seesKey(given, block, row % queries, j) ? Math.exp(scale * scores[at] - l) : 0;
          scores[at] = p;
          slopes[at] = scale * p * (slopes[at] - delta);
        }
      }
    },
  });
}

/** From the scores p, made again from l, and from dp scale · ds, each in the place of the other; by ones or by fours. */
export const attentionSlopes = {
  ones: slopes('attention_slopes', 'f32', 1),
  fours: slopes('attention_slopes_fours', 'vec4f', 4),
} as const;
