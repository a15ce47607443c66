import type { Tensor } from '../../tensor/index.js';

/** A penalty on a parameter, which training makes small beside the loss: a scalar. */
export type Regularizer = (parameter: Tensor) => Tensor;

/** rate · Σ|w|: drives weights to zero (Tibshirani 1996). */
export const l1 =
  (rate = 0.01): Regularizer =>
  (parameter) =>
    parameter.abs().sum().mul(rate);

/** rate · Σw²: keeps weights small. */
export const l2 =
  (rate = 0.01): Regularizer =>
  (parameter) =>
    parameter.square().sum().mul(rate);

/** Both at once: first · Σ|w| + second · Σw². */
export const l1l2 =
  (first = 0.01, second = 0.01): Regularizer =>
  (parameter) =>
    l1(first)(parameter).add(l2(second)(parameter));
