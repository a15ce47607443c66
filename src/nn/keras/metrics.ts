import { concat, full, oneHot, type Tensor } from '../../tensor/index.js';
import { isAmongLargest, isLargest } from '../metrics.js';
import { absoluteErrorRows, cosineRows, squaredErrorRows } from '../row-losses.js';
import type { RowFunction } from './losses.js';

/**
 * A metric over any number of batches: each adds a vector to a sum, and the metric follows from the sum and the number
 * of rows. So it is that of all rows, not a mean of batches.
 */
export interface Metric {
  /** Its name in the logs. Default: its name in `metrics`, or else 'metric'. */
  readonly name?: string;
  /** What a batch adds: (n). A mask of steps (batch, steps) has 0 for padding, which is to add nothing. */
  sums(output: Tensor, targets: Tensor, mask?: Tensor): Tensor;
  /** The metric of all rows. */
  value(sums: readonly number[], rows: number): number;
}

/** x times the weight of its row or step: weights (batch) or (batch, steps), further axes of x have one. */
export function weigh(x: Tensor, weights: Tensor | undefined): Tensor {
  if (weights === undefined || !beginsWith(x, weights)) return x;
  return x.mul(weights.reshape([...weights.shape, ...x.shape.slice(weights.rank).map(() => 1)]));
}

/** Whether the first axes of x are those of a mask. */
export const beginsWith = (x: Tensor, mask: Tensor): boolean =>
  mask.rank <= x.rank && mask.shape.every((size, axis) => size === x.shape[axis]);

const sumOf = (x: Tensor): Tensor => x.sum().reshape([1]);

/** The mean over rows, or over the steps that are no padding. */
export const meanOf = (rows: RowFunction): Metric => ({
  sums: (output, targets, mask) => {
    const each = rows(output, targets);
    if (mask === undefined || !beginsWith(each, mask)) return concat([sumOf(each), full([1], each.size)]);
    return concat([sumOf(weigh(each, mask)), sumOf(mask).mul(each.size / mask.size)]);
  },
  value: ([sum, count]) => sum / count,
});

/** Scores above 0.5, as 1 and 0. */
const yes = (p: Tensor): Tensor => p.cast('f32').greater(0.5).cast('f32');
const widthOf = (output: Tensor): number => output.shape[output.rank - 1];
/** Whether targets are classes of i32; else they are one-hot. */
const areClasses = (output: Tensor, t: Tensor): boolean =>
  t.dtype === 'i32' && (t.rank < output.rank || (t.shape[t.rank - 1] === 1 && widthOf(output) > 1));
const classesOf = (output: Tensor, t: Tensor): Tensor =>
  areClasses(output, t) ? t.reshape(output.shape.slice(0, -1)) : t.argmax(-1);
/** Targets of the output's shape: a column of yes and no, or one-hot. */
const hotOf = (output: Tensor, t: Tensor): Tensor =>
  widthOf(output) > 1 && areClasses(output, t)
    ? oneHot(classesOf(output, t), widthOf(output))
    : t.reshape(output.shape);

/** One output is yes or no; of several the largest counts. */
const isRight: RowFunction = (output, t) =>
  widthOf(output) === 1
    ? yes(output)
        .equal(yes(hotOf(output, t)))
        .all(-1)
        .cast('f32')
    : isLargest(output, classesOf(output, t)).cast('f32');

/** Yes and no of outputs and targets, element by element: true positives, and all of `whole`. */
const amongYes = (whole: (said: Tensor, are: Tensor) => Tensor): Metric => ({
  sums: (output, t, mask) => {
    const [said, are] = [yes(output), yes(hotOf(output, t))];
    return concat([sumOf(weigh(said.mul(are), mask)), sumOf(weigh(whole(said, are), mask))]);
  },
  value: ([both, all]) => (all === 0 ? 0 : both / all),
});

/** For each class the rows that are and were predicted to be it, that were predicted, and that are. */
const f1: Metric = {
  sums: (output, t, mask) => {
    const width = widthOf(output);
    const [said, are] =
      width === 1
        ? [yes(output), yes(hotOf(output, t))]
        : [oneHot(output.argmax(-1), width), oneHot(classesOf(output, t), width)];
    const perClass = (x: Tensor) => weigh(x, mask).reshape([-1, width]).sum(0);
    return concat([perClass(said.mul(are)), perClass(said), perClass(are)]);
  },
  value: (sums) => {
    const classes = sums.length / 3;
    const [both, said, are] = [0, 1, 2].map((part) => sums.slice(part * classes, (part + 1) * classes));
    const one = (index: number) => (2 * both[index]) / Math.max(1, said[index] + are[index]);
    return both.reduce((sum, _, index) => sum + one(index), 0) / classes;
  },
};

/** As many steps of the threshold as Keras takes. */
const BUCKETS = 200;
/** How many negatives and positives have each score; ranks follow (Mann and Whitney 1947), ties counting half. */
const auc: Metric = {
  sums: (output, t, mask) => {
    const bucket = output
      .mul(BUCKETS)
      .floor()
      .clip(0, BUCKETS - 1)
      .cast('i32');
    const positive = yes(hotOf(output, t));
    const scores = oneHot(bucket.reshape([output.size]), BUCKETS);
    const perBucket = (x: Tensor) => scores.mul(weigh(x, mask).reshape([output.size, 1])).sum(0);
    return concat([perBucket(positive.neg().add(1)), perBucket(positive)]);
  },
  value: (sums) => {
    let [negatives, pairs, positives] = [0, 0, 0];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const [no, isYes] = [sums[bucket], sums[BUCKETS + bucket]];
      pairs += isYes * (negatives + no / 2);
      negatives += no;
      positives += isYes;
    }
    return positives * negatives === 0 ? 0 : pairs / (positives * negatives);
  },
};

/** Metrics by Keras's names. Targets are of the output's shape, or classes of i32 without the last axis. */
export const metrics = {
  /** The share of rows that are right: the largest output is the target's, or a single one is on its side of 0.5. */
  accuracy: meanOf(isRight),
  /** The share of elements on their side of 0.5. */
  binaryAccuracy: meanOf((p, t) =>
    yes(p)
      .equal(yes(t.reshape(p.shape)))
      .cast('f32')
      .mean(-1),
  ),
  /** The share of rows whose target is among the five largest outputs. */
  topKCategoricalAccuracy: meanOf((p, t) => isAmongLargest(p, classesOf(p, t), Math.min(5, widthOf(p))).cast('f32')),
  /** Of the outputs above 0.5, the share whose target is 1; 0 where there is none. */
  precision: amongYes((said) => said),
  /** Of the targets that are 1, the share whose output is above 0.5; 0 where there is none. */
  recall: amongYes((_, are) => are),
  /**
   * The harmonic mean of precision and recall. Of several outputs the largest is the prediction, and the mean over
   * classes is taken; of a single one, yes is above 0.5, and it is that of yes, as in Keras with a threshold.
   */
  f1Score: f1,
  /** The area under the ROC curve of all outputs, over 200 thresholds; 0 where one kind is missing. */
  auc,
  meanSquaredError: meanOf(squaredErrorRows),
  meanAbsoluteError: meanOf(absoluteErrorRows),
  /** The cosine of the angle between output and target. */
  cosineSimilarity: meanOf(cosineRows),
} as const satisfies Readonly<Record<string, Metric>>;
