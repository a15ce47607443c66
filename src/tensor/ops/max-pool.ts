import { TesseraError } from '../../gpu/errors.js';
import { maxPoolBackwardLaunches, maxPoolLaunches, type Windows } from '../../launch/max-pool.js';
import { formatShape } from '../graph/shape.js';
import { anything, type Checks, checkOptions, optional, size2d } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectRank, expectType } from './checks.js';
import { type Conv2dOptions, paddingOf, pairOf } from './conv2d.js';
import { defineOp } from './define.js';
import { padByValue } from './movement.js';

/** Options of pooling. */
export interface PoolOptions {
  /** The size of the window in pixels: one number for both axes, or [height, width]. Default 2. */
  readonly size?: number | readonly [number, number];
  /** The step of the window in pixels. Default: the size of the window. */
  readonly stride?: number | readonly [number, number];
  /** The padding, as for `conv2d`. Default 'valid': none. */
  readonly padding?: Conv2dOptions['padding'];
}

/** The checks of `PoolOptions`. */
export const POOL_CHECKS: Checks<PoolOptions> = {
  size: optional(size2d),
  stride: optional(size2d),
  padding: anything,
};

/** Computes `maxPool2d` for given windows, without padding. */
export const maxPoolOp = defineOp({
  name: 'maxPool2d',
  inputs: ['x'],
  shape: ([{ shape }], { size, stride }: Windows) => {
    const along = (axis: 0 | 1) => Math.floor((shape[1 + axis] - size[axis]) / stride[axis]) + 1;
    return [shape[0], along(0), along(1), shape[3]];
  },
  dispatch: ([x], [y], { attributes }) => maxPoolLaunches(x, y, attributes),
  vjp: ({ inputs: [x], outputGrad: dy, attributes }) => [maxPoolBackwardOp(x, dy, attributes)],
});

/** Computes the gradient of `maxPool2d`. Error ≤ 4e-6·|y| + 4e-6. */
export const maxPoolBackwardOp = defineOp({
  name: 'maxPool2dBackward',
  inputs: ['x', 'dy'],
  shape: ([x], _: Windows) => x.shape,
  dispatch: ([x, dy], [dx], { attributes }) => maxPoolBackwardLaunches(x, dy, dx, attributes),
  vjp: 'it is a fused gradient, without a second derivative',
});

/**
 * Computes the maximum of each window, channels last: (batch, height, width, channels) -> (batch, out height, out
 * width, channels), with out = ⌊(padded - size) / stride⌋ + 1. Padding is -∞, and NaN propagates. The gradient goes to
 * the largest element of a window, on ties to the first. Exact.
 *
 * @throws TesseraError if x is not of rank 4, or the padded image is smaller than the window.
 */
export function maxPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  checkOptions('maxPool2d', options, POOL_CHECKS);
  expectRank('maxPool2d', 'x', x, 4, 'batch, height, width, channels');
  expectType('maxPool2d', 'x', x, 'f32');
  const { windows, borders } = windowsOf('maxPool2d', x, options);
  const padded = borders.flat().some((width) => width > 0)
    ? padByValue(x, [[0, 0], ...borders, [0, 0]], Number.NEGATIVE_INFINITY)
    : x;
  return maxPoolOp(padded, windows);
}

/** Resolves windows and padding. @throws TesseraError if the padded image is smaller than the window. */
export function windowsOf(op: string, x: Tensor, { size = 2, stride = size, padding = 'valid' }: PoolOptions) {
  const windows: Windows = { size: pairOf(op, size), stride: pairOf(op, stride) };
  const along = (axis: 0 | 1) =>
    paddingOf(op, padding, axis, x.shape[1 + axis], windows.size[axis], windows.stride[axis]);
  const borders = [along(0), along(1)] as const;
  if (borders.some(([before, after], axis) => x.shape[1 + axis] + before + after < windows.size[axis])) {
    throw new TesseraError(
      `${op}: a window of ${formatShape(windows.size)} is larger than the padded image of x ${formatShape(x.shape)}`,
    );
  }
  return { windows, borders };
}
