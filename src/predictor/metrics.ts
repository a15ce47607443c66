import { TesseraError } from '../tensor/index.js';
import { unknownName } from '../tensor/options.js';
import { type BootstrapOptions, bootstrap, type Interval } from './metrics/bootstrap.js';
import { classificationMetrics } from './metrics/classification.js';
import { allRows, type Metric } from './metrics/metric.js';
import { checkPredictions, type Predictions, rowCount, type TaskName } from './metrics/predictions.js';
import { regressionMetrics } from './metrics/regression.js';
import { tagMetrics } from './metrics/tags.js';
import { transcriptMetrics } from './metrics/transcription.js';

export type { BootstrapOptions, Interval } from './metrics/bootstrap.js';
export type {
  ClassPredictions,
  NumberPredictions,
  Predictions,
  TagPredictions,
  TaskName,
  TranscriptPredictions,
} from './metrics/predictions.js';

/** Values of metrics by name. Those that are not defined on the rows at hand are left out. */
export type Metrics = Readonly<Record<string, number>>;
/** 95% intervals of metrics by name. */
export type Intervals = Readonly<Record<string, Interval>>;

/** The description of a metric. */
export interface MetricDescription {
  /** The name for readers. */
  readonly title: string;
  /** Whether a larger value is better. */
  readonly higherIsBetter: boolean;
  /** Whether it is a fraction, which is written in percent. */
  readonly isFraction: boolean;
}

/** The headline metrics of all tasks. */
export const METRICS: Readonly<Record<string, MetricDescription>> = {
  accuracy: { title: 'accuracy', higherIsBetter: true, isFraction: true },
  macroF1: { title: 'macro F1', higherIsBetter: true, isFraction: true },
  logLoss: { title: 'log loss', higherIsBetter: false, isFraction: false },
  rocAuc: { title: 'area under the ROC curve', higherIsBetter: true, isFraction: false },
  rmse: { title: 'root mean squared error', higherIsBetter: false, isFraction: false },
  mae: { title: 'mean absolute error', higherIsBetter: false, isFraction: false },
  r2: { title: 'R²', higherIsBetter: true, isFraction: false },
  microF1: { title: 'micro F1', higherIsBetter: true, isFraction: true },
  meanAveragePrecision: { title: 'mean average precision', higherIsBetter: true, isFraction: false },
  wordErrorRate: { title: 'word error rate', higherIsBetter: false, isFraction: true },
  characterErrorRate: { title: 'character error rate', higherIsBetter: false, isFraction: true },
  exact: { title: 'transcripts without an error', higherIsBetter: true, isFraction: true },
};

/** The default headline metric of each task. */
export const DEFAULT_METRIC: Readonly<Record<TaskName, string>> = {
  classification: 'accuracy',
  regression: 'rmse',
  tags: 'microF1',
  transcription: 'wordErrorRate',
};

/**
 * The headline metrics of predictions, as functions of row weights.
 * @throws TesseraError if the predictions are not consistent.
 */
export function metricFunctions(predictions: Predictions): Record<string, Metric> {
  checkPredictions('metrics', predictions);
  switch (predictions.task) {
    case 'classification':
      return classificationMetrics(predictions);
    case 'regression':
      return regressionMetrics(predictions);
    case 'tags':
      return tagMetrics(predictions);
    case 'transcription':
      return transcriptMetrics(predictions);
  }
}

/** One headline metric. @throws TesseraError if the task has no such metric, or the predictions are not consistent. */
export function metricFunction(predictions: Predictions, name: string): Metric {
  const metrics = metricFunctions(predictions);
  if (!Object.hasOwn(metrics, name))
    throw unknownName('metrics', `${predictions.task} metric`, name, Object.keys(metrics));
  return metrics[name];
}

/** The headline metrics of predictions. @throws TesseraError if the predictions are not consistent. */
export function metricsOf(predictions: Predictions): Metrics {
  const weights = allRows(rowCount(predictions));
  const values = Object.entries(metricFunctions(predictions)).map(([name, metric]) => [name, metric(weights)] as const);
  return Object.fromEntries(values.filter(([, value]) => !Number.isNaN(value)));
}

/** Their 95% bootstrap intervals. @throws TesseraError if the predictions or the options are not consistent. */
export const intervalsOf = (predictions: Predictions, options: BootstrapOptions): Intervals =>
  bootstrap(metricFunctions(predictions), rowCount(predictions), options) as Intervals;

/** By how much predictions are better than others of the same rows: positive where they are better. */
export interface Advantage {
  readonly value: number;
  /** The 95% interval of the difference, from paired resamples: it excludes 0 where the difference is clear. */
  readonly interval?: Interval;
}

/**
 * Compares two sets of predictions of the same rows by one metric.
 * @throws TesseraError if they have different targets, or the task has no such metric.
 */
export function advantageOf(
  predictions: Predictions,
  others: Predictions,
  metric: string,
  options: BootstrapOptions,
): Advantage {
  const same = predictions.task === others.task && predictions.targets.length === others.targets.length;
  if (!same || Array.from<unknown>(predictions.targets).some((target, at) => target !== others.targets[at]))
    throw new TesseraError('advantageOf: the predictions are of different rows; expected the same targets');
  const [own, other] = [metricFunction(predictions, metric), metricFunction(others, metric)];
  const sign = METRICS[metric].higherIsBetter ? 1 : -1;
  const difference: Metric = (weights) => sign * (own(weights) - other(weights));
  const rows = rowCount(predictions);
  return { value: difference(allRows(rows)), interval: bootstrap({ difference }, rows, options).difference };
}
