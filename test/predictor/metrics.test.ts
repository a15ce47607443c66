import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { calibrationOf } from '../../src/predictor/metrics/calibration.js';
import { confusionOf, probabilitiesOf, rowsOfClass } from '../../src/predictor/metrics/classification.js';
import { averagePrecision, precisionRecallCurve } from '../../src/predictor/metrics/ranking.js';
import {
  advantageOf,
  type ClassPredictions,
  DEFAULT_METRIC,
  intervalsOf,
  METRICS,
  metricFunctions,
  metricsOf,
  type Predictions,
} from '../../src/predictor/metrics.js';

const golden = JSON.parse(readFileSync(new URL('../golden/metrics.json', import.meta.url), 'utf8'));
const close = (actual: Readonly<Record<string, number>>, expected: Readonly<Record<string, number>>) => {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expect(actual[name], name).toBeCloseTo(value, 10);
};
const classification = (name: string): ClassPredictions => ({
  task: 'classification',
  classes: golden[name].outputs[0].map((_: number, label: number) => `class ${label}`),
  targets: golden[name].targets,
  outputs: golden[name].outputs.flat(),
});
const ones = (rows: number) => new Array<number>(rows).fill(1);

describe("scikit-learn's values", () => {
  test.each(['manyClasses', 'twoClasses'])('%s', (name) => {
    const [predictions, expected] = [classification(name), golden[name]];
    close(metricsOf(predictions), expected.metrics);
    const { counts, classes } = confusionOf(predictions);
    expect(counts).toEqual(expected.confusion);
    classes.forEach((score, label) => {
      expect(score.precision).toBeCloseTo(expected.precision[label], 10);
      expect(score.recall).toBeCloseTo(expected.recall[label], 10);
      expect(score.f1).toBeCloseTo(expected.f1[label], 10);
      const precision = averagePrecision(probabilitiesOf(predictions, label), rowsOfClass(predictions, label));
      expect(precision(ones(expected.targets.length))).toBeCloseTo(expected.averagePrecision[label], 10);
    });
  });

  test('rows with weights', () => {
    const predictions = classification('weighted');
    const { weights, metrics, averagePrecision: expected } = golden.weighted;
    const functions = metricFunctions(predictions);
    close(Object.fromEntries(Object.entries(functions).map(([name, metric]) => [name, metric(weights)])), metrics);
    expect(averagePrecision(probabilitiesOf(predictions, 1), rowsOfClass(predictions, 1))(weights)).toBeCloseTo(
      expected,
      10,
    );
  });

  test('precision-recall curve', () => {
    const { targets, scores, precision, recall, thresholds } = golden.curve;
    const points = precisionRecallCurve(scores, targets).reverse();
    // scikit-learn ends with a point of precision 1 and recall 0, which no threshold gives.
    expect(points.map((point) => point.threshold)).toEqual(thresholds);
    points.forEach((point, at) => {
      expect(point.precision).toBeCloseTo(precision[at], 10);
      expect(point.recall).toBeCloseTo(recall[at], 10);
    });
  });

  test('regression and tags', () => {
    const { regression, tags } = golden;
    close(
      metricsOf({ task: 'regression', targets: regression.targets, outputs: regression.outputs }),
      regression.metrics,
    );
    const predictions: Predictions = {
      task: 'tags',
      tags: ['a', 'b', 'c', 'd'],
      targets: tags.targets.flat(),
      outputs: tags.outputs.flat(),
    };
    close(metricsOf(predictions), tags.metrics);
  });
});

const numbers = (targets: number[], outputs: number[]): Predictions => ({ task: 'regression', targets, outputs });
const twoClasses = (targets: number[], second: number[]): ClassPredictions => ({
  task: 'classification',
  classes: ['no', 'yes'],
  targets,
  outputs: second.flatMap((p) => [1 - p, p]),
});

test('every metric is described, and the default of each task is one of its metrics', () => {
  const all: Predictions[] = [
    twoClasses([0, 1], [0.2, 0.7]),
    numbers([1, 2], [1, 3]),
    { task: 'tags', tags: ['a'], targets: [0, 1], outputs: [0.2, 0.9] },
  ];
  for (const predictions of all) {
    const names = Object.keys(metricsOf(predictions));
    expect(names).toContain(DEFAULT_METRIC[predictions.task]);
    for (const name of names) expect(METRICS).toHaveProperty(name);
  }
});

test('what is not defined is left out', () => {
  expect(Object.keys(metricsOf(twoClasses([1, 1], [0.2, 0.7])))).toEqual(['accuracy', 'macroF1', 'logLoss']);
  expect(Object.keys(metricsOf(numbers([2, 2], [1, 3])))).toEqual(['rmse', 'mae']);
  expect(precisionRecallCurve([0.1, 0.2], [0, 0])).toEqual([]);
  // A sure mistake has a finite loss, and a class that never occurs does not count.
  const sure: Predictions = {
    task: 'classification',
    classes: ['a', 'b', 'c'],
    targets: [0, 1],
    outputs: [0, 1, 0, 0, 1, 0],
  };
  expect(metricsOf(sure)).toEqual({ accuracy: 0.5, macroF1: 1 / 3, logLoss: -Math.log(1e-15) / 2 });
});

test('a long curve is thinned to points evenly spaced in recall', () => {
  const scores = Array.from({ length: 5000 }, (_, row) => row / 5000);
  const points = precisionRecallCurve(
    scores,
    scores.map((_, row) => row % 2),
    50,
  );
  expect(points.length).toBeLessThanOrEqual(50);
  expect(points.length).toBeGreaterThan(40);
  expect(points[0].threshold).toBe(0.9998);
  expect(points.at(-1)).toEqual({ threshold: 0, precision: 0.5, recall: 1 });
});

