import { TesseraError } from '../../gpu/errors.js';
import { argmaxLaunches, type Reduction, reduceLaunches } from '../../launch/reduce.js';
import { type AxisSpan, type Shape, spanSizes } from '../../launch/shape.js';
import type { VjpContext } from '../graph/graph.js';
import { formatShape, normalizeAxes, normalizeAxis } from '../graph/shape.js';
import { boolean, type Checks, checkOptions, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { where } from './elementwise.js';
import { broadcastTo, permute, reshape } from './movement.js';

/** One axis or several; negative axes count from the end. Undefined means all axes. */
export type Axes = number | readonly number[];

/** Options of reductions. */
export interface ReduceOptions {
  /** Whether the reduced axes stay, with size 1. Default false. */
  readonly keepDims?: boolean;
}

function defineReduction(
  name: Reduction,
  vjp: (context: Omit<VjpContext<Tensor>, 'attributes'> & { attributes: AxisSpan }) => Tensor[],
): Op<readonly ['x'], AxisSpan> {
  return defineOp<readonly ['x'], AxisSpan>({
    name,
    inputs: ['x'],
    prologue: true,
    epilogue: true,
    shape: ([x], { begin, end }) => {
      expectType(name, 'x', x, 'f32');
      if ((name === 'max' || name === 'min') && spanSizes(x.shape, { begin, end }).n === 0) {
        throw new TesseraError(`${name}: ${formatShape(x.shape)} has no elements along the reduced axes`);
      }
      return [...x.shape.slice(0, begin), ...x.shape.slice(end)];
    },
    dispatch: ([x], [y], context) => reduceLaunches(name, x, y, spanSizes(x.shape, context.attributes), context),
    vjp,
  });
}

/** Returns the shape with the reduced axes of size 1. */
const withOnes = (shape: Shape, { begin, end }: AxisSpan): Shape =>
  shape.map((size, axis) => (axis >= begin && axis < end ? 1 : size));

const spread = (y: Tensor, shape: Shape, span: AxisSpan): Tensor =>
  broadcastTo(reshape(y, withOnes(shape, span)), shape);

/** Computes `sum` over consecutive axes. */
export const sumOp = defineReduction('sum', ({ inputs: [x], outputGrad: dy, attributes }) => [
  spread(dy, x.shape, attributes),
]);

/**
 * Computes `prod` over consecutive axes. The gradient of a factor is the product of the others: y / x unless one is 0.
 */
export const prodOp: typeof sumOp = defineReduction('prod', ({ inputs: [x], outputGrad: dy, attributes }) => {
  const isZero = x.equal(0);
  const zeros = spread(sumOp(isZero.cast('f32'), attributes), x.shape, attributes);
  const factors = where(isZero, 1, x);
  const product = spread(prodOp(factors, attributes), x.shape, attributes);
  const others = where(zeros.equal(isZero.cast('f32')), product.div(factors), 0);
  return [spread(dy, x.shape, attributes).mul(others)];
});

/** Returns the gradient of max or min: dy goes to the largest or smallest element and is split evenly on ties. */
function chosenVjp({
  inputs: [x],
  output: y,
  outputGrad: dy,
  attributes,
}: Parameters<Parameters<typeof defineReduction>[1]>[0]): Tensor[] {
  const ones = withOnes(x.shape, attributes);
  const chosen = x.equal(reshape(y, ones)).cast('f32');
  const count = reshape(sumOp(chosen, attributes), ones);
  return [chosen.mul(reshape(dy, ones).div(count))];
}

/** Computes `max` over consecutive axes. */
export const maxOp = defineReduction('max', chosenVjp);
/** Computes `min` over consecutive axes. */
export const minOp = defineReduction('min', chosenVjp);

/** The checks of `ReduceOptions`. */
export const REDUCE_CHECKS: Checks<ReduceOptions> = { keepDims: optional(boolean) };

/** Makes the reduced axes consecutive, reduces, and inserts axes of size 1 if `keepDims` is set. */
function reduce(op: typeof sumOp, x: Tensor, axes: Axes | undefined, options: ReduceOptions = {}): Tensor {
  const { name } = op.definition;
  const { keepDims = false } = checkOptions(name, options, REDUCE_CHECKS);
  expectType(name, 'x', x, 'f32');
  const reduced = normalizeAxes(name, axes, x.rank);
  if (reduced.length === 0) return x;
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const contiguous = reduced[reduced.length - 1] - reduced[0] === reduced.length - 1;
  const y = contiguous
    ? op(x, { begin: reduced[0], end: reduced[reduced.length - 1] + 1 })
    : op(permute(x, [...kept, ...reduced]), { begin: kept.length, end: x.rank });
  return keepDims
    ? reshape(
        y,
        x.shape.map((size, axis) => (reduced.includes(axis) ? 1 : size)),
      )
    : y;
}

/** Computes the sum over axes (all by default). The empty sum is 0. Error ≤ 1e-6·Σ|terms|. */
export const sum = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(sumOp, x, axes, options);

/** Computes the product over axes (all by default). The empty product is 1. Error ≤ 4e-6·|y|. */
export const prod = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(prodOp, x, axes, options);

/**
 * Computes the arithmetic mean over axes (all by default). Error ≤ 1e-6·Σ|terms|.
 * @throws TesseraError if there are no elements along the axes.
 */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  checkOptions('mean', options, REDUCE_CHECKS);
  expectType('mean', 'x', x, 'f32');
  const count = normalizeAxes('mean', axes, x.rank).reduce((product, axis) => product * x.shape[axis], 1);
  if (count === 0) throw new TesseraError(`mean: ${formatShape(x.shape)} has no elements along the reduced axes`);
  return sum(x, axes, options).mul(1 / count);
}

/**
 * Computes the maximum over axes (all by default). NaN propagates; on ties the gradient is split evenly. Exact.
 * @throws TesseraError if there are no elements along the axes.
 */
export const max = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(maxOp, x, axes, options);
/**
 * Computes the minimum over axes (all by default). NaN propagates; on ties the gradient is split evenly. Exact.
 * @throws TesseraError if there are no elements along the axes.
 */
export const min = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(minOp, x, axes, options);

/** Computes `argmax` for a non-negative axis. */
export const argmaxOp = defineOp({
  name: 'argmax',
  inputs: ['x'],
  shape: ([x], { axis }: { axis: number }) => ({ shape: x.shape.filter((_, at) => at !== axis), dtype: 'i32' }),
  dispatch: ([x], [y], { attributes: { axis } }) =>
    argmaxLaunches(x, y, spanSizes(x.shape, { begin: axis, end: axis + 1 })),
  vjp: 'its result is an index',
});

/**
 * Returns the index of the maximum along an axis, as i32: on ties the lowest index, with NaN, that of the first NaN.
 * Exact.
 * @throws TesseraError if there are no elements along the axis.
 */
export const argmax = (x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor =>
  argmaxOf('argmax', x, axis, options);

/** Computes `argmax` with errors under the name of the op that was called. */
export function argmaxOf(op: string, x: Tensor, axis: number, options: ReduceOptions): Tensor {
  const { keepDims = false } = checkOptions(op, options, REDUCE_CHECKS);
  expectType(op, 'x', x, 'f32');
  const at = normalizeAxis(op, axis, x.rank);
  if (x.shape[at] === 0) throw new TesseraError(`${op}: ${formatShape(x.shape)} has no elements along axis ${at}`);
  const index = argmaxOp(x, { axis: at });
  return keepDims
    ? reshape(
        index,
        x.shape.map((size, other) => (other === at ? 1 : size)),
      )
    : index;
}
