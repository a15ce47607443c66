import { arange, crossEntropyRows, ones, type Tensor, TesseraError, tensor, where } from '../tensor/index.js';

/*
 * Losses, averaged over the batch unless said otherwise. Names and formulas are those of Keras; losses of classes take
 * logits, not probabilities, because log softmax(x) is exact where log of a rounded softmax is not.
 */
/** Which rows and classes count, and how hard the labels are. */
export interface CrossEntropyOptions {
  /** ε: the label's probability is 1 - ε + ε/classes, the others' ε/classes. Szegedy et al. 2016. Default 0. */
  readonly labelSmoothing?: number;
  /** Rows with this label count for nothing. */
  readonly ignoreIndex?: number;
  /** A weight for each class, (classes); the mean is weighted with them, as in PyTorch. */
  readonly classWeights?: readonly number[];
}

/**
 * Categorical cross-entropy from logits, averaged over the batch:
 *
 *   loss = -1/batch Σ_r log softmax(logits)[r, label[r]]
 *
 * logits (batch, classes); labels either classes, (batch) of i32, or probabilities, (batch, classes) of f32.
 *
 * @throws TesseraError if shapes do not fit, the batch is empty, or a label is not a class.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  if (logits.shape[0] === 0) throw new TesseraError(`crossEntropy: the batch is empty: logits ${logits.describe()}`);
  const { labelSmoothing = 0, ignoreIndex, classWeights } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new TesseraError(`crossEntropy: labelSmoothing must lie within [0, 1), got ${labelSmoothing}`);
  const classes = logits.shape.at(-1)!;
  if (classWeights !== undefined && classWeights.length !== classes)
    throw new TesseraError(`crossEntropy: ${classes} classes need as many weights, got ${classWeights.length}`);
  if (labels.dtype !== 'i32') {
    expectAlike('crossEntropy', logits, labels, `labels must be i32 [${logits.shape[0]}] or`);
    if (ignoreIndex !== undefined || classWeights !== undefined)
      throw new TesseraError('crossEntropy: ignoreIndex and classWeights need labels of i32; got probabilities');
    const smooth = labels.mul(1 - labelSmoothing).add(labelSmoothing / classes);
    return logits.logSoftmax().mul(smooth).sum(-1).mean().neg();
  }
  const kept = ignoreIndex === undefined ? labels : where(labels.equal(ignoreIndex), 0, labels);
  const own = crossEntropyRows(logits, kept);
  const rows =
    labelSmoothing === 0 ? own : own.mul(1 - labelSmoothing).sub(logits.logSoftmax().mean(-1).mul(labelSmoothing));
  if (ignoreIndex === undefined && classWeights === undefined) return rows.mean();
  const byClass =
    classWeights === undefined
      ? ones(labels.shape)
      : tensor([...classWeights], [classes, 1])
          .gather(kept)
          .squeeze(-1);
  const weights = ignoreIndex === undefined ? byClass : where(labels.equal(ignoreIndex), 0, byClass);
  return rows.mul(weights).sum().div(weights.sum());
}

/**
 * Cross-entropy of yes and no, from logits: -t·log σ(x) - (1-t)·log(1-σ(x)), as max(x, 0) - x·t + log(1 + e^-|x|).
 * logits and targets (within [0, 1]) have one shape; the mean is over all elements.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  expectAlike('binaryCrossEntropy', logits, targets);
  return logits.relu().sub(logits.mul(targets)).add(logits.abs().neg().exp().log1p()).mean();
}

/** Mean of (x - target)². */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  expectAlike('meanSquaredError', predictions, targets);
  return predictions.sub(targets).square().mean();
}

/** Mean of |x - target|. */
export function meanAbsoluteError(predictions: Tensor, targets: Tensor): Tensor {
  expectAlike('meanAbsoluteError', predictions, targets);
  return predictions.sub(targets).abs().mean();
}

/** Mean of d²/2 where |d| ≤ delta, else delta·(|d| - delta/2), with d = x - target. Huber 1964. */
export function huber(predictions: Tensor, targets: Tensor, { delta = 1 }: { delta?: number } = {}): Tensor {
  expectAlike('huber', predictions, targets);
  const distance = predictions.sub(targets).abs();
  const near = distance.minimum(delta);
  return near.square().mul(0.5).add(distance.sub(near).mul(delta)).mean();
}

/** Σ p·log(p / q) over the last axis, averaged over the rest: targets p are probabilities, logits give q = softmax. */
export function klDivergence(logits: Tensor, targets: Tensor): Tensor {
  expectAlike('klDivergence', logits, targets);
  const positive = targets.greater(0);
  const logTargets = where(positive, targets, 1).log();
  return targets.mul(logTargets.sub(logits.logSoftmax())).sum(-1).mean();
}

/** x divided by its length along the last axis; zeros stay zeros. */
export const normalizeLength = (x: Tensor): Tensor => x.div(x.norm(-1, { keepDims: true }).maximum(1e-12));

/** 1 - cos of the angle between rows, averaged: 0 where they point the same way, 2 where opposite. */
export function cosineDistance(a: Tensor, b: Tensor): Tensor {
  expectAlike('cosineDistance', a, b);
  return normalizeLength(a).mul(normalizeLength(b)).sum(-1).mean().neg().add(1);
}

/**
 * Contrastive loss of pairs, both ways (van den Oord et al. 2018; Radford et al. 2021): row i of a belongs to row i of
 * b, and to no other of the batch. a, b (batch, features); similarities are cosines over the temperature.
 */
export function infoNCE(a: Tensor, b: Tensor, { temperature = 0.07 }: { temperature?: number } = {}): Tensor {
  expectAlike('infoNCE', a, b);
  const similarities = normalizeLength(a).matmul(normalizeLength(b).transpose()).div(temperature);
  const own = arange(a.shape[0]);
  return crossEntropy(similarities, own).add(crossEntropy(similarities.transpose(), own)).mul(0.5);
}

/** @throws TesseraError if a target has not the shape of what it is compared with, or there is nothing to compare. */
export function expectAlike(loss: string, x: Tensor, target: Tensor, expected = 'targets must be'): void {
  if (target.dtype !== 'f32' || target.shape.join() !== x.shape.join())
    throw new TesseraError(`${loss}: ${expected} f32 [${x.shape.join(', ')}], got ${target.describe()}`);
  if (x.size === 0) throw new TesseraError(`${loss}: the batch is empty: got ${x.describe()}`);
}
