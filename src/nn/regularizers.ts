import type { Tensor } from '../tensor/index.js';
import { expectValue, nonNegative, optional } from '../tensor/options.js';

/** A function from a parameter to its penalty, a scalar that training adds to the loss. */
export type Regularizer = (parameter: Tensor) => Tensor;

/** Accepts a regularizer, or none. */
export const REGULARIZER = optional({
  expected: 'a function, such as l2()',
  fits: (value) => typeof value === 'function',
});

/** L1 regularization, rate · Σ|w|, which makes weights sparse (Tibshirani 1996). The rate is 0.01 by default. */
export function l1(rate = 0.01): Regularizer {
  expectValue('l1', 'rate', rate, nonNegative);
  return (parameter) => parameter.abs().sum().mul(rate);
}

/** L2 regularization, rate · Σw², which keeps weights small. The rate is 0.01 by default. */
export function l2(rate = 0.01): Regularizer {
  expectValue('l2', 'rate', rate, nonNegative);
  return (parameter) => parameter.square().sum().mul(rate);
}

/** L1 and L2 regularization together: rate1 · Σ|w| + rate2 · Σw². Both rates are 0.01 by default. */
export function l1l2(rate1 = 0.01, rate2 = 0.01): Regularizer {
  expectValue('l1l2', 'rate1', rate1, nonNegative);
  expectValue('l1l2', 'rate2', rate2, nonNegative);
  const [first, second] = [l1(rate1), l2(rate2)];
  return (parameter) => first(parameter).add(second(parameter));
}
