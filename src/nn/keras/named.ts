import { checkIndices } from '../../tensor/graph/define.js';
import { concat, crossEntropyRows, oneHot, type Tensor, type Variable, where } from '../../tensor/index.js';
import { normalizeLength } from '../losses.js';
import { Adagrad, Adam, AdamW, type Optimizer, type OptimizerOptions, RMSprop, SGD } from '../optimizers.js';

/*
 * Losses, metrics and optimizers by Keras's names, as `compile` takes them. Outputs are what a model's last layer gives:
 * probabilities, unless the name says logits.
 */

/** A function of a model's output and the targets, both with the batch first, that gives a number for each row (batch). */
export type RowFunction = (output: Tensor, targets: Tensor) => Tensor;

/** The mean over everything but the batch. */
const byRow = (x: Tensor): Tensor => (x.shape.length === 1 ? x : x.mean(x.shape.slice(1).map((_, axis) => axis + 1)));

/** Keras keeps probabilities this far from 0 and 1 before it takes logarithms. */
const EPSILON = 1e-7;
const inside = (p: Tensor): Tensor => p.clip(EPSILON, 1 - EPSILON);
const cosine: RowFunction = (output, targets) => byRow(normalizeLength(output).mul(normalizeLength(targets)).sum(-1));

/** Losses by Keras's names; x is the output, p where it is a probability, and t the target. */
export const losses = {
  /** -Σ t·log p over classes; t one-hot or probabilities. */
  categoricalCrossentropy: (p: Tensor, t: Tensor): Tensor => byRow(t.mul(inside(p).log()).sum(-1).neg()),
  /** The same from logits. */
  categoricalCrossentropyFromLogits: (x: Tensor, t: Tensor): Tensor => byRow(t.mul(x.logSoftmax()).sum(-1).neg()),
  /** -log p of the target's class, t of i32 without the axis of classes. */
  sparseCategoricalCrossentropy: (p: Tensor, t: Tensor): Tensor => {
    const classes = p.shape.at(-1) ?? 0;
    checkIndices('sparseCategoricalCrossentropy', 'label', t, { count: classes, of: 'classes' });
    const label = where(t.less(0), classes, t); // out of range, where takeAlongAxis counts from the end
    return byRow(inside(p).takeAlongAxis(label.expandDims(-1)).squeeze(-1).log().neg());
  },
  /** The same from logits (batch, classes). */
  sparseCategoricalCrossentropyFromLogits: (x: Tensor, t: Tensor): Tensor => crossEntropyRows(x, t),
  /** -t·log p - (1-t)·log(1-p). */
  binaryCrossentropy: (p: Tensor, t: Tensor): Tensor =>
    byRow(
      t
        .mul(inside(p).log())
        .add(t.neg().add(1).mul(inside(p).neg().add(1).log()))
        .neg(),
    ),
  /** (x - t)². */
  meanSquaredError: (x: Tensor, t: Tensor): Tensor => byRow(x.sub(t).square()),
  /** |x - t|. */
  meanAbsoluteError: (x: Tensor, t: Tensor): Tensor => byRow(x.sub(t).abs()),
  /** d²/2 where |d| ≤ 1, else |d| - 1/2, d = x - t. */
  huber: (x: Tensor, t: Tensor): Tensor => {
    const distance = x.sub(t).abs();
    const near = distance.minimum(1);
    return byRow(near.square().mul(0.5).add(distance.sub(near)));
  },
  /** Σ t·log(t / p) over classes. */
  klDivergence: (p: Tensor, t: Tensor): Tensor =>
    byRow(
      inside(t)
        .mul(inside(t).div(inside(p)).log())
        .sum(-1),
    ),
  /** p - t·log p: for counts. */
  poisson: (p: Tensor, t: Tensor): Tensor => byRow(p.sub(t.mul(p.add(EPSILON).log()))),
  /** max(1 - t·x, 0), t being -1 or 1. */
  hinge: (x: Tensor, t: Tensor): Tensor => byRow(t.mul(x).neg().add(1).relu()),
  /** -cos of the angle between x and t. */
  cosineSimilarity: (x: Tensor, t: Tensor): Tensor => cosine(x, t).neg(),
} as const;

/**
 * A metric over any number of batches: each adds a vector to a sum, and the metric follows from the sum and the number
 * of rows. So it is that of all rows, not a mean of batches.
 */
export interface Metric {
  /** What a batch adds: (n). */
  sums(output: Tensor, targets: Tensor): Tensor;
  /** The metric of all rows. */
  value(sums: readonly number[], rows: number): number;
}

/** The mean over rows. */
export const meanOf = (rows: RowFunction): Metric => ({
  sums: (output, targets) => rows(output, targets).sum().reshape([1]),
  value: ([sum], rows) => sum / rows,
});