test('calibration: bins by confidence, and the weighted gap', () => {
  const { bins, error } = calibrationOf([0, 0.1, 0.11, 0.9, 0.95, 1], [0, 0, 1, 1, 1, 0]);
  expect(bins.map(({ rows, to }) => [rows, to])).toEqual([
    [2, 0.1],
    [1, 0.2],
    [1, 0.9],
    [2, 1],
  ]);
  expect(error).toBeCloseTo((2 * 0.05 + 0.89 + 0.1 + 2 * 0.475) / 6, 12);
  expect(calibrationOf([1, 1], [1, 1]).error).toBe(0);
});

describe('bootstrap', () => {
  const targets = Array.from({ length: 400 }, (_, row) => row % 2);
  const correctIn = (of: number) =>
    twoClasses(
      targets,
      targets.map((target, row) => (row % of === 0 ? 1 - target : target)),
    );

  test('the interval of an accuracy is that of the normal approximation', () => {
    const { accuracy } = intervalsOf(correctIn(5), { seed: 1 });
    const deviation = Math.sqrt((0.8 * 0.2) / 400);
    expect(accuracy[0]).toBeCloseTo(0.8 - 1.96 * deviation, 1.7);
    expect(accuracy[1]).toBeCloseTo(0.8 + 1.96 * deviation, 1.7);
    expect(intervalsOf(correctIn(5), { seed: 1 }).accuracy).toEqual(accuracy);
    expect(intervalsOf(correctIn(5), { seed: 2 }).logLoss).not.toEqual(intervalsOf(correctIn(5), { seed: 1 }).logLoss);
  });

  test('rows of one group count as one observation', () => {
    // 400 rows are 20 groups, which are right or wrong as a whole.
    const groups = targets.map((_, row) => Math.floor(row / 20));
    const byGroup = twoClasses(
      targets,
      targets.map((target, row) => (groups[row] % 5 === 0 ? 1 - target : target)),
    );
    const width = ([low, high]: readonly [number, number]) => high - low;
    const [single, grouped] = [undefined, groups].map((groups) =>
      width(intervalsOf(byGroup, { seed: 1, groups }).accuracy),
    );
    expect(grouped / single).toBeGreaterThan(3.5);
    expect(grouped / single).toBeLessThan(5.5); // √20 = 4.5
  });

  test('rows of one group alone have no intervals', () => {
    expect(intervalsOf(correctIn(5), { seed: 1, groups: targets.map(() => 7) })).toEqual({});
  });

  test('many rows are drawn in blocks, with the same variance', () => {
    const rows = Array.from({ length: 40_000 }, (_, row) => (row % 4 === 0 ? 1 : 0));
    const { mae } = intervalsOf(
      numbers(
        rows.map(() => 0),
        rows,
      ),
      { seed: 3, resamples: 200 },
    );
    const deviation = Math.sqrt((0.25 * 0.75) / rows.length);
    expect((mae[1] - mae[0]) / (2 * 1.96 * deviation)).toBeGreaterThan(0.85);
    expect((mae[1] - mae[0]) / (2 * 1.96 * deviation)).toBeLessThan(1.15);
  });

  test('a metric that most resamples do not define has no interval', () => {
    const one = twoClasses([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.9]);
    expect(Object.keys(intervalsOf(one, { seed: 0 }))).toEqual(['accuracy', 'macroF1', 'logLoss']);
  });

  test('an advantage is positive where it is better, and paired resamples make it sharp', () => {
    const better = advantageOf(correctIn(10), correctIn(5), 'accuracy', { seed: 1 });
    expect(better.value).toBeCloseTo(0.1, 12);
    expect(better.interval?.[0]).toBeGreaterThan(0.05);
    const same = advantageOf(correctIn(5), correctIn(5), 'accuracy', { seed: 1 });
    expect(same).toEqual({ value: 0, interval: [0, 0] });
    const [near, far] = [numbers([1, 2, 3], [1, 2, 4]), numbers([1, 2, 3], [3, 4, 5])];
    expect(advantageOf(near, far, 'rmse', { seed: 1 }).value).toBeCloseTo(2 - Math.sqrt(1 / 3), 12);
    expect(() => advantageOf(near, numbers([1, 2, 4], [1, 2, 4]), 'rmse', { seed: 1 })).toThrow('of different rows');
    expect(() => advantageOf(near, far, 'accuracy', { seed: 1 })).toThrow(
      "metrics: there is no regression metric 'accuracy'; there are rmse, mae, r2",
    );
  });
});

test.each<[string, Predictions, string]>([
  ['no rows', numbers([], []), 'there are no rows'],
  ['sizes', numbers([1, 2], [1]), '2 targets and 1 outputs do not fit 1 output(s) a row'],
  ['NaN', numbers([1, 2], [1, Number.NaN]), 'row 1 has the output NaN; expected a finite number'],
  ['a foreign class', twoClasses([0, 2], [0.5, 0.5]), 'the target of row 1 is 2; expected 0 to 1'],
  ['not a probability', twoClasses([0, 1], [0.5, -1]), 'row 1 has the output 2; expected a probability'],
  [
    'probabilities that do not add up',
    { task: 'classification', classes: ['a', 'b'], targets: [0], outputs: [0.5, 0.6] },
    'the probabilities of row 0 add up to 1.1; expected 1',
  ],
  ['no classes', { task: 'classification', classes: [], targets: [], outputs: [] }, 'there are no classes'],
  [
    'a tag of 2',
    { task: 'tags', tags: ['a', 'b'], targets: [0, 1, 0, 2], outputs: [0, 0, 0, 0] },
    'the target of row 1 is 2',
  ],
])('refuses %s', (_, predictions, message) => {
  expect(() => metricsOf(predictions)).toThrow(message);
});
