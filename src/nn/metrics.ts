import { type Tensor, TesseraError } from '../tensor/index.js';
import { expectRank, expectShape, expectType } from '../tensor/ops/checks.js';
import { checkOptions, expectValue, positiveInteger, shown } from '../tensor/options.js';

/** Whether a row of scores has no NaN; a row with NaN never counts as correct. */
export const hasNoNaN = (scores: Tensor): Tensor => scores.equal(scores).all(-1);

/** Whether the label has the largest score: scores (batch, ..., classes), labels (batch, ...) of i32. */
export const isLargest = (scores: Tensor, labels: Tensor): Tensor =>
  scores.argmax(-1).equal(labels).and(hasNoNaN(scores));

/** Whether the label is among the k largest scores: scores (batch, ..., classes), labels (batch, ...) of i32. */
export const isAmongLargest = (scores: Tensor, labels: Tensor, k: number): Tensor =>
  scores.topK(k).indices.equal(labels.expandDims(-1)).any(-1).and(hasNoNaN(scores));

/**
 * Accuracy: the fraction of rows whose label has the largest logit. logits (batch, classes), labels (batch) of i32 ->
 * scalar. A row with NaN counts as wrong.
 */
export function accuracy(logits: Tensor, labels: Tensor): Tensor {
  expectClasses('accuracy', logits, labels);
  return isLargest(logits, labels).cast('f32').mean();
}

/**
 * Top-k accuracy: the fraction of rows whose label is among the k largest logits. logits (batch, classes), labels
 * (batch) of i32 -> scalar. A row with NaN counts as wrong.
 */
export function topKAccuracy(logits: Tensor, labels: Tensor, k = 5): Tensor {
  expectClasses('topKAccuracy', logits, labels);
  expectValue('topKAccuracy', 'k', k, positiveInteger);
  if (k > logits.shape[1])
    throw new TesseraError(`topKAccuracy: k must be at most the ${logits.shape[1]} classes, got ${k}`);
  return isAmongLargest(logits, labels, k).cast('f32').mean();
}

function expectClasses(metric: string, logits: Tensor, labels: Tensor): void {
  expectRank(metric, 'logits', logits, 2, 'batch, classes');
  expectType(metric, 'logits', logits, 'f32');
  expectType(metric, 'labels', labels, 'i32');
  expectShape(metric, 'labels', labels, [logits.shape[0]]);
}

/** The maximum number of classes of a confusion matrix, which holds a count for each pair of classes. */
const MAXIMUM_CLASSES = 4096;

/** A confusion matrix over any number of batches, with the metrics that follow from its counts. */
export class ConfusionMatrix {
  /** The number of classes. */
  readonly classes: number;
  /** The counts, indexed by label and prediction: `counts[label][predicted]`. */
  readonly counts: readonly number[][];

  /** @throws TesseraError if `classes` is not a positive integer up to 4096. */
  constructor(options: { /** The number of classes. */ readonly classes: number }) {
    const { classes } = checkOptions('ConfusionMatrix', options, {
      classes: {
        expected: `a positive integer up to ${MAXIMUM_CLASSES}`,
        fits: (value) => positiveInteger.fits(value) && Number(value) <= MAXIMUM_CLASSES,
      },
    });
    this.classes = classes;
    this.counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  }

  /** @throws TesseraError if there are not as many labels as predictions, or one is not a class. */
  add(predicted: ArrayLike<number>, labels: ArrayLike<number>): void {
    if (predicted.length !== labels.length)
      throw new TesseraError(`ConfusionMatrix: ${predicted.length} predictions and ${labels.length} labels`);
    const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < this.classes;
    for (let row = 0; row < labels.length; row++) {
      const [label, prediction] = [labels[row], predicted[row]];
      if (!isClass(label) || !isClass(prediction))
        throw new TesseraError(
          `ConfusionMatrix: row ${row} has class ${label} and prediction ${prediction}; expected 0 to ${this.classes - 1}`,
        );
      this.counts[label][prediction]++;
    }
  }

  /** Accuracy: the fraction of predictions that are correct; NaN if there are none. */
  get accuracy(): number {
    return this.#diagonal().reduce(add, 0) / this.counts.flat().reduce(add, 0);
  }

  /** The precision of each class: the fraction of its predictions that are correct; 0 if there are none. */
  get precision(): number[] {
    return this.#diagonal().map((correct, label) =>
      ratio(correct, this.counts.map((row) => row[label]).reduce(add, 0)),
    );
  }

  /** The recall of each class: the fraction of its rows that are predicted correctly; 0 if there are none. */
  get recall(): number[] {
    return this.#diagonal().map((correct, label) => ratio(correct, this.counts[label].reduce(add, 0)));
  }

  /** The F1 score of each class: the harmonic mean of its precision and recall. */
  get f1(): number[] {
    const { precision, recall } = this;
    return precision.map((p, label) => ratio(2 * p * recall[label], p + recall[label]));
  }

  #diagonal(): number[] {
    return this.counts.map((row, label) => row[label]);
  }
}

const add = (a: number, b: number): number => a + b;
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/**
 * The area under the ROC curve: the probability that a positive has a higher score than a negative, where ties count
 * half.
 * @throws TesseraError if the numbers of scores and labels differ, a score is NaN, or positives or negatives are
 * missing.
 */
export function areaUnderCurve(scores: ArrayLike<number>, positive: ArrayLike<number | boolean>): number {
  for (const [name, list] of Object.entries({ scores, positive }))
    if (!Array.isArray(list) && !ArrayBuffer.isView(list))
      throw new TesseraError(`areaUnderCurve: ${name} must be an array, got ${shown(list)}`);
  if (scores.length !== positive.length)
    throw new TesseraError(`areaUnderCurve: ${scores.length} scores and ${positive.length} labels`);
  const invalid = Array.from(scores).findIndex((score) => Number.isNaN(score));
  if (invalid >= 0) throw new TesseraError(`areaUnderCurve: score ${invalid} is NaN`);
  const order = Array.from(scores, (_, row) => row).sort((a, b) => scores[a] - scores[b]);
  const positives = Array.from(positive).filter(Boolean).length;
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0)
    throw new TesseraError(`areaUnderCurve: expected positives and negatives, got ${positives} and ${negatives}`);
  // The rank sum of the positives, where ties share their mean rank (Mann and Whitney 1947).
  let ranks = 0;
  for (let begin = 0; begin < order.length; ) {
    let end = begin;
    while (end < order.length && scores[order[end]] === scores[order[begin]]) end++;
    const rank = (begin + 1 + end) / 2;
    for (const row of order.slice(begin, end)) if (positive[row]) ranks += rank;
    begin = end;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}
