import { TesseraError } from '../../gpu/errors.js';
import {
  type AttentionAttributes,
  attentionBackwardLaunches,
  attentionLaunches,
  MOST_FEATURES,
} from '../../launch/attention.js';
import { ones } from '../create.js';
import { defineOp, expectRank, expectType, type Op } from '../graph/define.js';
import { broadcastShapes, formatShape } from '../graph/shape.js';
import { anything, boolean, checkOptions, finite, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { stack } from './arrange.js';

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
  dispatch: ([q, k, v, mask], [y, maximum, inverse], { attributes, ...context }) =>
    attentionLaunches({ q, k, v, mask, y, maximum, inverse }, attributes, context),
  vjp: ({ inputs: [q, k, v, mask], outputs: [y, maximum, inverse], outputGrad: dy, attributes }) => {
    const rows = stack([maximum, inverse, dy.mul(y).sum(-1)], -1);
    const [dq, dk, dv] = attentionBackwardOp.all(q, k, v, mask, dy, rows, attributes);
    return [dq, dk, dv, null];
  },
});

/** The gradients of `attention` for queries, keys and values. Error ≤ 1e-5·|y| + 1e-5. */
export const attentionBackwardOp: Op<readonly ['q', 'k', 'v', 'mask', 'dy', 'rows'], AttentionAttributes> = defineOp({
  name: 'attentionBackward',
  inputs: ['q', 'k', 'v', 'mask', 'dy', 'rows'],
  numbers: ['scale'],
  shape: ([q, k, v]) => [q, k, v].map(({ shape }) => ({ shape, dtype: 'f32' as const })),
  dispatch: ([q, k, v, mask, dy, rows], [dq, dk, dv], { attributes, ...context }) =>
    attentionBackwardLaunches({ q, k, v, mask, dy, rows, dq, dk, dv }, attributes, context),
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
  checkOptions('attention', options, { mask: anything, causal: optional(boolean), scale: optional(finite) });
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
  if (Math.max(features, v.shape[3]) > MOST_FEATURES)
    throw new TesseraError(`attention: at most ${MOST_FEATURES} features a head, got ${shapes}; use more heads`);
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
  return attentionOp(scale < 0 ? q.neg() : q, k, v, ranked, { causal, scale: Math.abs(scale) });
}
