import { TesseraError } from '../../gpu/errors.js';
import { argsort as argsortKernel } from '../../kernels/sort.js';
import { defineOp, expectType, type Op } from '../define.js';
import { launch } from '../graph.js';
import { formatShape, normalizeAxis } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { flip } from './arrange.js';
import { spanSizes } from './reduce.js';
import { takeAlongAxis } from './take.js';

/** `argsort` ascending, an axis from 0. */
export const argsortOp: Op<readonly ['x'], { axis: number }> = defineOp({
  name: 'argsort',
  inputs: ['x'],
  shape: ([x]) => {
    expectType('argsort', 'x', x!, 'f32');
    return { shape: x!.shape, dtype: 'i32' };
  },
  dispatch: ([x], [y], { attributes: { axis } }) => [
    launch(argsortKernel, { x: x!, y: y! }, spanSizes(x!.shape, { begin: axis, end: axis + 1 })),
  ],
  vjp: 'its result is an index',
});

/**
 * The indices that sort x along an axis, as i32. Of equals the first comes first, or the last where `descending` turns
 * the order round; NaN counts as the largest. It compares each pair: for axes up to some thousands. Exact.
 */
export function argsort(x: Tensor, axis = -1, { descending = false }: { descending?: boolean } = {}): Tensor {
  const at = normalizeAxis('argsort', axis, x.rank);
  const order = argsortOp(x, { axis: at });
  return descending ? flip(order, at) : order;
}

/** x sorted along an axis. Its gradient goes back to where each element came from. Exact. */
export const sort = (x: Tensor, axis = -1, options: { descending?: boolean } = {}): Tensor =>
  takeAlongAxis(x, argsort(x, axis, options), axis);

/**
 * The k largest elements along the last axis, largest first, and their indices of i32; the first of equals comes first.
 * x (..., n) -> values (..., k), indices (..., k). Exact.
 * @throws TesseraError if there are fewer than k.
 */
export function topK(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  const axis = normalizeAxis('topK', -1, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[axis]!)
    throw new TesseraError(`topK: expected k within 0 to ${x.shape[axis]} for ${formatShape(x.shape)}, got ${k}`);
  // The smallest of -x: so of equals the first stays first.
  const order = argsort(x.neg(), axis);
  const indices = order.slice(
    x.shape.map(() => 0),
    [...x.shape.slice(0, -1), k],
  );
  return { values: takeAlongAxis(x, indices, axis), indices };
}
