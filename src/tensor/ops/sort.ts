import { TesseraError } from '../../gpu/errors.js';
import { argsort as argsortKernels, SORTED_BLOCK } from '../../kernels/reduce/sort.js';
import { defineOp, expectType, type Op } from '../graph/define.js';
import { type DispatchContext, type Launch, launch, type Value } from '../graph/graph.js';
import { formatShape, normalizeAxis } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { flip } from './arrange.js';
import { spanSizes } from './reduce.js';
import { takeAlongAxis } from './take.js';

/** Launches that sort x (outer, n, inner) along its middle axis, to places in y. */
export function sortLaunches(
  { blocks, merge }: typeof argsortKernels.f32,
  x: Value,
  y: Value,
  size: { outer: number; n: number; inner: number },
  { temporary }: Pick<DispatchContext, 'temporary'>,
): Launch[] {
  const merges = Math.max(0, Math.ceil(Math.log2(size.n / SORTED_BLOCK)));
  if (merges === 0) return [launch(blocks, { x, y }, { ...size, run: SORTED_BLOCK })];
  const spare = [temporary(x.shape, 'i32'), ...(merges > 1 ? [temporary(x.shape, 'i32')] : [])];
  const launches = [launch(blocks, { x, y: spare[0] }, { ...size, run: SORTED_BLOCK })];
  for (let merged = 0; merged < merges; merged++) {
    const to = merged === merges - 1 ? y : spare[(merged + 1) % 2];
    launches.push(launch(merge, { x, sorted: spare[merged % 2], y: to }, { ...size, run: SORTED_BLOCK * 2 ** merged }));
  }
  return launches;
}

/** `argsort` ascending, an axis from 0. */
export const argsortOp: Op<readonly ['x'], { axis: number }> = defineOp({
  name: 'argsort',
  inputs: ['x'],
  shape: ([x]) => {
    expectType('argsort', 'x', x, 'f32');
    return { shape: x.shape, dtype: 'i32' };
  },
  dispatch: ([x], [y], context) => {
    const { axis } = context.attributes;
    return sortLaunches(argsortKernels.f32, x, y, spanSizes(x.shape, { begin: axis, end: axis + 1 }), context);
  },
  vjp: 'its result is an index',
});

/**
 * The indices that sort x along an axis, as i32. Of equals the first comes first, or the last where `descending` turns
 * the order round; NaN counts as the largest. Exact.
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
 * The k largest elements along an axis (the last by default), largest first, and their indices of i32; on ties the
 * lowest index comes first. Along the axis, n elements become k: x (..., n, ...) -> (..., k, ...). Exact.
 * @throws TesseraError if there are fewer than k.
 */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  const at = normalizeAxis('topK', axis, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at])
    throw new TesseraError(`topK: expected k within 0 to ${x.shape[at]} for ${formatShape(x.shape)}, got ${k}`);
  // The smallest of -x: so of equals the first stays first.
  const order = argsort(x.neg(), at);
  const indices = order.slice(
    x.shape.map(() => 0),
    x.shape.map((size, other) => (other === at ? k : size)),
  );
  return { values: takeAlongAxis(x, indices, at), indices };
}
