import { arange, crossEntropyRows, oneHot, type Tensor, TesseraError, tensor, where } from '../tensor/index.js';
import { checkOptions, fraction, integer, listOf, nonNegative, optional, positive } from './options.js';
import {
  absoluteErrorRows,
  binaryCrossEntropyRows,
  cosineRows,
  huberRows,
  klDivergenceRows,
  normalizeLength,
  squaredErrorRows,
} from './row-losses.js';

/*
 * Losses, averaged over the batch unless said otherwise. Names and formulas are those of Keras; losses of classes take
 * logits, not probabilities, because log softmax(x) is exact where log of a rounded softmax is not.
 */
const FROM_LOGITS = { fromLogits: true };

/** Which rows and classes count, and how hard the labels are. */
export interface CrossEntropyOptions {
  /** ε: the label's probability is 1 - ε + ε/classes, the others' ε/classes. Szegedy et al. 2016. Default 0. */
  readonly labelSmoothing?: number;
  /** Rows with this label count for nothing. Where all rows have it, loss and gradients are 0. */
  readonly ignoreIndex?: number;
  /** A weight for each class, (classes); the mean is weighted with them, as in PyTorch. */
  readonly classWeights?: readonly number[];
}

/**
 * Categorical cross-entropy from logits, averaged over the batch:
 *
 *   loss = -1/batch Σ_r log softmax(logits)[r, label[r]]
 *
 * and with class weights w, label smoothing ε and ignored rows, as in PyTorch, with sums over the rows that count:
 *
 *   loss = -Σ_r ( (1 - ε) w[label[r]] log p[r, label[r]] + ε/classes Σ_k w[k] log p[r, k] ) / Σ_r w[label[r]]
 *
 * logits (batch, classes); labels either classes, (batch) of i32, or probabilities, (batch, classes) of f32.
 *
 * @throws TesseraError if shapes do not fit, the batch is empty, or a label is not a class.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const classes = logits.shape.at(-1) ?? 0;
  const {
    labelSmoothing = 0,
    ignoreIndex,
    classWeights,
  } = checkOptions('crossEntropy', options, {
    labelSmoothing: optional(fraction),
    ignoreIndex: optional(integer),
    classWeights: optional(listOf(nonNegative)),
  });
  if (logits.shape[0] === 0) throw new TesseraError(`crossEntropy: the batch is empty: logits ${logits.describe()}`);
  if (classWeights !== undefined && classWeights.length !== classes)
    throw new TesseraError(`crossEntropy: ${classes} classes need as many weights, got ${classWeights.length}`);
  if (labels.dtype !== 'i32') {
    expectAlike('crossEntropy', logits, labels, `labels must be i32 [${logits.shape[0]}] or`);
    if (ignoreIndex !== undefined || classWeights !== undefined)
      throw new TesseraError('crossEntropy: ignoreIndex and classWeights need labels of i32; got probabilities');
    const smooth = labels.mul(1 - labelSmoothing).add(labelSmoothing / classes);
    return logits.logSoftmax().mul(smooth).sum(-1).mean().neg();
  }
  if (ignoreIndex === undefined) return weightedMean(logits, labels, undefined, labelSmoothing, classWeights);
  const isIgnored = labels.equal(ignoreIndex);
  // Ignored rows become rows of zeros with label 0: whatever stands there, infinities and NaN too, counts for nothing.
  const kept = knownLabels(labels, ignoreIndex) ?? where(isIgnored, 0, labels);
  const shown = where(isIgnored.expandDims(-1), 0, logits);
  return weightedMean(shown, kept, isIgnored, labelSmoothing, classWeights);
}

/** Labels known on the host with 0 for the ignored ones, so that the others are checked at the call. */
function knownLabels(labels: Tensor, ignoreIndex: number): Tensor | undefined {
  const values = labels.host ?? (labels.source.kind === 'data' ? labels.source.data : undefined);
  if (values === undefined) return undefined;
  return tensor(
    Int32Array.from(values, (label) => (label === ignoreIndex ? 0 : label)),
    labels.shape,
  );
}

