import { TesseraError } from '../../gpu/errors.js';
import { formatShape, normalizeAxes } from '../graph/shape.js';
import { anything, type Checks, checkOptions, nonNegative, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectType } from './checks.js';
import { where } from './elementwise.js';
import { type Axes, argmaxOf, mean, REDUCE_CHECKS, type ReduceOptions } from './reduce.js';
import { stopGradient } from './stop-gradient.js';

/*
 * Reductions composed of other ops. Negative axes count from the end; by default all axes are reduced.
 */

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** NumPy's ddof: the divisor is n - correction. 0 (default) gives the population variance, 1 the sample variance. */
  readonly correction?: number;
}

const VARIANCE_CHECKS: Checks<VarianceOptions> = { ...REDUCE_CHECKS, correction: optional(nonNegative) };

/**
 * Returns x - mean(x) over axes, and the mean. The rounding error of a mean that is large compared to the deviations is
 * the mean of the computed deviations, and is subtracted from them (Chan, Golub and LeVeque 1983).
 */
export function withoutMean(x: Tensor, axes?: Axes): { deviation: Tensor; mean: Tensor } {
  const rounded = stopGradient(mean(x, axes, { keepDims: true }));
  const distance = x.sub(rounded);
  const rest = mean(distance, axes, { keepDims: true });
  return { deviation: distance.sub(rest), mean: rounded.add(rest) };
}

/**
 * Computes the variance Σ (x - mean(x))² / (n - correction) over axes (all by default), by the corrected two-pass
 * formula, which stays accurate for a large mean. Error ≤ 4e-6·|y| + 1e-6.
 * @throws TesseraError if there are no more than `correction` elements.
 */
export function variance(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor {
  return varianceOf('variance', x, axes, options);
}

function varianceOf(op: string, x: Tensor, axes: Axes | undefined, options: VarianceOptions): Tensor {
  const { correction = 0, keepDims = false } = checkOptions(op, options, VARIANCE_CHECKS);
  expectType(op, 'x', x, 'f32');
  const count = normalizeAxes(op, axes, x.rank).reduce((size, axis) => size * x.shape[axis], 1);
  if (count <= correction) {
    throw new TesseraError(
      `${op}: ${formatShape(x.shape)} has ${count} elements along the reduced axes; expected more than ${correction}`,
    );
  }
  return withoutMean(x, axes)
    .deviation.square()
    .sum(axes, { keepDims })
    .mul(1 / (count - correction));
}

/**
 * Computes the standard deviation, √variance, over axes (all by default). The gradient at 0 is 0, as in PyTorch.
 * Error ≤ 4e-6·|y| + 1e-6.
 */
export function std(x: Tensor, axes?: Axes, options: VarianceOptions = {}): Tensor {
  const squares = varianceOf('std', x, axes, options);
  const isZero = squares.equal(0);
  return where(isZero, 0, where(isZero, 1, squares).sqrt());
}

/** Tests whether x has no elements along axes. */
const isEmpty = (op: string, x: Tensor, axes?: Axes): boolean =>
  normalizeAxes(op, axes, x.rank).some((axis) => x.shape[axis] === 0);

/**
 * Computes ln Σ e^x over axes (all by default) as m + ln Σ e^(x - m), where m is the maximum, so that nothing
 * overflows. It is -∞ if there are no elements or all are -∞. Error ≤ 4e-6·|y| + 1e-6.
 */
export function logSumExp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { keepDims = false } = checkOptions('logSumExp', options, REDUCE_CHECKS);
  expectType('logSumExp', 'x', x, 'f32');
  if (isEmpty('logSumExp', x, axes)) return x.exp().sum(axes, { keepDims }).log();
  const largest = stopGradient(x.max(axes, { keepDims: true }));
  const shift = where(largest.isFinite(), largest, 0);
  const sum = x.sub(shift).exp().sum(axes, { keepDims });
  return sum.log().add(shift.reshape(sum.shape));
}

/**
 * Computes the vector norm (Σ |x|^order)^(1/order) over axes (all by default), for order 1, 2 (default) or Infinity.
 * The empty norm is 0. For order 2, x is scaled by max |x|, so that squares neither overflow nor underflow, and the
 * gradient at 0 is 0, as in PyTorch. Error ≤ 2e-6·|y|. @throws TesseraError for another order.
 */
export function norm(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { order?: 1 | 2 | typeof Infinity } = {},
): Tensor {
  const { order = 2, keepDims = false } = checkOptions('norm', options, { ...REDUCE_CHECKS, order: anything });
  if (![1, 2, Number.POSITIVE_INFINITY].includes(order))
    throw new TesseraError(`norm: order must be 1, 2 or Infinity, got ${order}`);
  expectType('norm', 'x', x, 'f32');
  const size = x.abs();
  const empty = isEmpty('norm', x, axes);
  if (order === 1 || empty) return size.sum(axes, { keepDims });
  if (order === Number.POSITIVE_INFINITY) return size.max(axes, { keepDims });
  const largest = stopGradient(size.max(axes, { keepDims: true }));
  const unit = where(largest.isFinite().and(largest.greater(0)), largest, 1);
  const squares = x.div(unit).square().sum(axes, { keepDims });
  const isZero = squares.equal(0);
  return where(isZero, 0, where(isZero, 1, squares).sqrt()).mul(unit.reshape(squares.shape));
}

/** Tests whether any element of a bool tensor is true, over axes (all by default); false for no elements. Exact. */
export const any = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  countOf('any', x, axes, options).greater(0);

/** Tests whether all elements of a bool tensor are true, over axes (all by default); true for no elements. Exact. */
export function all(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  expectType('all', 'x', x, 'bool');
  return countOf('all', x.not(), axes, options).equal(0);
}

/** Counts what is true. */
function countOf(op: string, x: Tensor, axes: Axes | undefined, options: ReduceOptions): Tensor {
  expectType(op, 'x', x, 'bool');
  checkOptions(op, options, REDUCE_CHECKS);
  return x.cast('f32').sum(normalizeAxes(op, axes, x.rank), options);
}

/**
 * Returns the index of the minimum along an axis, as i32: on ties the lowest index, with NaN, that of the first. Exact.
 */
export function argmin(x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor {
  expectType('argmin', 'x', x, 'f32');
  return argmaxOf('argmin', x.neg(), axis, options);
}
