import { checkTensors } from '../tensor/graph/graph.js';
import { formatShape, sameShape } from '../tensor/graph/shape.js';
import { arange, crossEntropyRows, oneHot, type Tensor, TesseraError, tensor, where } from '../tensor/index.js';
import { checkIndices, expectRank, expectShape, expectType } from '../tensor/ops/checks.js';
import {
  anything,
  boolean,
  checkOptions,
  fraction,
  integer,
  listOf,
  nonNegative,
  nonNegativeInteger,
  optional,
  positive,
} from '../tensor/options.js';
import {
  absoluteErrorRows,
  binaryCrossEntropyRows,
  type CtcLossOptions,
  cosineRows,
  ctcPerLabelRows,
  huberRows,
  klDivergenceRows,
  l2Normalize,
  squaredErrorRows,
} from './row-losses.js';

/*
 * Losses as scalars, averaged over the batch. Classification losses take logits, not probabilities, because
 * log softmax(x) keeps precision where the log of a rounded softmax does not.
 */
const FROM_LOGITS = { fromLogits: true };

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /**
   * Label smoothing ε (Szegedy et al. 2016): the target distribution gives the label 1 - ε + ε/classes and every other
   * class ε/classes. Default 0.
   */
  readonly labelSmoothing?: number;
  /** Rows with this label contribute neither to the loss nor to the gradients. If all rows are ignored, both are 0. */
  readonly ignoreIndex?: number;
  /** The weight of each class, (classes). The mean over the batch is weighted by them, as in PyTorch. */
  readonly classWeights?: readonly number[];
}

/**
 * Categorical cross-entropy from logits, averaged over the batch:
 *
 *   loss = -1/batch Σ_r log p[r, label[r]],   p = softmax(logits)
 *
 * With class weights w, label smoothing ε and ignored rows, as in PyTorch, where the sums skip the ignored rows:
 *
 *   loss = -Σ_r ( (1 - ε) w[label[r]] log p[r, label[r]] + ε/classes Σ_k w[k] log p[r, k] ) / Σ_r w[label[r]]
 *
 * Takes logits (batch, classes) and labels: class indices (batch) of i32, or probabilities (batch, classes) of f32.
 *
 * @throws TesseraError if shapes do not match, the batch is empty, or a label known on the host is out of range.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkTensors('crossEntropy', [logits, labels]);
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
    throw new TesseraError(
      `crossEntropy: expected ${classes} classWeights, one for each class, got ${classWeights.length}`,
    );
  if (labels.dtype !== 'i32') {
    expectAlike('crossEntropy', logits, labels, `labels must be i32 [${logits.shape[0]}] or`);
    if (ignoreIndex !== undefined || classWeights !== undefined)
      throw new TesseraError('crossEntropy: ignoreIndex and classWeights need labels of i32; got probabilities');
    const smooth = labels.mul(1 - labelSmoothing).add(labelSmoothing / classes);
    return logits.logSoftmax().mul(smooth).sum(-1).mean().neg();
  }
  expectRank('crossEntropy', 'logits', logits, 2, 'batch, classes');
  expectType('crossEntropy', 'logits', logits, 'f32');
  expectShape('crossEntropy', 'labels', labels, [logits.shape[0]]);
  checkIndices('crossEntropy', 'label', labels, { count: classes, of: 'classes', except: ignoreIndex });
  if (ignoreIndex === undefined) return weightedMean(logits, labels, undefined, labelSmoothing, classWeights);
  const isIgnored = labels.equal(ignoreIndex);
  // Ignored rows are replaced by zeros with label 0, so that infinities and NaN in them have no effect.
  const validLabels = where(isIgnored, 0, labels);
  const validLogits = where(isIgnored.expandDims(-1), 0, logits);
  return weightedMean(validLogits, validLabels, isIgnored, labelSmoothing, classWeights);
}

/**
 * Cross-entropy of class indices, averaged with class weights over the rows that are not ignored; see `crossEntropy`.
 */
function weightedMean(
  logits: Tensor,
  labels: Tensor,
  isIgnored: Tensor | undefined,
  labelSmoothing: number,
  classWeights: readonly number[] | undefined,
): Tensor {
  const classes = logits.shape[1];
  const crossEntropies = crossEntropyRows(logits, labels);
  const weights = classWeights === undefined ? undefined : tensor([...classWeights]);
  // Σ_k oneHot[k] · w[k] instead of a gather: its gradient needs no scatter, and there are few classes.
  const labelWeights = weights === undefined ? undefined : oneHot(labels, classes).mul(weights).sum(-1);
  let rows = labelWeights === undefined ? crossEntropies : crossEntropies.mul(labelWeights);
  if (labelSmoothing > 0) {
    const logP = logits.logSoftmax();
    const uniform = (weights === undefined ? logP : logP.mul(weights)).sum(-1).mul(labelSmoothing / classes);
    rows = rows.mul(1 - labelSmoothing).sub(uniform);
  }
  if (isIgnored === undefined && labelWeights === undefined) return rows.mean();
  const rowWeights = labelWeights ?? where(labels.equal(labels), 1, 0);
  const total = (isIgnored === undefined ? rowWeights : where(isIgnored, 0, rowWeights)).sum();
  const sum = isIgnored === undefined ? rows.sum() : where(isIgnored, 0, rows).sum();
  return sum.div(where(total.equal(0), 1, total));
}