function weightedMean(
  logits: Tensor,
  labels: Tensor,
  isIgnored: Tensor | undefined,
  labelSmoothing: number,
  classWeights: readonly number[] | undefined,
): Tensor {
  const classes = logits.shape[1];
  const own = crossEntropyRows(logits, labels);
  const byClass = classWeights === undefined ? undefined : tensor([...classWeights]);
  // Σ_k of one-hot · w rather than a look-up: its gradient needs no scatter, and classes are few.
  const ofLabel = byClass === undefined ? undefined : oneHot(labels, classes).mul(byClass).sum(-1);
  let rows = ofLabel === undefined ? own : own.mul(ofLabel);
  if (labelSmoothing > 0) {
    const logs = logits.logSoftmax();
    const spread = (byClass === undefined ? logs : logs.mul(byClass)).sum(-1).mul(labelSmoothing / classes);
    rows = rows.mul(1 - labelSmoothing).sub(spread);
  }
  if (isIgnored === undefined && ofLabel === undefined) return rows.mean();
  const weights = ofLabel ?? where(labels.equal(labels), 1, 0);
  const counted = isIgnored === undefined ? weights : where(isIgnored, 0, weights);
  const total = counted.sum();
  const sum = isIgnored === undefined ? rows.sum() : where(isIgnored, 0, rows).sum();
  return sum.div(where(total.equal(0), 1, total));
}

/**
 * Binary cross-entropy from logits: -t·log σ(x) - (1-t)·log(1-σ(x)), as softplus(x) - x·t.
 * logits and targets (within [0, 1]) have one shape; the mean is over all elements.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  expectAlike('binaryCrossEntropy', logits, targets);
  return binaryCrossEntropyRows(logits, targets, FROM_LOGITS).mean();
}

/** Mean of (x - target)². */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  expectAlike('meanSquaredError', predictions, targets);
  return squaredErrorRows(predictions, targets).mean();
}

/** Mean of |x - target|. */
export function meanAbsoluteError(predictions: Tensor, targets: Tensor): Tensor {
  expectAlike('meanAbsoluteError', predictions, targets);
  return absoluteErrorRows(predictions, targets).mean();
}

/**
 * Mean of d²/2 where |d| ≤ delta, else delta·(|d| - delta/2), with d = x - target. Huber 1964.
 * @throws TesseraError if shapes differ, or delta is not above 0.
 */
export function huber(predictions: Tensor, targets: Tensor, options: { readonly delta?: number } = {}): Tensor {
  const { delta } = checkOptions('huber', options, { delta: optional(positive) });
  expectAlike('huber', predictions, targets);
  return huberRows(predictions, targets, delta).mean();
}

/** Σ p·log(p / q) over the last axis, averaged over the rest: targets p are probabilities, logits give q = softmax. */
export function klDivergence(logits: Tensor, targets: Tensor): Tensor {
  expectAlike('klDivergence', logits, targets);
  return klDivergenceRows(logits, targets, FROM_LOGITS).mean();
}

/** 1 - cos of the angle between rows, averaged: 0 where they point the same way, 2 where opposite. */
export function cosineDistance(a: Tensor, b: Tensor): Tensor {
  expectAlike('cosineDistance', a, b);
  return cosineRows(a, b).mean().neg().add(1);
}

/**
 * Contrastive loss of pairs, both ways (van den Oord et al. 2018; Radford et al. 2021): row i of a belongs to row i of
 * b, and to no other of the batch. a, b (batch, features); similarities are cosines over the temperature.
 * @throws TesseraError if shapes differ, the temperature is not above 0, or there are no two pairs to tell apart.
 */
export function infoNCE(a: Tensor, b: Tensor, options: { readonly temperature?: number } = {}): Tensor {
  const { temperature = 0.07 } = checkOptions('infoNCE', options, { temperature: optional(positive) });
  expectAlike('infoNCE', a, b);
  if (a.rank !== 2 || a.shape[0] < 2)
    throw new TesseraError(`infoNCE: expected at least two pairs, (batch, features), got ${a.describe()}`);
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