const isYes = (p: Tensor): Tensor => p.greater(0.5);
const areClasses = (output: Tensor, t: Tensor) => t.dtype === 'i32' && t.shape.length < output.shape.length;
const sumOf = (x: Tensor): Tensor => x.cast('f32').sum().reshape([1]);

/** One output is yes or no; of several the largest counts. Targets: classes of i32, or one-hot. */
const right: RowFunction = (output, t) => {
  if (areClasses(output, t)) return byRow(output.argmax(-1).equal(t).cast('f32'));
  if (output.shape.at(-1) === 1) return byRow(isYes(output).equal(isYes(t)).cast('f32'));
  return byRow(output.argmax(-1).equal(t.argmax(-1)).cast('f32'));
};

const amongBest =
  (k: number): RowFunction =>
  (output, t) => {
    const classes = areClasses(output, t) ? t : t.argmax(-1);
    return byRow(output.topK(k).indices.equal(classes.expandDims(-1)).any(-1).cast('f32'));
  };

/** Yes and no of outputs and targets, element by element: true positives, and all of `whole`. */
const amongYes = (whole: (output: Tensor, t: Tensor) => Tensor): Metric => ({
  sums: (output, t) => {
    const targets = areClasses(output, t) ? oneHot(t, output.shape.at(-1)!) : t;
    const both = isYes(output).cast('f32').mul(isYes(targets).cast('f32'));
    return concat([sumOf(both), sumOf(whole(isYes(output), isYes(targets)))], -1);
  },
  value: ([both, all]) => (all === 0 ? 0 : both / all),
});

/** For each class the rows that are and were said to be it, that were said to be it, and that are it. */
const f1: Metric = {
  sums: (output, t) => {
    const classes = output.shape.at(-1)!;
    const hot = (x: Tensor) => oneHot(x, classes).reshape([x.size, classes]);
    const [said, are] = [hot(output.argmax(-1)), hot(areClasses(output, t) ? t : t.argmax(-1))];
    return concat([said.mul(are).sum(0), said.sum(0), are.sum(0)], -1);
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
/** How many negatives and positives have each score; ranks follow (Mann and Whitney 1947), equal ones counting half. */
const auc: Metric = {
  sums: (output, t) => {
    const targets = areClasses(output, t) ? oneHot(t, output.shape.at(-1)!) : t;
    const bucket = output
      .mul(BUCKETS)
      .floor()
      .clip(0, BUCKETS - 1)
      .cast('i32');
    const positive = isYes(targets).cast('f32').reshape([output.size, 1]);
    const scores = oneHot(bucket.reshape([output.size]), BUCKETS);
    return concat([scores.mul(positive.neg().add(1)).sum(0), scores.mul(positive).sum(0)], -1);
  },
  value: (sums) => {
    let [negatives, pairs, positives] = [0, 0, 0];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const [no, yes] = [sums[bucket], sums[BUCKETS + bucket]];
      pairs += yes * (negatives + no / 2);
      negatives += no;
      positives += yes;
    }
    return positives * negatives === 0 ? 0 : pairs / (positives * negatives);
  },
};

/** Metrics by Keras's names. */
export const metrics = {
  /** The share of rows that are right: the largest output is the target's, or a single one is on its side of 0.5. */
  accuracy: meanOf(right),
  /** The share of elements on their side of 0.5. */
  binaryAccuracy: meanOf((p, t) => byRow(isYes(p).equal(isYes(t)).cast('f32'))),
  /** The share of rows whose target is among the five largest outputs. */
  topKCategoricalAccuracy: meanOf(amongBest(5)),
  /** Of the outputs above 0.5, the share whose target is 1; 0 where there is none. */
  precision: amongYes((said) => said),
  /** Of the targets that are 1, the share whose output is above 0.5; 0 where there is none. */
  recall: amongYes((_, are) => are),
  /** The harmonic mean of precision and recall of the largest output, averaged over classes. */
  f1Score: f1,
  /** The area under the ROC curve of all outputs, over 200 thresholds; 0 where one kind is missing. */
  auc,
  meanSquaredError: meanOf(losses.meanSquaredError),
  meanAbsoluteError: meanOf(losses.meanAbsoluteError),
  /** The cosine of the angle between output and target. */
  cosineSimilarity: meanOf(cosine),
} as const;

/** Optimizers by Keras's names, with their default settings, but for those given. */
export const optimizers = {
  adam: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new Adam(parameters, options),
  adamw: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new AdamW(parameters, options),
  sgd: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new SGD(parameters, options),
  rmsprop: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new RMSprop(parameters, options),
  adagrad: (parameters: readonly Variable[], options?: OptimizerOptions): Optimizer => new Adagrad(parameters, options),
} as const;
