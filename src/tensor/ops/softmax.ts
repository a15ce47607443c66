import { TesseraError } from '../../gpu/errors.js';
import {
  logSoftmaxBackwardLaunches,
  logSoftmaxLaunches,
  softmaxBackwardLaunches,
  softmaxLaunches,
} from '../../launch/softmax.js';
import { normalizeAxis } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { expectType } from './checks.js';
import { defineOp, type Op } from './define.js';

function rowsOf(op: string, x: Tensor) {
  expectType(op, 'x', x, 'f32');
  if (x.rank === 0) throw new TesseraError(`${op}: expected rank 1 or more, got a scalar`);
  return x.shape;
}

const rowSum = (x: Tensor): Tensor => x.sum(-1, { keepDims: true });

/** Computes `softmax` along the last axis. Error ≤ 4e-6·|y| + 1e-6. */
export const softmaxOp = defineOp({
  name: 'softmax',
  inputs: ['x'],
  shape: ([x]) => rowsOf('softmax', x),
  dispatch: ([x], [y], context) => softmaxLaunches(x, y, context),
  vjp: ({ output: y, outputGrad: dy }) => [softmaxBackwardOp(y, dy)],
});

/** Computes the gradient of `softmax`, y ⊙ (dy - Σ_k dy[k]·y[k]). Error ≤ 1e-5·|y| + 1e-5. */
export const softmaxBackwardOp: Op<readonly ['y', 'dy']> = defineOp({
  name: 'softmaxBackward',
  inputs: ['y', 'dy'],
  shape: ([y]) => y.shape,
  dispatch: ([y, dy], [dx], context) => softmaxBackwardLaunches(y, dy, dx, context),
  // Linear and symmetric in dy; in y by the product rule, as the second factor depends on y too.
  vjp: ({ inputs: [y, dy], outputGrad: g }) => [
    g.mul(dy.sub(rowSum(dy.mul(y)))).sub(dy.mul(rowSum(g.mul(y)))),
    softmaxBackwardOp(y, g),
  ],
});

/**
 * Computes `logSoftmax` along the last axis: (..., cols) -> (..., cols). Error ≤ 2e-6·|y| + 4e-6.
 */
export const logSoftmaxOp = defineOp({
  name: 'logSoftmax',
  inputs: ['x'],
  shape: ([x]) => rowsOf('logSoftmax', x),
  dispatch: ([x], [y], context) => logSoftmaxLaunches(x, y, context),
  vjp: ({ output: y, outputGrad: dy }) => [logSoftmaxBackwardOp(y, dy)],
});

/** Computes the gradient of `logSoftmax`, dy - exp(y) · Σ_k dy[k]. Error ≤ 1e-5·|y| + 1e-5. */
export const logSoftmaxBackwardOp = defineOp({
  name: 'logSoftmaxBackward',
  inputs: ['y', 'dy'],
  shape: ([y]) => y.shape,
  dispatch: ([y, dy], [dx], context) => logSoftmaxBackwardLaunches(y, dy, dx, context),
  vjp: ({ inputs: [y, dy], outputGrad: g }) => [g.mul(y.exp()).mul(rowSum(dy)).neg(), g.sub(rowSum(g.mul(y.exp())))],
});

/**
 * Computes y = e^x / Σ e^x along an axis (the last by default). The shape is that of x. Error ≤ 4e-6·|y| + 1e-6.
 */
export const softmax = (x: Tensor, axis = -1): Tensor => alongAxis('softmax', softmaxOp, x, axis);

/**
 * Computes y = x - ln Σ e^x along an axis (the last by default), accurately also where softmax underflows.
 * Error ≤ 2e-6·|y| + 4e-6.
 */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => alongAxis('logSoftmax', logSoftmaxOp, x, axis);

/** Applies an op that works along the last axis along another axis, by swapping the two. */
function alongAxis(name: string, op: (x: Tensor) => Tensor, x: Tensor, axis: number): Tensor {
  expectType(name, 'x', x, 'f32');
  if (x.rank === 0) return op(x);
  const at = normalizeAxis(name, axis, x.rank);
  if (at === x.rank - 1) return op(x);
  const order = x.shape.map((_, other) => other);
  order[at] = x.rank - 1;
  order[x.rank - 1] = at;
  return op(x.permute(order)).permute(order);
}
