import { TesseraError } from '../../gpu/errors.js';
import { sizeOf } from '../../launch/shape.js';
import { formatShape, normalizeAxis } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { checkIndices, expectType } from './checks.js';
import { where } from './elementwise.js';
import { gather } from './gather.js';
import { permute, reshape } from './movement.js';
import { arange } from './range.js';
import { expandDims } from './rearrange.js';

/**
 * Takes slices of x along an axis by index, as NumPy's take: x (..., n, ...), indices (i) of i32 -> (..., i, ...).
 * Exact.
 * @throws TesseraError if an index that is known on the host is out of range.
 */
export function take(x: Tensor, indices: Tensor, axis = 0): Tensor {
  expectType('take', 'x', x, 'f32');
  expectType('take', 'indices', indices, 'i32');
  const at = normalizeAxis('take', axis, x.rank);
  checkIndices('take', 'index', indices, { count: x.shape[at], of: `along axis ${at}` });
  const order = [at, ...x.shape.map((_, other) => other).filter((other) => other !== at)];
  const front = permute(x, order);
  const rest = front.shape.slice(1);
  const rows = gather(reshape(front, [x.shape[at], sizeOf(rest)]), reshape(indices, [indices.size]));
  const back = permute(
    reshape(rows, [indices.size, ...rest]),
    order.map((_, axis) => order.indexOf(axis)),
  );
  return reshape(back, [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)]);
}

/**
 * Takes one element of x for each index along an axis, y[o,k,i] = x[o, indices[o,k,i], i], as NumPy's take_along_axis.
 * The indices, of i32, have the shape of x except along the axis. Negative indices count from the end; one out of range
 * gives NaN. Exact.
 * @throws TesseraError if shapes or dtypes do not match, or an index that is known on the host is out of range.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  expectType('takeAlongAxis', 'x', x, 'f32');
  expectType('takeAlongAxis', 'indices', indices, 'i32');
  const at = normalizeAxis('takeAlongAxis', axis, x.rank);
  const agree =
    indices.rank === x.rank && x.shape.every((size, other) => other === at || indices.shape[other] === size);
  if (!agree) {
    throw new TesseraError(
      `takeAlongAxis: indices ${formatShape(indices.shape)} must have the shape of x ${formatShape(x.shape)} except along axis ${at}`,
    );
  }
  const n = x.shape[at];
  checkIndices('takeAlongAxis', 'index', indices, { count: n, of: `along axis ${at}`, first: -n });
  const outer = sizeOf(x.shape.slice(0, at));
  const inner = sizeOf(x.shape.slice(at + 1));
  const from0 = reshape(where(indices.less(0), indices.add(n), indices), [outer, indices.shape[at], inner]);
  const row = from0
    .add(arange(outer).reshape([outer, 1, 1]).mul(n))
    .mul(inner)
    .add(arange(inner));
  // An index out of range would read another row or column.
  const row0 = where(from0.greaterEqual(0).and(from0.less(n)), row, -1);
  return reshape(gather(reshape(x, [x.size, 1]), reshape(row0, [indices.size])), indices.shape);
}

/**
 * Encodes indices as vectors along a new axis (the last by default), 1 at the index and 0 elsewhere: indices (...) of
 * i32 -> (..., depth). An index out of range gives zeros. Exact.
 */
export function oneHot(indices: Tensor, depth: number, axis = -1): Tensor {
  expectType('oneHot', 'indices', indices, 'i32');
  if (!Number.isSafeInteger(depth) || depth < 0)
    throw new TesseraError(`oneHot: depth must be a non-negative integer, got ${depth}`);
  const at = normalizeAxis('oneHot', axis, indices.rank + 1);
  const classes = [depth, ...indices.shape.slice(at).map(() => 1)];
  return expandDims(indices, at).equal(arange(depth).reshape(classes)).cast('f32');
}
