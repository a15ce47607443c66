import { cumsumLaunches } from '../../launch/scan.js';
import { spanSizes } from '../../launch/shape.js';
import { defineOp, expectType, type Op } from '../graph/define.js';
import { normalizeAxis } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';

interface ScanAttributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** `cumsum`, an axis from 0. */
export const cumsumOp: Op<readonly ['x'], ScanAttributes> = defineOp({
  name: 'cumsum',
  inputs: ['x'],
  shape: ([x]) => {
    expectType('cumsum', 'x', x, 'f32');
    return x.shape;
  },
  dispatch: ([x], [y], { attributes: { axis, ...how } }) =>
    cumsumLaunches(x, y, spanSizes(x.shape, { begin: axis, end: axis + 1 }), how),
  // What an element adds to the sums after it comes back from them: a sum in the other direction.
  vjp: ({ outputGrad: dy, attributes: { axis, exclusive, reverse } }) => [
    cumsumOp(dy, { axis, exclusive, reverse: !reverse }),
  ],
});

/**
 * Running sums along an axis, as ONNX's CumSum: y[k] = Σ_{j ≤ k} x[j]; `exclusive` leaves out j = k, `reverse` sums
 * from the end. Shape as x. Error ≤ 4e-6·Σ|terms|.
 */
export const cumsum = (
  x: Tensor,
  axis = -1,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Tensor => cumsumOp(x, { axis: normalizeAxis('cumsum', axis, x.rank), exclusive, reverse });
