import { TesseraError } from '../../gpu/errors.js';
import { spanSizes } from '../../launch/shape.js';
import { sortLaunches } from '../../launch/sort.js';
import { formatShape, normalizeAxis } from '../graph/shape.js';
import { boolean, type Checks, checkOptions, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectTensor, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { flip } from './rearrange.js';
import { takeAlongAxis } from './take.js';

/** Computes ascending `argsort` for a non-negative axis. */
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

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Whether the largest element comes first. Default false. */
  readonly descending?: boolean;
}
const SORT_CHECKS: Checks<SortOptions> = { descending: optional(boolean) };

/**
 * Returns the indices that would sort x along an axis, as i32. NaN counts as the largest value. The sort is stable;
 * `descending` reverses its order, also on ties. Exact.
 */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { descending = false } = checkOptions('argsort', options, SORT_CHECKS);
  expectTensor('argsort', 'x', x);
  const at = normalizeAxis('argsort', axis, x.rank);
  const order = argsortOp(x, { axis: at });
  return descending ? flip(order, at) : order;
}

/**
 * Sorts x along an axis, with NaN as the largest value. The gradient is scattered back to the original order. Exact.
 */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  checkOptions('sort', options, SORT_CHECKS);
  expectType('sort', 'x', x, 'f32');
  const at = normalizeAxis('sort', axis, x.rank);
  return takeAlongAxis(x, argsort(x, at, options), at);
}

/**
 * Returns the k largest elements along an axis (the last by default), largest first, and their indices as i32: x (...,
 * n, ...) -> (..., k, ...). On ties the lowest index comes first; NaN counts as the largest value. Exact.
 * @throws TesseraError if k is not an integer in [0, n].
 */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  expectType('topK', 'x', x, 'f32');
  const at = normalizeAxis('topK', axis, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at])
    throw new TesseraError(
      `topK: k must be an integer within [0, ${x.shape[at]}] for ${formatShape(x.shape)}, got ${k}`,
    );
  // A stable sort of the reversed axis, reversed again: on ties the lowest index comes first.
  const order = flip(argsort(flip(x, at), at), at)
    .mul(-1)
    .add(Math.max(0, x.shape[at] - 1));
  const indices = order.slice(
    x.shape.map(() => 0),
    x.shape.map((size, other) => (other === at ? k : size)),
  );
  return { values: takeAlongAxis(x, indices, at), indices };
}
