import { TesseraError } from '../../gpu/errors.js';
import {
  type AttentionAttributes,
  attentionBackwardLaunches,
  attentionLaunches,
  MOST_FEATURES,
} from '../../launch/attention.js';
import { ones } from '../create.js';
import { broadcastShapes, formatShape } from '../graph/shape.js';
import { anything, boolean, checkOptions, finite, fraction, nonNegativeInteger, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectRank, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { keyWords, type RandomKey } from './random.js';
import { stack } from './rearrange.js';

/**
 * Computes `attention` for a given mask and a scale of at least 0. Two more outputs (batch, heads, queries) save the
 * softmax for the gradients: the maximum m of the scores of each query, and 1 / Σ exp(score - m).
 */
export const attentionOp: Op<readonly ['q', 'k', 'v', 'mask'], AttentionAttributes> = defineOp({
  name: 'attention',
  inputs: ['q', 'k', 'v', 'mask'],
  numbers: ['scale', 'rate', 'key0', 'key1'],
  shape: ([q, , v]) => {
    const row = { shape: q.shape.slice(0, 3), dtype: 'f32' } as const;
    return [{ shape: [...q.shape.slice(0, 3), v.shape[3]], dtype: 'f32' }, row, row];
  },
  dispatch: ([q, k, v, mask], [y, maximum, inverseSum], { attributes, ...context }) =>
    attentionLaunches({ q, k, v, mask, y, maximum, inverse_sum: inverseSum }, attributes, context),
  vjp: ({ inputs: [q, k, v, mask], outputs: [y, maximum, inverseSum], outputGrad: dy, attributes }) => {
    const rows = stack([maximum, inverseSum, dy.mul(y).sum(-1)], -1);
    const [dq, dk, dv] = attentionBackwardOp.all(q, k, v, mask, dy, rows, attributes);
    return [dq, dk, dv, null];
  },
});

/** Computes the gradients of `attention` with respect to q, k and v. Error ≤ 1e-5·|y| + 1e-5. */
export const attentionBackwardOp: Op<readonly ['q', 'k', 'v', 'mask', 'dy', 'rows'], AttentionAttributes> = defineOp({
  name: 'attentionBackward',
  inputs: ['q', 'k', 'v', 'mask', 'dy', 'rows'],
  numbers: ['scale', 'rate', 'key0', 'key1'],
  shape: ([q, k, v]) => [q, k, v].map(({ shape }) => ({ shape, dtype: 'f32' as const })),
  dispatch: ([q, k, v, mask, dy, rows], [dq, dk, dv], { attributes, ...context }) =>
    attentionBackwardLaunches({ q, k, v, mask, dy, rows, dq, dk, dv }, attributes, context),
  vjp: 'it is a fused gradient, without a second derivative',
});

/** Options of `attention`. */
export interface AttentionOptions {
  /**
   * A bool tensor that broadcasts to (batch, heads, queries, keys): true where a query attends to a key. Default: no
   * mask.
   */
  readonly mask?: Tensor;
  /** Whether a query attends to no later key: key j ≤ query i, both counted from the end. Default false. */
  readonly causal?: boolean;
  /** The factor of the scores, a finite number. Default 1 / √features. */
  readonly scale?: number;
  /**
   * Leaves out keys at random: each weight of the softmax is zero with probability `rate`, within [0, 1), and the others
   * are scaled by 1 / (1 - rate). The weights left out are those of `dropout` with the same key. Default: none.
   */
  readonly dropout?: RandomKey & { readonly rate: number };
}

/**
 * Computes scaled dot-product attention, softmax(scale · q·kᵀ)·v, without storing the scores (Vaswani et al. 2017; Dao
 * et al. 2022). q (batch, heads, queries, features), k (batch, heads, keys, features), v (batch, heads, keys, values)
 * -> (batch, heads, queries, values). A fully masked query gives zeros. Error ≤ 4e-6·|y| + 4e-6.
 *
 * @throws TesseraError if shapes do not match, or a head has more than 256 features.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptions('attention', options, {
    mask: anything,
    causal: optional(boolean),
    scale: optional(finite),
    dropout: anything,
  });
  for (const [name, one] of Object.entries({ q, k, v })) {
    expectRank('attention', name, one, 4, 'batch, heads, rows, features');
    expectType('attention', name, one, 'f32');
  }
  const shapes = [q, k, v].map(({ shape }) => formatShape(shape)).join(', ');
  const [batch, heads, queries, features] = q.shape;
  const fits = [k, v].every(({ shape }) => shape[0] === batch && shape[1] === heads && shape[2] === k.shape[2]);
  if (!fits || k.shape[3] !== features) {
    throw new TesseraError(`attention: q, k and v must agree in batch, heads, keys and features, got ${shapes}`);
  }
  if (Math.max(features, v.shape[3]) > MOST_FEATURES)
    throw new TesseraError(
      `attention: expected at most ${MOST_FEATURES} features per head, got ${shapes}; use more heads`,
    );
  const { mask, causal = false, scale = 1 / Math.sqrt(Math.max(1, features)) } = options;
  const whole = [batch, heads, queries, k.shape[2]];
  const bools = mask ?? ones([1, 1, 1, 1]).cast('bool');
  expectType('attention', 'mask', bools, 'bool');
  const broadcast = broadcastShapes('attention: mask', bools.shape, whole);
  if (broadcast.join() !== whole.join())
    throw new TesseraError(
      `attention: mask ${formatShape(bools.shape)} does not broadcast to the scores ${formatShape(whole)}`,
    );
  const ranked = bools.reshape([...whole.slice(bools.rank).map(() => 1), ...bools.shape]);
  const dropped = dropoutOf(options.dropout);
  return attentionOp(scale < 0 ? q.neg() : q, k, v, ranked, { causal, scale: Math.abs(scale), ...dropped });
}

function dropoutOf(options: AttentionOptions['dropout']): Pick<AttentionAttributes, 'rate' | 'key0' | 'key1'> {
  if (options === undefined) return { rate: 0, key0: 0, key1: 0 };
  const { rate, ...key } = checkOptions('attention: dropout', options, {
    rate: fraction,
    seed: nonNegativeInteger,
    draw: optional(nonNegativeInteger),
  });
  const [key0, key1] = keyWords('attention: dropout', key);
  return { rate, key0, key1 };
}
