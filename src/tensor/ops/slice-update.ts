import { TesseraError } from '../../gpu/errors.js';
import { sliceUpdateLaunches } from '../../launch/movement.js';
import { zeros } from '../create.js';
import type { Tensor } from '../tensor.js';
import { expectSameType, expectShape, expectTensor, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { where } from './elementwise.js';
import { broadcastTo, reshape } from './movement.js';
import { arange } from './range.js';
import { takeAlongAxis } from './take.js';

/** Computes `sliceUpdate` without checking arguments; over the memory of x where x is a variable that is assigned it. */
export const sliceUpdateOp: Op<readonly ['x', 'values', 'begin']> = defineOp({
  name: 'sliceUpdate',
  inputs: ['x', 'values', 'begin'],
  inPlace: { 0: 0 },
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  dispatch: ([, values, begin], [y]) => sliceUpdateLaunches(values, begin, y),
  // What is replaced has no gradient; what lies outside of x has none either.
  vjp: ({ inputs: [x, values, begin], outputGrad: dy }) => [
    sliceUpdateOp(dy, zeros(values.shape), begin),
    sliceAt(dy, x, values, begin),
    null,
  ],
});

/** The rows of dy that `values` were written to, and zeros for those outside. */
function sliceAt(dy: Tensor, x: Tensor, values: Tensor, begin: Tensor): Tensor {
  const [length] = x.shape.slice(-2);
  const [rows] = values.shape.slice(-2);
  const first = reshape(begin, [begin.size, ...values.shape.slice(1).map(() => 1)]);
  const at = first.add(reshape(arange(rows), [rows, 1]));
  const isInside = at.greaterEqual(0).and(at.less(length));
  return where(isInside, takeAlongAxis(dy, broadcastTo(where(isInside, at, 0), values.shape), -2), 0);
}

/**
 * Replaces rows of x from a position on, which may differ between samples:
 *
 *   y[b, ..., begin[b] + i, :] = values[b, ..., i, :],   y = x elsewhere
 *
 * x (batch, ..., length, cols), values (batch, ..., rows, cols), begin (batch) of i32 -> the shape of x. Rows that would
 * lie outside of x are left out. Positions are data: other ones need no other plan. `x.assign(sliceUpdate(x, values,
 * begin))` of a variable writes these rows alone, unless something else reads the old value. Exact.
 *
 * @throws TesseraError if shapes or dtypes do not match.
 */
export function sliceUpdate(x: Tensor, values: Tensor, begin: Tensor): Tensor {
  expectTensor('sliceUpdate', 'x', x);
  expectTensor('sliceUpdate', 'values', values);
  expectType('sliceUpdate', 'begin', begin, 'i32');
  expectSameType('sliceUpdate', x, values);
  const fits =
    x.rank >= 3 &&
    values.rank === x.rank &&
    x.shape.every((size, axis) => axis === x.rank - 2 || size === values.shape[axis]);
  if (!fits)
    throw new TesseraError(
      `sliceUpdate: expected x (batch, ..., length, cols) and values (batch, ..., rows, cols), got ${x.describe()} and ${values.describe()}`,
    );
  expectShape('sliceUpdate', 'begin', begin, [x.shape[0]]);
  return sliceUpdateOp(x, values, begin);
}
