import { type AttentionSizes, attentionForward } from '../kernels/attention/attention.js';
import { attentionKeyBackward, attentionQueryBackward } from '../kernels/attention/backward.js';
import { attentionProbabilities, attentionScoresBackward } from '../kernels/attention/unfused.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { matmulLaunches } from './matmul.js';
import { rowLaunches } from './rows.js';
import { rowMajorStrides, type Shape, sizeOf } from './shape.js';

/** So many features a head are the most that the kernels take. */
export { ATTENTION_COLUMNS as MOST_FEATURES } from '../kernels/attention/attention.js';

/** Whether a query looks at no later key, and by what scores are scaled. */
export interface AttentionAttributes {
  readonly causal: boolean;
  readonly scale: number;
}

function sizesOf(q: Value, k: Value, v: Value, mask: Value, { causal, scale }: AttentionAttributes) {
  const [batch, heads, queries, features] = q.shape;
  const strides = rowMajorStrides(mask.shape).map((stride, axis) => (mask.shape[axis] === 1 ? 0 : stride));
  const [mask_batch, mask_head, mask_query, mask_key] = strides;
  return {
    ...{ blocks: batch * heads, heads, queries, features, keys: k.shape[2], value_features: v.shape[3] },
    ...{ causal: Number(causal), scale, mask_batch, mask_head, mask_query, mask_key },
  };
}

/** Bytes of scores that may be kept. */
const MOST_SCORES = 2 ** 24;

/** Chooses between going by blocks and keeping scores of a shape in memory. */
function chooseWay(
  op: string,
  { blocks, queries, keys, features, value_features }: AttentionSizes,
  { causal }: AttentionAttributes,
  { choose, device }: LaunchContext,
  scores: Shape,
  byBlocks: () => Launch[],
  throughMemory: () => Launch[],
): Launch[] {
  const fits = 4 * sizeOf(scores) <= MOST_SCORES;
  return choose(
    op,
    { blocks, queries, keys, features, value_features, causal },
    { blocks: byBlocks, ...(fits ? { memory: throughMemory } : {}) },
    // A CPU's workgroup memory is memory like any other: there the scores may as well be kept as a whole.
    fits && device.software ? 'memory' : 'blocks',
  );
}

/** Queries, keys and values (batch, heads, rows, features), the mask, and the result with what the gradients need. */
type Forward = Readonly<Record<'q' | 'k' | 'v' | 'mask' | 'y' | 'maximum' | 'inverse', Value>>;
type Backward = Readonly<Record<'q' | 'k' | 'v' | 'mask' | 'dy' | 'rows' | 'dq' | 'dk' | 'dv', Value>>;

/** Launches of attention: by blocks of scores, or with all of them in memory. */
export function attentionLaunches(
  { q, k, v, mask, y, maximum, inverse }: Forward,
  attributes: AttentionAttributes,
  context: LaunchContext,
): Launch[] {
  const sizes = sizesOf(q, k, v, mask, attributes);
  const shape = [...q.shape.slice(0, 3), k.shape[2]];
  const byBlocks = () => [launch(attentionForward, { q, k, v, mask, y, maximum, inverse }, sizes)];
  const throughMemory = () => {
    const rows = { rows: sizes.blocks * sizes.queries, cols: sizes.keys };
    const [scores, p] = [context.temporary(shape), context.temporary(shape)];
    return [
      ...matmulLaunches(q, k, scores, { transposeA: false, transposeB: true }, context),
      ...rowLaunches(
        'attention_probabilities',
        attentionProbabilities,
        rows,
        { scores, mask, p, maximum, inverse },
        sizes,
        context,
      ),
      ...matmulLaunches(p, v, y, { transposeA: false, transposeB: false }, context),
    ];
  };
  return chooseWay('attention', sizes, attributes, context, shape, byBlocks, throughMemory);
}

/** Launches of the gradients of attention for queries, keys and values. */
export function attentionBackwardLaunches(
  { q, k, v, mask, dy, rows, dq, dk, dv }: Backward,
  attributes: AttentionAttributes,
  context: LaunchContext,
): Launch[] {
  const sizes = sizesOf(q, k, v, mask, attributes);
  const shape = [...q.shape.slice(0, 3), k.shape[2]];
  const given = { q, k, v, mask, dy, rows };
  const byBlocks = () => [
    launch(attentionQueryBackward, { ...given, dq }, sizes),
    launch(attentionKeyBackward, { ...given, dk, dv }, sizes),
  ];
  const throughMemory = () => {
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
      ...product(scores, dy, dv, true, false), // scores are probabilities by now
    ];
  };
  return chooseWay('attention_backward', sizes, attributes, context, shape, byBlocks, throughMemory);
}
