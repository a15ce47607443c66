import { TesseraError } from '../../gpu/errors.js';
import { ATTENTION_COLUMNS, type AttentionSizes, attentionForward } from '../../kernels/attention/attention.js';
import { attentionKeyGradient, attentionQueryGradient } from '../../kernels/attention/backward.js';
import { attentionProbabilities, attentionSlopes } from '../../kernels/attention/unfused.js';
import { type Launch, launch, type Value } from '../../launch/launch.js';
import { matmulLaunches } from '../../launch/matmul.js';
import { rowLaunches } from '../../launch/rows.js';
import { rowMajorStrides, type Shape, sizeOf } from '../../launch/shape.js';
import { ones } from '../create.js';
import { defineOp, expectRank, expectType, type Op } from '../graph/define.js';
import type { DispatchContext } from '../graph/graph.js';
import { broadcastShapes, formatShape } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { stack } from './arrange.js';

interface AttentionAttributes {
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
  { choose, device }: Pick<DispatchContext, 'choose' | 'device'>,
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

/**
 * `attention` with its mask given, for a scale of at least 0; its other outputs (batch, heads, queries) are what the
 * gradients need of the softmax: the largest score of each query, and 1 / the sum of the exponentials.
 */
export const attentionOp: Op<readonly ['q', 'k', 'v', 'mask'], AttentionAttributes> = defineOp({
  name: 'attention',
  inputs: ['q', 'k', 'v', 'mask'],
  numbers: ['scale'],
  shape: ([q, , v]) => {
    const row = { shape: q.shape.slice(0, 3), dtype: 'f32' } as const;
    return [{ shape: [...q.shape.slice(0, 3), v.shape[3]], dtype: 'f32' }, row, row];
  },
  dispatch: ([q, k, v, mask], [y, maximum, inverse], { attributes, ...context }) => {
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
  },
  vjp: ({ inputs: [q, k, v, mask], outputs: [y, maximum, inverse], outputGrad: dy, attributes }) => {
    const rows = stack([maximum, inverse, dy.mul(y).sum(-1)], -1);
    const [dq, dk, dv] = attentionGradientOp.all(q, k, v, mask, dy, rows, attributes);
    return [dq, dk, dv, null];
  },
});

/** The gradients of `attention` for queries, keys and values. Error ≤ 1e-5·|y| + 1e-5. */
export const attentionGradientOp: Op<readonly ['q', 'k', 'v', 'mask', 'dy', 'rows'], AttentionAttributes> = defineOp({
  name: 'attentionBackward',
  inputs: ['q', 'k', 'v', 'mask', 'dy', 'rows'],
  numbers: ['scale'],
  shape: ([q, k, v]) => [q, k, v].map(({ shape }) => ({ shape, dtype: 'f32' as const })),
  dispatch: ([q, k, v, mask, dy, rows], [dq, dk, dv], { attributes, ...context }) => {
    const sizes = sizesOf(q, k, v, mask, attributes);
    const shape = [...q.shape.slice(0, 3), k.shape[2]];
    const given = { q, k, v, mask, dy, rows };
    const byBlocks = () => [
      launch(attentionQueryGradient, { ...given, dq: dq }, sizes),
      launch(attentionKeyGradient, { ...given, dk: dk, dv: dv }, sizes),
    ];
    const throughMemory = () => {
      const [scores, slopes] = [context.temporary(shape), context.temporary(shape)];
      const product = (a: Value, b: Value, c: Value, transposeA: boolean, transposeB: boolean) =>
        matmulLaunches(a, b, c, { transposeA, transposeB }, context);
      const kernel = sizes.keys % 4 === 0 ? attentionSlopes.fours : attentionSlopes.ones;
      return [
        ...product(q, k, scores, false, true),
        ...product(dy, v, slopes, false, true),
        launch(kernel, { mask: mask, rows: rows, scores, slopes }, sizes),
        ...product(slopes, k, dq, false, false),
        ...product(slopes, q, dk, true, false),
        ...product(scores, dy, dv, true, false), // scores are probabilities by now
      ];
    };
    return chooseWay('attention_gradient', sizes, attributes, context, shape, byBlocks, throughMemory);
  },
  vjp: 'it is a fused gradient, without a second derivative',
});

/** What a query may look at, and how scores are scaled. */
export interface AttentionOptions {
  /** Of bool, broadcasts to (batch, heads, queries, keys): true where a query may look at a key. Default: everywhere. */
  readonly mask?: Tensor;
  /** A query looks at no later key: key j ≤ query i, both counted from the end. */
  readonly causal?: boolean;
  /** A finite number. Default 1 / √features. */
  readonly scale?: number;
}

/**
 * Attention: softmax(scale · q·kᵀ)·v along the keys, without storing the scores. q (batch, heads, queries, features),
 * k (batch, heads, keys, features), v (batch, heads, keys, values) -> (batch, heads, queries, values). Queries and keys
 * of different sequences make it cross attention. A query that may look at nothing gives zeros.
 * Error ≤ 4e-6·|y| + 4e-6.
 *
 * @throws TesseraError if shapes do not fit, or there are more than 256 features.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  for (const [name, one] of Object.entries({ q, k, v })) {
    expectRank('attention', name, one, 4, 'batch, heads, rows, features');
    expectType('attention', name, one, 'f32');
  }
  const shapes = [q, k, v].map(({ shape }) => formatShape(shape)).join(', ');
  const [batch, heads, queries, features] = q.shape;
  const fits = [k, v].every(({ shape }) => shape[0] === batch && shape[1] === heads && shape[2] === k.shape[2]);
  if (!fits || k.shape[3] !== features) {
    throw new TesseraError(`attention: q, k and v must agree in batch, heads, keys and features: got ${shapes}`);
  }
  if (Math.max(features, v.shape[3]) > ATTENTION_COLUMNS)
    throw new TesseraError(`attention: at most ${ATTENTION_COLUMNS} features a head, got ${shapes}; use more heads`);
  const { mask, causal = false, scale = 1 / Math.sqrt(Math.max(1, features)) } = options;
  const whole = [batch, heads, queries, k.shape[2]];
  const bools = mask ?? ones([1, 1, 1, 1]).cast('bool');
  expectType('attention', 'mask', bools, 'bool');
  const broadcast = broadcastShapes('attention: mask', bools.shape, whole);
  if (broadcast.join() !== whole.join())
    throw new TesseraError(
      `attention: the mask ${formatShape(bools.shape)} does not broadcast to ${formatShape(whole)}`,
    );
  const ranked = bools.reshape([...whole.slice(bools.rank).map(() => 1), ...bools.shape]);
  if (!Number.isFinite(scale)) throw new TesseraError(`attention: scale must be a finite number, got ${scale}`);
  return attentionOp(scale < 0 ? q.neg() : q, k, v, ranked, { causal, scale: Math.abs(scale) });
}
