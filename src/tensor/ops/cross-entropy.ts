import { crossEntropyBackwardLaunches, crossEntropyLaunches } from '../../launch/cross-entropy.js';
import { gradientsOf } from '../autograd.js';
import type { Tensor } from '../tensor.js';
import { checkIndices, expectRank, expectShape, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { softmax } from './softmax.js';
import { oneHot } from './take.js';

/**
 * Computes the gradient of `crossEntropyRows`, dlogits = dloss · (softmax(logits) - one-hot(label)).
 * Error ≤ 1e-5·|y| + 1e-5.
 */
export const crossEntropyBackwardOp: Op<readonly ['logits', 'labels', 'maximum', 'sums', 'dloss']> = defineOp({
  name: 'crossEntropyBackward',
  inputs: ['logits', 'labels', 'maximum', 'sums', 'dloss'],
  shape: ([logits]) => logits.shape,
  dispatch: ([logits, labels, maximum, sums, dloss], [dlogits]) =>
    crossEntropyBackwardLaunches({ logits, labels, maximum, sums, dloss, dlogits }),
  // Maximum and sums depend on the logits alone; the gradient of the logits includes that path.
  vjp: ({ inputs: [logits, labels, , , dloss], outputGrad: g }) => {
    const rule = (logits: Tensor, dloss: Tensor): Tensor =>
      softmax(logits)
        .sub(oneHot(labels, logits.shape[1]))
        .mul(dloss.reshape([dloss.size, 1]));
    const [dlogits, ddloss] = gradientsOf((...own) => rule(own[0], own[1]), [logits, dloss], g);
    return [dlogits, null, null, null, ddloss];
  },
});

/** Computes `crossEntropyRows` and, for its gradient, the maximum and Σ exp(logits - maximum) of each row. */
export const crossEntropyOp = defineOp({
  name: 'crossEntropy',
  inputs: ['logits', 'labels'],
  shape: ([logits]) => [
    { shape: [logits.shape[0]], dtype: 'f32' },
    { shape: [logits.shape[0]], dtype: 'f32' },
    { shape: [logits.shape[0]], dtype: 'f32' },
  ],
  dispatch: ([logits, labels], [loss, maximum, sums], context) =>
    crossEntropyLaunches({ logits, labels, loss, maximum, sums }, context),
  vjp: ({ inputs: [logits, labels], outputs: [, maximum, sums], outputGrad: dloss }) => [
    crossEntropyBackwardOp(logits, labels, maximum, sums, dloss),
    null,
  ],
});

/**
 * Computes the cross-entropy of each row, loss[r] = ln Σ_k exp(logits[r,k]) - logits[r, labels[r]]: logits (batch,
 * classes), labels (batch) of i32 -> (batch). A label out of range gives NaN, also in the gradient of its row. A row
 * whose loss has a gradient of 0 gets a gradient of 0, whatever its logits are. Error ≤ 4e-6·|y| + 4e-6.
 *
 * @throws TesseraError if shapes or dtypes do not match, or a label known on the host is out of range.
 */
export function crossEntropyRows(logits: Tensor, labels: Tensor): Tensor {
  expectRank('crossEntropyRows', 'logits', logits, 2, 'batch, classes');
  expectType('crossEntropyRows', 'logits', logits, 'f32');
  expectType('crossEntropyRows', 'labels', labels, 'i32');
  expectShape('crossEntropyRows', 'labels', labels, [logits.shape[0]]);
  checkIndices('crossEntropyRows', 'label', labels, { count: logits.shape[1], of: 'classes' });
  return crossEntropyOp(logits, labels);
}
