import { crossEntropyRows, type Tensor, TesseraError } from '../tensor/index.js';

/**
 * Categorical cross-entropy from logits, averaged over the batch:
 *
 *   loss = -1/batch Σ_r log softmax(logits)[r, label[r]]
 *
 * logits (batch, classes); labels either classes, (batch) of i32, or probabilities, (batch, classes) of f32.
 *
 * @throws TesseraError if shapes do not fit, the batch is empty, or a label is not a class.
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  if (logits.shape[0] === 0) throw new TesseraError(`crossEntropy: the batch is empty: logits ${logits.describe()}`);
  if (labels.dtype === 'i32') return crossEntropyRows(logits, labels).mean();
  if (labels.shape.join() !== logits.shape.join()) {
    throw new TesseraError(
      `crossEntropy: labels must be i32 [${logits.shape[0]}] or f32 [${logits.shape.join(', ')}], got ${labels.describe()}`,
    );
  }
  return logits.logSoftmax().mul(labels).sum(-1).mean().neg();
}

/** The share of rows whose largest logit is that of the label: logits (batch, classes), labels (batch) of i32. */
export const accuracy = (logits: Tensor, labels: Tensor): Tensor => logits.argmax(-1).equal(labels).cast('f32').mean();
