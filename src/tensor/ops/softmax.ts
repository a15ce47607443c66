import { TesseraError } from '../../gpu/errors.js';
import { logSoftmaxBackward, logSoftmaxForward, softmaxBackward, softmaxForward } from '../../kernels/rows/softmax.js';
import { defineOp, expectType, foldRows, type Op } from '../graph/define.js';
import { launch } from '../graph/graph.js';
import type { Tensor } from '../tensor.js';
import { chooseTeam } from './rows.js';

function rowsOf(op: string, x: Tensor) {
  expectType(op, 'x', x, 'f32');
  if (x.rank === 0) throw new TesseraError(`${op}: expected rank 1 or more, got a scalar`);
  return x.shape;
}

const rowSum = (x: Tensor): Tensor => x.sum(-1, { keepDims: true });

/** Softmax along the last axis: (..., cols) -> (..., cols), rows sum to 1. Error ≤ 4e-6·|y| + 1e-6. */
export const softmax = defineOp({
  name: 'softmax',
  inputs: ['x'],
  shape: ([x]) => rowsOf('softmax', x),
  dispatch: ([x], [y], context) => {
    const size = foldRows(x.shape);
    const values = { x: x, y: y };
    return chooseTeam('softmax', softmaxForward, size, context, (kernel) => launch(kernel, values, size));
  },
  vjp: ({ output: y, outputGrad: dy }) => [softmaxBackwardOp(y, dy)],
});

/** The gradient of `softmax`, y ⊙ (dy - Σ_k dy[k]·y[k]). Error ≤ 1e-5·|y| + 1e-5. */
export const softmaxBackwardOp: Op<readonly ['y', 'dy']> = defineOp({
  name: 'softmaxBackward',
  inputs: ['y', 'dy'],
  shape: ([y]) => y.shape,
  dispatch: ([y, dy], [dx], context) => {
    const size = foldRows(y.shape);
    const values = { y: y, dy: dy, dx: dx };
    return chooseTeam('softmax_backward', softmaxBackward, size, context, (kernel) => launch(kernel, values, size));
  },
  // It is symmetric in dy; in y it is a product whose second factor holds y, too.
  vjp: ({ inputs: [y, dy], outputGrad: g }) => [
    g.mul(dy.sub(rowSum(dy.mul(y)))).sub(dy.mul(rowSum(g.mul(y)))),
    softmaxBackwardOp(y, g),
  ],
});

/**
 * The logarithm of softmax along the last axis, without its rounding: (..., cols) -> (..., cols). Error ≤ 2e-6·|y| +
 * 4e-6.
 */
export const logSoftmax = defineOp({
  name: 'logSoftmax',
  inputs: ['x'],
  shape: ([x]) => rowsOf('logSoftmax', x),
  dispatch: ([x], [y], context) => {
    const size = foldRows(x.shape);
    const values = { x: x, y: y };
    return chooseTeam('log_softmax', logSoftmaxForward, size, context, (kernel) => launch(kernel, values, size));
  },
  vjp: ({ output: y, outputGrad: dy }) => [logSoftmaxBackwardOp(y, dy)],
});

/** The gradient of `logSoftmax`, dy - exp(y) · Σ_k dy[k]. Error ≤ 1e-5·|y| + 1e-5. */
export const logSoftmaxBackwardOp = defineOp({
  name: 'logSoftmaxBackward',
  inputs: ['y', 'dy'],
  shape: ([y]) => y.shape,
  dispatch: ([y, dy], [dx], context) => {
    const size = foldRows(y.shape);
    const values = { y: y, dy: dy, dx: dx };
    return chooseTeam('log_softmax_backward', logSoftmaxBackward, size, context, (kernel) =>
      launch(kernel, values, size),
    );
  },
  vjp: ({ inputs: [y, dy], outputGrad: g }) => [g.mul(y.exp()).mul(rowSum(dy)).neg(), g.sub(rowSum(g.mul(y.exp())))],
});
