import { TesseraError } from '../../gpu/errors.js';
import { spanSizes } from '../../launch/shape.js';
import { sortLaunches } from '../../launch/sort.js';
import { defineOp, expectType, type Op } from '../graph/define.js';
import { formatShape, normalizeAxis } from '../graph/shape.js';
import { boolean, type Checks, checkOptions, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { flip } from './arrange.js';
import { takeAlongAxis } from './take.js';

/** `argsort` ascending, an axis from 0. */
export const argsortOp: Op<readonly ['x'], { axis: number }> = defineOp({
  name: 'argsort',
  inputs: ['x'],
  shape: ([x]) => {
    expectType('argsort', 'x', x, 'f32');
    return { shape: x.shape, dtype: 'i32' };
  },
  dispatch: ([x], [y], { attributes: { axis }, ...context }) =>
    sortLaunches(x, y, spanSizes(x.shape, { begin: axis, end: axis + 1 }), context),
  vjp: 'its result is an index',
});

/** Which way to sort. */
export interface SortOptions {
  /** Largest first. Default false. */
  readonly descending?: boolean;
}
const SORT_CHECKS: Checks<SortOptions> = { descending: optional(boolean) };

/**
 * The indices that sort x along an axis, as i32. Of equals the first comes first, or the last where `descending` turns
 * the order round; NaN counts as the largest. Exact.
 */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { descending = false } = checkOptions('argsort', options, SORT_CHECKS);
  const at = normalizeAxis('argsort', axis, x.rank);
  const order = argsortOp(x, { axis: at });
  return descending ? flip(order, at) : order;
}

/** x sorted along an axis. Its gradient goes back to where each element came from. Exact. */
export const sort = (x: Tensor, axis = -1, options: SortOptions = {}): Tensor =>
  takeAlongAxis(x, argsort(x, axis, checkOptions('sort', options, SORT_CHECKS)), axis);

/**
 * The k largest elements along an axis (the last by default), largest first, and their indices of i32; on ties the
 * lowest index comes first, and NaN counts as the largest. Along the axis, n elements become k:
 * x (..., n, ...) -> (..., k, ...). Exact.
 * @throws TesseraError if there are fewer than k.
 */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  const at = normalizeAxis('topK', axis, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at])
    throw new TesseraError(`topK: expected k within 0 to ${x.shape[at]} for ${formatShape(x.shape)}, got ${k}`);
  // Sorted ascending from the last to the first, then reversed: NaN is the largest, and on ties the lowest index is first.
  const order = flip(argsort(flip(x, at), at), at)
    .mul(-1)
    .add(Math.max(0, x.shape[at] - 1));
  const indices = order.slice(
    x.shape.map(() => 0),
    x.shape.map((size, other) => (other === at ? k : size)),
  );
  return { values: takeAlongAxis(x, indices, at), indices };
}
