import { TesseraError } from '../../gpu/errors.js';
import { formatShape, normalizeAxes } from '../graph/shape.js';
import { anything, type Checks, checkOptions, nonNegative, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { type Axes, argmax, mean, REDUCE_CHECKS, type ReduceOptions } from './reduce.js';
import { stopGradient } from './stop-gradient.js';

/*
 * Reductions made of other ops. Axes count from the end where negative; left out, all are reduced.
 */

export interface VarianceOptions extends ReduceOptions {
  /** Taken from the number of elements: 0 (default) for a whole population, 1 for a sample of one. NumPy's ddof. */
  readonly correction?: number;
}

const VARIANCE_CHECKS: Checks<VarianceOptions> = { ...REDUCE_CHECKS, correction: optional(nonNegative) };

/**
 * x without its mean over axes, and the mean. A mean that is large against the deviation loses it when it is rounded;
 * what the distances from it are on average is what it lost, and is taken off them (Chan, Golub and LeVeque 1983).
 */
export function withoutMean(x: Tensor, axes?: Axes): { centre: Tensor; mean: Tensor } {
  const rounded = stopGradient(mean(x, axes, { keepDims: true }));
  const distance = x.sub(rounded);
  const rest = mean(distance, axes, { keepDims: true });
  return { centre: distance.sub(rest), mean: rounded.add(rest) };
}

/**
 * Mean square distance from the mean, by the corrected two-pass formula: a large mean costs no digits. Error ≤ 4e-6·|y|
 * + 1e-6. @throws TesseraError if there are too few elements.
 */
export function variance(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor {
  const { correction = 0, keepDims = false } = checkOptions('variance', options, VARIANCE_CHECKS);
  const count = normalizeAxes('variance', axes, x.rank).reduce((size, axis) => size * x.shape[axis], 1);
  if (count <= correction) {
    throw new TesseraError(
      `variance: ${formatShape(x.shape)} has ${count} elements along the reduced axes; expected more than ${correction}`,
    );
  }
  return withoutMean(x, axes)
    .centre.square()
    .sum(axes, { keepDims })
    .mul(1 / (count - correction));
}

/** √variance. Its gradient at 0 is infinite. Error ≤ 4e-6·|y| + 1e-6. */
export const std = (x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor =>
  variance(x, axes, checkOptions('std', options, VARIANCE_CHECKS)).sqrt();

/** Whether axes of x hold no element at all. */
const isEmpty = (op: string, x: Tensor, axes?: Axes): boolean =>
  normalizeAxes(op, axes, x.rank).some((axis) => x.shape[axis] === 0);

/** ln Σ e^x, without overflow: the maximum is taken out. Of nothing or of -∞ alone it is -∞. Error ≤ 4e-6·|y| + 1e-6. */
export function logSumExp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { keepDims = false } = checkOptions('logSumExp', options, REDUCE_CHECKS);
  if (isEmpty('logSumExp', x, axes)) return x.exp().sum(axes, { keepDims }).log();
  const largest = stopGradient(x.max(axes, { keepDims: true }));
  const shift = where(largest.isFinite(), largest, 0);
  const sum = x.sub(shift).exp().sum(axes, { keepDims });
  return sum.log().add(shift.reshape(sum.shape));
}

/**
 * The length Σ |x|^order ^ (1/order) over axes: order 1, 2 (default) or Infinity; 0 of nothing. For order 2 the largest
 * |x| is taken out, so that no square overflows or vanishes; the gradient at 0 is 0, as in PyTorch. Error ≤ 2e-6·|y|.
 */
export function norm(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { order?: 1 | 2 | typeof Infinity } = {},
): Tensor {
  const { order = 2, keepDims = false } = checkOptions('norm', options, { ...REDUCE_CHECKS, order: anything });
  if (![1, 2, Number.POSITIVE_INFINITY].includes(order))
    throw new TesseraError(`norm: the order must be 1, 2 or Infinity, got ${order}`);
  const size = x.abs();
  if (order === 1 || isEmpty('norm', x, axes)) return size.sum(axes, { keepDims });
  if (order === Number.POSITIVE_INFINITY) return size.max(axes, { keepDims });
  const largest = stopGradient(size.max(axes, { keepDims: true }));
  const unit = where(largest.isFinite().and(largest.greater(0)), largest, 1);
  const squares = x.div(unit).square().sum(axes, { keepDims });
  const isZero = squares.equal(0);
  return where(isZero, 0, where(isZero, 1, squares).sqrt()).mul(unit.reshape(squares.shape));
}

/** True where any element over axes is true; false of nothing. x is of bool. Exact. */
export const any = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  x
    .cast('f32')
    .sum(axes, checkOptions('any', options, REDUCE_CHECKS))
    .greater(0);

/** True where all elements over axes are true; true of nothing. x is of bool. Exact. */
export const all = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  x
    .not()
    .cast('f32')
    .sum(axes, checkOptions('all', options, REDUCE_CHECKS))
    .equal(0);

/** Index of the minimum along an axis, as i32: on ties the lowest, and the first NaN where there is one. Exact. */
export const argmin = (x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor =>
  argmax(x.neg(), axis, checkOptions('argmin', options, REDUCE_CHECKS));
