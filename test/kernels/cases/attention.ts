import { type AttentionSizes, attentionForward } from '../../../src/kernels/attention/attention.js';
import { attentionKeyBackward, attentionQueryBackward } from '../../../src/kernels/attention/backward.js';
import { attentionProbabilities, attentionScoresBackward } from '../../../src/kernels/attention/unfused.js';
import type { KernelCase } from '../../support/kernels.js';
import { integers, normals } from '../../support/numbers.js';
import { rowKernelsFor } from './common.js';

/** (maximum, inverse_sum, δ) of attention's rows: of the scores, without which a gradient has no meaning, and any δ. */
function softRows(
  { q, k, mask }: Record<'q' | 'k', Float32Array> & { mask: Uint32Array },
  values: AttentionSizes,
): Float32Array {
  const count = values.blocks * values.queries;
  const [maximum, inverseSum] = [new Float64Array(count), new Float64Array(count)];
  const given = { q: Float64Array.from(q), k: Float64Array.from(k), mask: Float64Array.from(mask) };
  const v = new Float64Array(values.blocks * values.keys * values.value_features);
  const y = new Float64Array(count * values.value_features);
  attentionForward.reference({ ...given, v, y, maximum, inverse_sum: inverseSum, ...values });
  const deltas = normals(count, 9);
  return Float32Array.from({ length: 3 * count }, (_, at) => [maximum, inverseSum, deltas][at % 3][Math.floor(at / 3)]);
}
interface Attended {
  readonly blocks: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly features: number;
  readonly value_features: number;
  readonly causal?: number;
  /** A mask of its own for each query. */
  readonly byQuery?: boolean;
  /** Scores so far apart that a maximum other than the largest overflows. */
  readonly far?: boolean;
  /** The rate of the dropout. */
  readonly rate?: number;
}
const attended: readonly Attended[] = [
  { blocks: 1, heads: 1, queries: 1, keys: 1, features: 1, value_features: 1 },
  { blocks: 6, heads: 2, queries: 5, keys: 7, features: 4, value_features: 3 },
  { blocks: 4, heads: 2, queries: 5, keys: 7, features: 4, value_features: 4, byQuery: true },
  { blocks: 2, heads: 2, queries: 3, keys: 131, features: 24, value_features: 70 },
  { blocks: 1, heads: 1, queries: 70, keys: 3, features: 40, value_features: 33 },
  { blocks: 4, heads: 2, queries: 67, keys: 67, features: 5, value_features: 6, causal: 1 },
  { blocks: 4, heads: 2, queries: 5, keys: 68, features: 3, value_features: 4, byQuery: true },
  { blocks: 2, heads: 2, queries: 36, keys: 36, features: 4, value_features: 4, causal: 1 },
  { blocks: 3, heads: 3, queries: 67, keys: 136, features: 1, value_features: 2, byQuery: true, far: true },
  { blocks: 2, heads: 1, queries: 9, keys: 4, features: 65, value_features: 2, causal: 1 },
  { blocks: 3, heads: 3, queries: 67, keys: 134, features: 1, value_features: 2, byQuery: true, far: true },
  { blocks: 4, heads: 2, queries: 9, keys: 67, features: 5, value_features: 6, causal: 1, rate: 0.4 },
  { blocks: 6, heads: 2, queries: 7, keys: 132, features: 4, value_features: 70, rate: 0.9 },
  { blocks: 0, heads: 1, queries: 3, keys: 3, features: 2, value_features: 2 },
];
export const attentions = attended.flatMap(
  ({ causal = 0, byQuery = false, far = false, rate = 0, ...s }): KernelCase[] => {
    const mask_query = byQuery ? s.keys : 0;
    const mask_head = byQuery ? s.queries * s.keys : s.keys;
    const places = { mask_batch: s.heads * mask_head, mask_head, mask_query, mask_key: 1 };
    const values = { ...s, causal, first_block: 3, scale: 0.5, rate, key0: 0xdeadbeef, key1: 77, ...places };
    const [q, k] = [s.blocks * s.queries, s.blocks * s.keys];
    // A mask by keys, for each head of a sample; it may mask a row fully.
    const mask = integers(Math.max(1, s.blocks * mask_head), 4, 3).map((one) => Number(one > 0));
    const given = { q: normals(q * s.features, 1), k: normals(k * s.features, 2), mask: Uint32Array.from(mask) };
    const inputs = { ...given, v: k * s.value_features };
    const note = `${s.blocks} blocks, ${s.queries} queries, ${s.keys} keys, ${s.features} features${causal ? ', causal' : ''}${byQuery ? ', masked by query' : ''}${far ? ', far apart' : ''}${rate > 0 ? `, dropout ${rate}` : ''}`;
    const one = { note, values, tolerance: { absolute: 1e-4, relative: 1e-4 } };
    const scores = far
      ? Float32Array.from({ length: q * s.keys }, (_, at) => 400 * ((at * 5 + Math.floor(at / s.keys) * 7) % s.keys))
      : normals(q * s.keys, 4);
    // What p holds before is no small number: who sums more of it than its own row is found.
    const p = new Float32Array(q * s.keys).fill(Number.POSITIVE_INFINITY);
    const naive = { scores, mask: given.mask, p, maximum: q, inverse_sum: q };
    const spread = {
      q: new Float32Array(q * s.features).fill(1),
      // The largest stands anywhere in the first block, where a workgroup begins in the second, where it ends in the
      // third.
      k: Float32Array.from({ length: k }, (_, at) => {
        const j = at % s.keys;
        return 400 * [(5 * j) % s.keys, s.keys - j, (j + s.keys - 64) % s.keys][Math.floor(at / s.keys)];
      }),
    };
    const scored = { ...inputs, ...(far ? spread : {}) };
    const forwards = [
      ...rowKernelsFor(attentionProbabilities, s.keys).map((kernel) => ({ ...one, kernel, buffers: naive })),
      {
        ...one,
        kernel: attentionForward,
        buffers: { ...scored, y: q * s.value_features, maximum: q, inverse_sum: q },
      },
    ];
    const back = { dy: q * s.value_features, rows: softRows(scored, values) };
    const products = { scores: normals(q * s.keys, 4), dscores: normals(q * s.keys, 5) };
    return [
      ...forwards,
      ...(s.keys % 4 === 0
        ? [attentionScoresBackward.scalar, attentionScoresBackward.vec4]
        : [attentionScoresBackward.scalar]
      ).map((kernel) => ({
        ...one,
        kernel,
        buffers: { mask: given.mask, rows: back.rows, ...products },
      })),
      { ...one, kernel: attentionQueryBackward, buffers: { ...scored, ...back, dq: q * s.features } },
      {
        ...one,
        kernel: attentionKeyBackward,
        buffers: { ...scored, ...back, dk: k * s.features, dv: k * s.value_features },
      },
    ];
  },
);
