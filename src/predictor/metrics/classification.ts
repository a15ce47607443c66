import { ConfusionMatrix } from '../../nn/index.js';
import { type Metric, weightedMean } from './metric.js';
import type { ClassPredictions } from './predictions.js';
import { rocAuc } from './ranking.js';

/** Probabilities below this count as this in log loss, so that a single sure mistake is not infinite. */
const SMALLEST_PROBABILITY = 1e-15;

/** The class with the largest probability of each row; on ties the first. */
export function predictedClasses({ targets, classes, outputs }: ClassPredictions): Int32Array {
  return Int32Array.from({ length: targets.length }, (_, row) => {
    let best = 0;
    for (let label = 1; label < classes.length; label++)
      if (outputs[row * classes.length + label] > outputs[row * classes.length + best]) best = label;
    return best;
  });
}

/** The probabilities of one class: (rows). */
export const probabilitiesOf = ({ targets, classes, outputs }: ClassPredictions, label: number): Float64Array =>
  Float64Array.from({ length: targets.length }, (_, row) => outputs[row * classes.length + label]);

/** 1 for the rows of one class, 0 for others: (rows). */
export const rowsOfClass = ({ targets }: ClassPredictions, label: number): Uint8Array =>
  Uint8Array.from(targets, (target) => (target === label ? 1 : 0));

/**
 * The headline metrics of a classification:
 *
 *   accuracy = the fraction of rows whose class has the largest probability
 *   macroF1  = the mean of 2 TP / (2 TP + FP + FN) over the classes that occur as targets or predictions
 *   logLoss  = -1/rows Σ log p[target], with p ≥ 1e-15
 *   rocAuc   = for two classes, the area under the ROC curve of the second
 */
export function classificationMetrics(predictions: ClassPredictions): Record<string, Metric> {
  const { targets, classes, outputs } = predictions;
  const predicted = predictedClasses(predictions);
  const correct = predicted.map((label, row) => (label === targets[row] ? 1 : 0));
  const loss = Float64Array.from(
    predicted,
    (_, row) => -Math.log(Math.min(1, Math.max(SMALLEST_PROBABILITY, outputs[row * classes.length + targets[row]]))),
  );
  return {
    accuracy: weightedMean(correct),
    macroF1: macroF1(predicted, targets, classes.length),
    logLoss: weightedMean(loss),
    ...(classes.length === 2 && { rocAuc: rocAuc(probabilitiesOf(predictions, 1), rowsOfClass(predictions, 1)) }),
  };
}

function macroF1(predicted: Int32Array, targets: ArrayLike<number>, classes: number): Metric {
  return (weights) => {
    const [hits, either] = [new Float64Array(classes), new Float64Array(classes)];
    for (let row = 0; row < predicted.length; row++) {
      const [label, target, weight] = [predicted[row], targets[row], weights[row]];
      either[label] += weight;
      either[target] += weight;
      if (label === target) hits[label] += weight;
    }
    let [sum, count] = [0, 0];
    for (let label = 0; label < classes; label++) {
      if (either[label] === 0) continue;
      sum += (2 * hits[label]) / either[label];
      count++;
    }
    return sum / count;
  };
}

/** Precision, recall and support of a class. */
export interface ClassScore {
  readonly name: string;
  /** The number of rows of the class. */
  readonly rows: number;
  /** The fraction of its predictions that are correct; 0 if there are none. */
  readonly precision: number;
  /** The fraction of its rows that are predicted correctly; 0 if there are none. */
  readonly recall: number;
  /** The harmonic mean of precision and recall. */
  readonly f1: number;
}

/** The confusion matrix, `counts[target][predicted]`, and the scores of each class that follow from it. */
export function confusionOf(predictions: ClassPredictions): {
  readonly counts: readonly (readonly number[])[];
  readonly classes: readonly ClassScore[];
} {
  const { classes, targets } = predictions;
  const confusion = new ConfusionMatrix({ classes: classes.length });
  confusion.add(predictedClasses(predictions), targets);
  const { counts, precision, recall, f1 } = confusion;
  return {
    counts,
    classes: classes.map((name, label) => ({
      name,
      rows: counts[label].reduce((sum, count) => sum + count, 0),
      precision: precision[label],
      recall: recall[label],
      f1: f1[label],
    })),
  };
}
