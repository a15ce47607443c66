import { Module, parameter } from '../../nn/index.js';
import type { Tensor, Variable } from '../../tensor/index.js';

/*
 * What encoders compute over sequences that end in padding, so that padding has no influence. A mask (batch, time) is 1
 * for a step of the sequence and 0 for padding.
 */

const EPSILON = 1e-3;

/**
 * The mean of the vectors of a sequence, m the mask: y[n, :] = Σ_t m[n, t]·x[n, t, :] / max(Σ_t m[n, t], 1).
 * x (batch, time, width), mask (batch, time) -> (batch, width); zeros for a sequence of padding alone.
 */
export function meanOfTokens(x: Tensor, mask: Tensor | undefined): Tensor {
  if (mask === undefined) return x.mean(1);
  return x
    .mul(mask.expandDims(-1))
    .sum(1)
    .div(mask.sum(1, { keepDims: true }).maximum(1));
}

/**
 * Gives each sequence mean 0 and variance 1 over its steps and features, and makes padding 0: with m the mask,
 *
 *   y = m ⊙ (x - μ) / √(σ² + 1e-3)
 *
 * x (batch, time, ...), mask (batch, time) -> y, the same shape.
 */
export function normalizeMasked(x: Tensor, mask: Tensor): Tensor {
  const [batch, time, ...features] = x.shape;
  const steps = mask.reshape([batch, time, ...features.map(() => 1)]);
  const axes = x.shape.map((_, axis) => axis).slice(1);
  const over = { keepDims: true };
  const size = features.reduce((product, axis) => product * axis, 1);
  const count = steps.sum(axes, over).mul(size).maximum(1);
  const centered = x.sub(x.mul(steps).sum(axes, over).div(count)).mul(steps);
  const variance = centered.square().sum(axes, over).div(count);
  return centered.div(variance.add(EPSILON).sqrt());
}

/**
 * Global layer normalization (Luo and Mesgarani 2019) of sequences that end in padding:
 *
 *   y = m ⊙ (γ ⊙ normalizeMasked(x, m) + β)
 *
 * It is group normalization with one group, but for the padding. x (batch, time, ..., features), m `mask` (batch, time)
 * -> y, the same shape. γ `scale` (features) starts with ones, β `shift` (features) with zeros.
 */
export class MaskedNorm extends Module {
  /** Scale: γ (features), initially ones. */
  readonly scale: Variable;
  /** Shift: β (features), initially zeros. */
  readonly shift: Variable;

  constructor(features: number) {
    super();
    this.scale = parameter('scale', [features], 'ones', undefined);
    this.shift = parameter('shift', [features], 'zeros', undefined);
  }

  /** Computes y. */
  forward(x: Tensor, mask: Tensor): Tensor {
    const steps = mask.reshape([...mask.shape, ...x.shape.slice(2).map(() => 1)]);
    return normalizeMasked(x, mask).mul(this.scale).add(this.shift).mul(steps);
  }
}
