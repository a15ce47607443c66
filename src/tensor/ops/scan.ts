import { cumsumLaunches } from '../../launch/scan.js';
import { spanSizes } from '../../launch/shape.js';
import { normalizeAxis } from '../graph/shape.js';
import { boolean, checkOptions, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectType } from './checks.js';
import { defineOp, type Op } from './define.js';

interface ScanAttributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** Computes `cumsum` for a non-negative axis. */
export const cumsumOp: Op<readonly ['x'], ScanAttributes> = defineOp({
  name: 'cumsum',
  inputs: ['x'],
  shape: ([x]) => {
    expectType('cumsum', 'x', x, 'f32');
    return x.shape;
  },
  dispatch: ([x], [y], { attributes: { axis, ...how } }) =>
    cumsumLaunches(x, y, spanSizes(x.shape, { begin: axis, end: axis + 1 }), how),
  // dx[j] = Σ_{k ≥ j} dy[k]: a cumulative sum in the opposite direction.
  vjp: ({ outputGrad: dy, attributes: { axis, exclusive, reverse } }) => [
    cumsumOp(dy, { axis, exclusive, reverse: !reverse }),
  ],
});

/**
 * Computes cumulative sums along an axis, y[k] = Σ_{j ≤ k} x[j], as ONNX's CumSum; `exclusive` excludes j = k,
 * `reverse` sums from the end. The shape is that of x. Error ≤ 4e-6·Σ|terms|.
 */
export function cumsum(x: Tensor, axis = -1, options: { exclusive?: boolean; reverse?: boolean } = {}): Tensor {
  const { exclusive = false, reverse = false } = checkOptions('cumsum', options, {
    exclusive: optional(boolean),
    reverse: optional(boolean),
  });
  expectType('cumsum', 'x', x, 'f32');
  return cumsumOp(x, { axis: normalizeAxis('cumsum', axis, x.rank), exclusive, reverse });
}
