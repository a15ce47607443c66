import { checkTensors } from '../../tensor/graph/graph.js';
import { concat, full, oneHot, type Tensor } from '../../tensor/index.js';
import { within } from '../../tensor/ops/checks.js';
import { hasNoNaN, isAmongLargest, isLargest } from '../metrics.js';
import { absoluteErrorRows, cosineRows, squaredErrorRows } from '../row-losses.js';
import { alike, type RowFunction } from './losses.js';

/**
 * A metric over any number of batches. Each batch contributes a vector of sums, and the metric is computed from their
 * total and the number of rows. It is therefore the metric of all rows, not a mean over batches.
 */
export interface Metric {
  /** The name in the logs. Default: its name in `metrics`, or else 'metric'. */
  readonly name?: string;
  /** The sums of a batch, (n). A mask (batch, steps) is 0 for padded steps, which must contribute nothing. */
  sums(output: Tensor, targets: Tensor, mask?: Tensor): Tensor;
  /** The metric, from the total sums and the number of rows. */
  value(sums: readonly number[], rows: number): number;
}

/**
 * Multiplies x by the weight of its row or step: weights (batch) or (batch, steps) broadcast over the further axes of
 * x.
 */
export function weigh(x: Tensor, weights: Tensor | undefined): Tensor {
  if (weights === undefined || !beginsWith(x, weights)) return x;
  return x.mul(weights.reshape([...weights.shape, ...x.shape.slice(weights.rank).map(() => 1)]));
}

/** Whether the leading axes of x are those of a mask. */
export const beginsWith = (x: Tensor, mask: Tensor): boolean =>
  mask.rank <= x.rank && mask.shape.every((size, axis) => size === x.shape[axis]);

const sumOf = (x: Tensor): Tensor => x.sum().reshape([1]);

/** The mean of a function over rows, or over the steps that are not masked, as a metric. */
export const meanMetric = (rows: RowFunction): Metric => ({
  sums: (output, targets, mask) => {
    const each = rows(output, targets);
    if (mask === undefined || !beginsWith(each, mask)) return concat([sumOf(each), full([1], each.size)]);
    return concat([sumOf(weigh(each, mask)), sumOf(mask).mul(each.size / mask.size)]);
  },
  value: ([sum, count]) => sum / count,
});

/** Predictions of a threshold of 0.5, as 1 and 0. */
const thresholded = (p: Tensor): Tensor => p.cast('f32').greater(0.5).cast('f32');
/** Whether outputs and targets lie on the same side of a threshold of 0.5, element by element; NaN never does. */
const agree = (output: Tensor, t: Tensor): Tensor =>
  thresholded(output).equal(thresholded(t)).and(output.cast('f32').isNaN().not());
const widthOf = (output: Tensor): number => output.shape[output.rank - 1];
/** Whether targets are class indices of i32; otherwise they are one-hot. */
const areClasses = (output: Tensor, t: Tensor): boolean =>
  t.dtype === 'i32' && (t.rank < output.rank || (t.shape[t.rank - 1] === 1 && widthOf(output) > 1));
const classesOf = (output: Tensor, t: Tensor): Tensor =>
  areClasses(output, t) ? t.reshape(output.shape.slice(0, -1)) : t.argmax(-1);
/** Targets in the output's shape: a column of 0 and 1, or one-hot. */
const hotOf = (output: Tensor, t: Tensor): Tensor =>
  widthOf(output) > 1 && areClasses(output, t)
    ? oneHot(classesOf(output, t), widthOf(output))
    : t.reshape(output.shape);

/**
 * Whether each prediction is correct: a single output is thresholded at 0.5, of several the largest is the prediction.
 */
const isCorrect: RowFunction = (output, t) =>
  widthOf(output) === 1
    ? agree(output, hotOf(output, t)).all(-1).cast('f32')
    : isLargest(output, classesOf(output, t)).cast('f32');

/**
 * The ratio of true positives to a count of positives, predicted or actual, element by element; 0 if the count is 0.
 */
const truePositiveRatio = (positives: (predicted: Tensor, actual: Tensor) => Tensor): Metric => ({
  sums: (output, t, mask) => {
    const predicted = thresholded(output);
    const actual = thresholded(hotOf(output, t));
    return concat([sumOf(weigh(predicted.mul(actual), mask)), sumOf(weigh(positives(predicted, actual), mask))]);
  },
  value: ([truePositives, count]) => (count === 0 ? 0 : truePositives / count),
});

