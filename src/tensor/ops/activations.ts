import { boolean, checkOptions, expectValue, finite, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectType } from './checks.js';
import { where } from './elementwise.js';

/*
 * Activation functions composed of other ops: each fuses into one kernel, and autograd derives its gradient. Formulas
 * and defaults are those of Keras 3.
 */
const expectFloat = (op: string, x: Tensor): void => expectType(op, 'x', x, 'f32');

/**
 * Computes the Gaussian error linear unit, y = x · Φ(x), where Φ is the cumulative distribution function of the
 * standard normal distribution (Hendrycks and Gimpel 2016). With `approximate`, y = x/2 · (1 + tanh(√(2/π)·(x +
 * 0.044715·x³))). Error ≤ 4e-6·|y| + 1e-6.
 */
export function gelu(x: Tensor, options: { approximate?: boolean } = {}): Tensor {
  const { approximate = false } = checkOptions('gelu', options, { approximate: optional(boolean) });
  expectFloat('gelu', x);
  const half = x.mul(0.5);
  if (!approximate) return half.mul(x.mul(Math.SQRT1_2).erf().add(1));
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return half.mul(inner.tanh().add(1));
}

/** Computes y = x · σ(x), also called swish. Error ≤ 4e-6·|y| + 1e-6. */
export function silu(x: Tensor): Tensor {
  expectFloat('silu', x);
  return x.mul(x.sigmoid());
}

/** Computes y = x for x > 0, else slope · x. The gradient at 0 is the slope. Error ≤ 5e-7·|y|. */
export function leakyRelu(x: Tensor, slope = 0.2): Tensor {
  expectFloat('leakyRelu', x);
  expectValue('leakyRelu', 'slope', slope, finite);
  return where(x.greater(0), x, x.mul(slope));
}

/**
 * Computes the exponential linear unit, y = x for x > 0, else alpha · (e^x - 1) (Clevert et al. 2015). The gradient at
 * 0 is alpha. Error ≤ 2e-6·|y|.
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  expectFloat('elu', x);
  expectValue('elu', 'alpha', alpha, finite);
  const positive = x.greater(0);
  return where(positive, x, where(positive, 0, x).expm1().mul(alpha));
}

/** Computes y = x/6 + 1/2, clipped to [0, 1]. The gradient at both ends is 1/6. Error ≤ 4e-6·|y| + 1e-6. */
export function hardSigmoid(x: Tensor): Tensor {
  expectFloat('hardSigmoid', x);
  return x
    .mul(1 / 6)
    .add(0.5)
    .clip(0, 1);
}
