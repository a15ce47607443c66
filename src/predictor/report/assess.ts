import { calibrationOf } from '../metrics/calibration.js';
import { confusionOf, predictedClasses, probabilitiesOf, rowsOfClass } from '../metrics/classification.js';
import { allRows } from '../metrics/metric.js';
import type { ClassPredictions, Predictions, TagPredictions } from '../metrics/predictions.js';
import { averagePrecision, precisionRecallCurve } from '../metrics/ranking.js';
import { columnOf } from '../metrics/tags.js';
import { advantageOf, type BootstrapOptions, DEFAULT_METRIC, intervalsOf, metricsOf } from '../metrics.js';
import { evenly } from './indices.js';
import type { Assessment, PrecisionRecallCurve } from './report.js';

/** What is assessed: predictions of the validation and test rows, and those of the baselines for the test rows. */
export interface Assessed {
  readonly validation: Predictions;
  readonly test: Predictions;
  readonly majority: Predictions;
  /** Transcripts have none. */
  readonly linear?: Predictions;
}

/** The seed of the resamples, and what belongs together. */
export interface AssessOptions {
  readonly seed: number;
  /** The headline metric. Default: that of the task, `DEFAULT_METRIC`. */
  readonly metric?: string;
  /** The groups of the rows, which are resampled as a whole. */
  readonly groups?: { readonly validation: ArrayLike<number>; readonly test: ArrayLike<number> };
}

/** A page shows the curves of this many classes or tags, the most frequent ones. */
const CURVES = 6;
const CURVE_POINTS = 100;
const SCATTER_POINTS = 500;
/** A confusion matrix of more classes is not kept. */
const MAXIMUM_CLASSES = 200;

/** Measures a model and its baselines. @throws TesseraError if predictions are not consistent, or of different rows. */
export function assess({ validation, test, majority, linear }: Assessed, options: AssessOptions): Assessment {
  const { seed, metric = DEFAULT_METRIC[test.task], groups } = options;
  const resamples = (part: 'validation' | 'test'): BootstrapOptions =>
    groups === undefined ? { seed } : { seed, groups: groups[part] };
  const advantage = (baseline: Predictions) => advantageOf(test, baseline, metric, resamples('test'));
  return {
    metric,
    metrics: { validation: metricsOf(validation), test: metricsOf(test) },
    intervals: {
      validation: intervalsOf(validation, resamples('validation')),
      test: intervalsOf(test, resamples('test')),
    },
    baselines: { majority: metricsOf(majority), ...(linear && { linear: metricsOf(linear) }) },
    advantages: { majority: advantage(majority), ...(linear && { linear: advantage(linear) }) },
    ...details(test),
  };
}

function details(test: Predictions): Partial<Assessment> {
  switch (test.task) {
    case 'classification':
      return classDetails(test);
    case 'tags':
      return {
        precisionRecall: curvesOf(
          test.tags,
          (tag) => columnOf(test.outputs, tag, test.tags.length),
          (tag) => columnOf(test.targets, tag, test.tags.length),
        ),
        calibration: tagCalibration(test),
      };
    case 'regression': {
      const rows = Array.from(evenly(test.targets.length, SCATTER_POINTS));
      return { scatter: rows.map((row) => [test.targets[row], test.outputs[row]]) };
    }
    case 'transcription':
      return {};
  }
}

function classDetails(test: ClassPredictions): Partial<Assessment> {
  const { classes, targets, outputs } = test;
  const predicted = predictedClasses(test);
  return {
    ...(classes.length <= MAXIMUM_CLASSES && { confusion: confusionOf(test) }),
    precisionRecall: curvesOf(
      classes,
      (label) => probabilitiesOf(test, label),
      (label) => rowsOfClass(test, label),
    ),
    calibration: calibrationOf(
      Float64Array.from(predicted, (label, row) => outputs[row * classes.length + label]),
      predicted.map((label, row) => (label === targets[row] ? 1 : 0)),
    ),
  };
}

/** A tag's probability is a confidence that the row has it. */
const tagCalibration = ({ outputs, targets }: TagPredictions) => calibrationOf(outputs, targets);

/** The curves of the most frequent classes or tags; of two classes, that of the second. */
function curvesOf(
  names: readonly string[],
  scoresOf: (at: number) => ArrayLike<number>,
  positivesOf: (at: number) => ArrayLike<number>,
): PrecisionRecallCurve[] {
  const frequent = names
    .map((name, at) => ({ name, at, positive: positivesOf(at) }))
    .map((own) => ({ ...own, count: Array.from(own.positive).reduce((sum, value) => sum + value, 0) }))
    .filter(({ count, at }) => count > 0 && (names.length !== 2 || at === 1))
    .sort((a, b) => b.count - a.count)
    .slice(0, CURVES);
  return frequent.map(({ name, at, positive }) => {
    const scores = scoresOf(at);
    return {
      name,
      averagePrecision: averagePrecision(scores, positive)(allRows(positive.length)),
      points: precisionRecallCurve(scores, positive, CURVE_POINTS),
    };
  });
}