/** The macro F1 score. The sums are the true positives, predicted and actual positives of each class. */
const f1: Metric = {
  sums: (output, t, mask) => {
    const width = widthOf(output);
    const [predicted, actual] =
      width === 1
        ? [thresholded(output), thresholded(hotOf(output, t))]
        : [
            oneHot(output.argmax(-1), width).mul(hasNoNaN(output).cast('f32').expandDims(-1)),
            oneHot(classesOf(output, t), width),
          ];
    const perClass = (x: Tensor) => weigh(x, mask).reshape([-1, width]).sum(0);
    return concat([perClass(predicted.mul(actual)), perClass(predicted), perClass(actual)]);
  },
  value: (sums) => {
    const classes = sums.length / 3;
    const [truePositives, predicted, actual] = [0, 1, 2].map((row) => sums.slice(row * classes, (row + 1) * classes));
    const scores = truePositives.map((count, label) => (2 * count) / Math.max(1, predicted[label] + actual[label]));
    return scores.reduce((sum, score) => sum + score, 0) / classes;
  },
};

/** The number of thresholds, as in Keras. */
const THRESHOLDS = 200;
/**
 * The area under the ROC curve. The sums are histograms of the scores of negatives and positives, which give the rank
 * sum of the positives (Mann and Whitney 1947); ties count half.
 */
const auc: Metric = {
  sums: (output, t, mask) => {
    const bucket = output
      .mul(THRESHOLDS)
      .floor()
      .clip(0, THRESHOLDS - 1)
      .cast('i32');
    const positive = output.isNaN().where(Number.NaN, thresholded(hotOf(output, t)));
    const scores = oneHot(bucket.reshape([output.size]), THRESHOLDS);
    const perBucket = (x: Tensor) => scores.mul(weigh(x, mask).reshape([output.size, 1])).sum(0);
    return concat([perBucket(positive.neg().add(1)), perBucket(positive)]);
  },
  value: (sums) => {
    let [negatives, pairs, positives] = [0, 0, 0];
    for (let bucket = 0; bucket < THRESHOLDS; bucket++) {
      const [negative, positive] = [sums[bucket], sums[THRESHOLDS + bucket]];
      pairs += positive * (negatives + negative / 2);
      negatives += negative;
      positives += positive;
    }
    return positives * negatives === 0 ? 0 : pairs / (positives * negatives);
  },
};

const formulas = {
  /**
   * Accuracy: the fraction of rows predicted correctly, by the largest output or, of a single one, the threshold 0.5.
   * A row with NaN counts as wrong.
   */
  accuracy: meanMetric(isCorrect),
  /** Binary accuracy: the fraction of elements predicted correctly with the threshold 0.5. NaN counts as wrong. */
  binaryAccuracy: meanMetric((p, t) => agree(p, t.reshape(p.shape)).cast('f32').mean(-1)),
  /** Top-5 accuracy: the fraction of rows whose target is among the five largest outputs. */
  topKCategoricalAccuracy: meanMetric((p, t) =>
    isAmongLargest(p, classesOf(p, t), Math.min(5, widthOf(p))).cast('f32'),
  ),
  /** Precision: the fraction of the outputs above 0.5 whose target is 1; 0 if there are none. */
  precision: truePositiveRatio((predicted) => predicted),
  /** Recall: the fraction of the targets of 1 whose output is above 0.5; 0 if there are none. */
  recall: truePositiveRatio((_, actual) => actual),
  /**
   * The F1 score, the harmonic mean of precision and recall. Of several outputs the largest is the prediction, and the
   * mean over classes is taken; a single output is thresholded at 0.5, as in Keras with a threshold.
   */
  f1Score: f1,
  /** The area under the ROC curve of all outputs, over 200 thresholds; 0 if positives or negatives are missing, NaN if an output is NaN. */
  auc,
  meanSquaredError: meanMetric(alike('meanSquaredError', squaredErrorRows)),
  meanAbsoluteError: meanMetric(alike('meanAbsoluteError', absoluteErrorRows)),
  /** Cosine similarity x·t / (|x|·|t|) of output x and target t. */
  cosineSimilarity: meanMetric(alike('cosineSimilarity', cosineRows)),
} as const satisfies Readonly<Record<string, Metric>>;

/** Metrics by Keras's names. Targets have the output's shape, or are class indices of i32 without the last axis. */
export const metrics = Object.fromEntries(
  Object.entries<Metric>(formulas).map(([name, { sums, value }]): [string, Metric] => [
    name,
    {
      sums: (output, targets, mask) => {
        checkTensors(name, mask === undefined ? [output, targets] : [output, targets, mask]);
        return within(name, () => sums(output, targets, mask));
      },
      value,
    },
  ]),
) as Readonly<Record<keyof typeof formulas, Metric>>;