/**
 * Binary cross-entropy from logits x with targets t within [0, 1] of the same shape, averaged over all elements:
 *
 *   loss = mean( -t·log σ(x) - (1 - t)·log(1 - σ(x)) )
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  expectAlike('binaryCrossEntropy', logits, targets);
  return binaryCrossEntropyRows(logits, targets, FROM_LOGITS).mean();
}

/** Mean squared error over all elements: mean (x - t)². Predictions x and targets t have the same shape. */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  expectAlike('meanSquaredError', predictions, targets);
  return squaredErrorRows(predictions, targets).mean();
}

/** Mean absolute error over all elements: mean |x - t|. Predictions x and targets t have the same shape. */
export function meanAbsoluteError(predictions: Tensor, targets: Tensor): Tensor {
  expectAlike('meanAbsoluteError', predictions, targets);
  return absoluteErrorRows(predictions, targets).mean();
}

/**
 * Huber loss (Huber 1964), averaged over all elements, with d = x - t and delta = 1 by default:
 *
 *   d²/2                        where |d| ≤ delta
 *   delta · (|d| - delta/2)     elsewhere
 *
 * Predictions x and targets t have the same shape.
 * @throws TesseraError if shapes differ, or delta is not above 0.
 */
export function huber(predictions: Tensor, targets: Tensor, options: { readonly delta?: number } = {}): Tensor {
  const { delta } = checkOptions('huber', options, { delta: optional(positive) });
  expectAlike('huber', predictions, targets);
  return huberRows(predictions, targets, delta).mean();
}

/**
 * Kullback-Leibler divergence Σ_k t[k]·log(t[k] / q[k]) over the last axis, averaged over the other axes. Targets t are
 * probabilities; q = softmax(logits).
 */
export function klDivergence(logits: Tensor, targets: Tensor): Tensor {
  expectAlike('klDivergence', logits, targets);
  return klDivergenceRows(logits, targets, FROM_LOGITS).mean();
}

/**
 * Cosine distance 1 - a·b / (|a|·|b|) over the last axis, averaged over the other axes: 0 for parallel vectors, 2 for
 * opposite ones.
 */
export function cosineDistance(a: Tensor, b: Tensor): Tensor {
  expectAlike('cosineDistance', a, b);
  return cosineRows(a, b).mean().neg().add(1);
}

/**
 * Symmetric contrastive loss (van den Oord et al. 2018; CLIP, Radford et al. 2021). Row i of a and row i of b, both
 * (batch, features), form a positive pair; all other rows of the batch are negatives:
 *
 *   s[i, j] = cos(a[i], b[j]) / temperature
 *   loss = ( crossEntropy(s, [0, 1, ...]) + crossEntropy(sᵀ, [0, 1, ...]) ) / 2
 *
 * The temperature is 0.07 by default.
 * @throws TesseraError if shapes differ, the temperature is not above 0, or there are fewer than two pairs.
 */
export function infoNCE(a: Tensor, b: Tensor, options: { readonly temperature?: number } = {}): Tensor {
  const { temperature = 0.07 } = checkOptions('infoNCE', options, { temperature: optional(positive) });
  expectAlike('infoNCE', a, b);
  if (a.rank !== 2 || a.shape[0] < 2)
    throw new TesseraError(`infoNCE: expected at least two pairs, (batch, features), got ${a.describe()}`);
  const similarities = l2Normalize(a).matmul(l2Normalize(b).transpose()).div(temperature);
  const pairs = arange(a.shape[0]);
  return crossEntropy(similarities, pairs).add(crossEntropy(similarities.transpose(), pairs)).mul(0.5);
}

/**
 * Connectionist temporal classification from logits (`ctcRows`), averaged over the batch as in PyTorch: the loss of
 * each sample is divided by the number of its labels, at least 1. logits (batch, time, classes), targets (batch,
 * labels) of i32.
 *
 * @throws TesseraError if shapes or dtypes do not match, the batch is empty, or a label or length known on the host is
 * out of range.
 */
export function ctc(logits: Tensor, targets: Tensor, options: CtcLossOptions = {}): Tensor {
  checkTensors('ctc', [logits, targets]);
  const checked = checkOptions('ctc', options, {
    inputLengths: optional(anything),
    targetLengths: optional(anything),
    blank: optional(nonNegativeInteger),
    zeroInfinity: optional(boolean),
  });
  const rows = ctcPerLabelRows('ctc', logits, targets, checked);
  if (rows.size === 0) throw new TesseraError(`ctc: the batch is empty: logits ${logits.describe()}`);
  return rows.mean();
}

/** @throws TesseraError if the targets are not f32 of the predictions' shape, or the batch is empty. */
export function expectAlike(loss: string, x: Tensor, targets: Tensor, expected = 'targets must be'): void {
  checkTensors(loss, [x, targets]);
  expectType(loss, 'predictions', x, 'f32');
  if (targets.dtype !== 'f32' || !sameShape(targets.shape, x.shape))
    throw new TesseraError(`${loss}: ${expected} f32 ${formatShape(x.shape)}, got ${targets.describe()}`);
  if (x.size === 0) throw new TesseraError(`${loss}: the batch is empty: got ${x.describe()}`);
}
