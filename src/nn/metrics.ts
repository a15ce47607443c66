import { type Tensor, TesseraError } from '../tensor/index.js';
import { checkOptions, expectValue, positiveInteger } from './options.js';

/** Whether no score of a row is NaN: a row with a NaN is never right. */
const hasNoNaN = (scores: Tensor): Tensor => scores.equal(scores).all(-1);

/** Whether the largest score is that of the label: scores (batch, ..., classes), labels (batch, ...) of i32. */
export const isLargest = (scores: Tensor, labels: Tensor): Tensor =>
  scores.argmax(-1).equal(labels).and(hasNoNaN(scores));

/** Whether the label is among the k largest scores: scores (batch, ..., classes), labels (batch, ...) of i32. */
export const isAmongLargest = (scores: Tensor, labels: Tensor, k: number): Tensor =>
  scores.topK(k).indices.equal(labels.expandDims(-1)).any(-1).and(hasNoNaN(scores));

/**
 * The share of rows whose largest logit is that of the label: logits (batch, classes), labels (batch) of i32. A row with
 * a NaN counts as wrong.
 */
export const accuracy = (logits: Tensor, labels: Tensor): Tensor => isLargest(logits, labels).cast('f32').mean();

/**
 * The share of rows whose label is among the k largest logits: logits (batch, classes), labels (batch) of i32. A row with
 * a NaN counts as wrong.
 */
export function topKAccuracy(logits: Tensor, labels: Tensor, k = 5): Tensor {
  expectValue('topKAccuracy', 'k', k, positiveInteger);
  return isAmongLargest(logits, labels, k).cast('f32').mean();
}

/** The most classes of a confusion matrix, which holds a count for each pair. */
const MOST_CLASSES = 4096;

/** Counts predictions by class, over any number of batches, and computes the metrics that follow from the counts. */
export class ConfusionMatrix {
  /** How many classes there are. */
  readonly classes: number;
  /** [class][predicted]: how many. */
  readonly counts: readonly number[][];

  /** @throws TesseraError if classes is no positive integer up to 4096. */
  constructor(options: { /** How many classes there are. */ readonly classes: number }) {
    const { classes } = checkOptions('ConfusionMatrix', options, {
      classes: {
        expected: `a positive integer up to ${MOST_CLASSES}`,
        fits: (value) => positiveInteger.fits(value) && Number(value) <= MOST_CLASSES,
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
      const [label, guess] = [labels[row], predicted[row]];
      if (!isClass(label) || !isClass(guess))
        throw new TesseraError(
          `ConfusionMatrix: row ${row} has class ${label} and prediction ${guess}; expected 0 to ${this.classes - 1}`,
        );
      this.counts[label][guess]++;
    }
  }

  /** The share of all predictions that is right; NaN of none. */
  get accuracy(): number {
    return this.#diagonal().reduce(add, 0) / this.counts.flat().reduce(add, 0);
  }

  /** For each class the share of its predictions that is right; 0 where there is none. */
  get precision(): number[] {
    return this.#diagonal().map((right, label) => share(right, this.counts.map((row) => row[label]).reduce(add, 0)));
  }

  /** For each class the share of its rows that was found; 0 where there is none. */
  get recall(): number[] {
    return this.#diagonal().map((right, label) => share(right, this.counts[label].reduce(add, 0)));
  }

  /** For each class the harmonic mean of precision and recall. */
  get f1(): number[] {
    const { precision, recall } = this;
    return precision.map((one, label) => share(2 * one * recall[label], one + recall[label]));
  }

  #diagonal(): number[] {
    return this.counts.map((row, label) => row[label]);
  }
}

const add = (a: number, b: number): number => a + b;
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * Area under the ROC curve: the probability that a positive scores higher than a negative, ties counting half.
 * @throws TesseraError if there are not as many scores as labels, a score is NaN, or there are not both positives and negatives.
 */
export function areaUnderCurve(scores: ArrayLike<number>, positive: ArrayLike<number | boolean>): number {
  if (scores.length !== positive.length)
    throw new TesseraError(`areaUnderCurve: ${scores.length} scores and ${positive.length} labels`);
  const fault = Array.from(scores).findIndex((score) => Number.isNaN(score));
  if (fault >= 0) throw new TesseraError(`areaUnderCurve: score ${fault} is NaN`);
  const order = Array.from(scores, (_, row) => row).sort((a, b) => scores[a] - scores[b]);
  const positives = Array.from(positive).filter(Boolean).length;
  const negatives = order.length - positives;
  if (positives === 0 || negatives === 0)
    throw new TesseraError(`areaUnderCurve: expected positives and negatives, got ${positives} and ${negatives}`);
  // Sum of the positives' ranks, ties sharing the mean of theirs (Mann and Whitney 1947).
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
