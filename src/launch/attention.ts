import { type AttentionSizes, attentionForward } from '../kernels/attention/attention.js';
import { attentionKeyBackward, attentionQueryBackward } from '../kernels/attention/backward.js';
import { attentionProbabilities, attentionScoresBackward } from '../kernels/attention/unfused.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { matmulLaunches } from './matmul.js';
import { rowLaunches } from './rows.js';
import { rowMajorStrides, type Shape, sizeOf } from './shape.js';

/** The most features per head that the kernels take. */
export { ATTENTION_COLUMNS as MOST_FEATURES } from '../kernels/attention/attention.js';

/** The attributes of attention: whether it is causal, the factor of the scores, and dropout's rate and key words. */
export interface AttentionAttributes {
  readonly causal: boolean;
  readonly scale: number;
  readonly rate: number;
  readonly key0: number;
  readonly key1: number;
}

function sizesOf(q: Value, k: Value, v: Value, mask: Value, { causal, ...numbers }: AttentionAttributes) {
  const [batch, heads, queries, features] = q.shape;
  const strides = rowMajorStrides(mask.shape).map((stride, axis) => (mask.shape[axis] === 1 ? 0 : stride));
  const [mask_batch, mask_head, mask_query, mask_key] = strides;
  return {
    blocks: batch * heads,
    first_block: 0,
    heads,
    queries,
    features,
    keys: k.shape[2],
    value_features: v.shape[3],
    causal: Number(causal),
    ...numbers,
    mask_batch,
    mask_head,
    mask_query,
    mask_key,
  };
}

/** The most bytes that a matrix of scores in memory may take. */
const MOST_SCORES = 2 ** 24;

/** Chooses between the fused kernel, which computes scores block by block, and the unfused one, which stores them. */
function chooseVariant(
  op: string,
  { blocks, queries, keys, features, value_features }: AttentionSizes,
  { causal }: AttentionAttributes,
  { choose, device }: LaunchContext,
  scores: Shape,
  fused: () => Launch[],
  unfused: () => Launch[],
): Launch[] {
  const fits = 4 * sizeOf(scores) <= MOST_SCORES;
  return choose(
    op,
    { blocks, queries, keys, features, value_features, causal },
    { fused, ...(fits ? { unfused } : {}) },
    // On a CPU, workgroup memory is ordinary memory, so keeping scores there gains nothing.
    fits && device.software ? 'unfused' : 'fused',
  );
}

/**
 * q, k, v and y (batch, heads, rows, features), the mask, and maximum and inverse_sum of each row, for backward.
 */
type Forward = Readonly<Record<'q' | 'k' | 'v' | 'mask' | 'y' | 'maximum' | 'inverse_sum', Value>>;
type Backward = Readonly<Record<'q' | 'k' | 'v' | 'mask' | 'dy' | 'rows' | 'dq' | 'dk' | 'dv', Value>>;

/** Launches of attention, fused or with the matrix of scores in memory. */
export function attentionLaunches(
  { q, k, v, mask, y, maximum, inverse_sum }: Forward,
  attributes: AttentionAttributes,
  context: LaunchContext,
): Launch[] {
  const sizes = sizesOf(q, k, v, mask, attributes);
  const shape = [...q.shape.slice(0, 3), k.shape[2]];
  const fused = () => [launch(attentionForward, { q, k, v, mask, y, maximum, inverse_sum }, sizes)];
  const unfused = () => {
    const rows = { rows: sizes.blocks * sizes.queries, cols: sizes.keys };
    const [scores, p] = [context.temporary(shape), context.temporary(shape)];
    return [
      ...matmulLaunches(q, k, scores, { transposeA: false, transposeB: true }, context),
      ...rowLaunches(
        'attention_probabilities',
        attentionProbabilities,
        rows,
        { scores, mask, p, maximum, inverse_sum },
        sizes,
        context,
      ),
      ...matmulLaunches(p, v, y, { transposeA: false, transposeB: false }, context),
    ];
  };
  return chooseVariant('attention', sizes, attributes, context, shape, fused, unfused);
}

/** Launches of dq, dk and dv, the gradients of attention with respect to queries, keys and values. */
export function attentionBackwardLaunches(
  { q, k, v, mask, dy, rows, dq, dk, dv }: Backward,
  attributes: AttentionAttributes,
  context: LaunchContext,
): Launch[] {
  const sizes = sizesOf(q, k, v, mask, attributes);
  const shape = [...q.shape.slice(0, 3), k.shape[2]];
  const given = { q, k, v, mask, dy, rows };
  const fused = () => [
    launch(attentionQueryBackward, { ...given, dq }, sizes),
    launch(attentionKeyBackward, { ...given, dk, dv }, sizes),
  ];
  const unfused = () => {
    const [scores, dscores] = [context.temporary(shape), context.temporary(shape)];
    const product = (a: Value, b: Value, c: Value, transposeA: boolean, transposeB: boolean) =>
      matmulLaunches(a, b, c, { transposeA, transposeB }, context);
    const kernel = sizes.keys % 4 === 0 ? attentionScoresBackward.vec4 : attentionScoresBackward.scalar;
    return [
      ...product(q, k, scores, false, true),
      ...product(dy, v, dscores, false, true),
      launch(kernel, { mask, rows, scores, dscores }, sizes),
      ...product(dscores, k, dq, false, false),
      ...product(dscores, q, dk, true, false),
      ...product(scores, dy, dv, true, false), // the kernel above overwrote the scores with probabilities
    ];
  };
  return chooseVariant('attention_backward', sizes, attributes, context, shape, fused, unfused);
}
