import { TesseraError } from '../../gpu/errors.js';
import { logSoftmaxForward, softmaxForward } from '../../kernels/softmax.js';
import { defineOp, expectType, foldRows } from '../define.js';
import { launch } from '../graph.js';
import type { Tensor } from '../tensor.js';

function rowsOf(op: string, x: Tensor) {
  expectType(op, 'x', x, 'f32');
  if (x.rank === 0) throw new TesseraError(`${op}: expected rank 1 or more, got a scalar`);
  return x.shape;
}

/** Softmax along the last axis: (..., cols) -> (..., cols), rows sum to 1. Error ≤ 4e-6·|y| + 1e-6. */
export const softmax = defineOp({
  name: 'softmax',
  inputs: ['x'],
  shape: ([x]) => rowsOf('softmax', x!),
  dispatch: ([x], [y]) => [launch(softmaxForward, { x: x!, y: y! }, foldRows(x!.shape))],
  // dx = y ⊙ (dy - Σ_k dy[k]·y[k]): softmax needs only its own output to run backwards.
  vjp: ({ output: y, outputGrad: dy }) => [y.mul(dy.sub(dy.mul(y).sum(-1, { keepDims: true })))],
});

/**
 * The logarithm of softmax along the last axis, without its rounding: (..., cols) -> (..., cols). Error ≤ 2e-6·|y| +
 * 4e-6.
 */
export const logSoftmax = defineOp({
  name: 'log_softmax',
  inputs: ['x'],
  shape: ([x]) => rowsOf('log_softmax', x!),
  dispatch: ([x], [y]) => [launch(logSoftmaxForward, { x: x!, y: y! }, foldRows(x!.shape))],
  // dx = dy - softmax(x) · Σ_k dy[k], and softmax(x) = e^y.
  vjp: ({ output: y, outputGrad: dy }) => [dy.sub(y.exp().mul(dy.sum(-1, { keepDims: true })))],
});
