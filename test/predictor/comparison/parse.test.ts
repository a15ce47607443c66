import { expect, test } from 'vitest';
import { parseEpoch, parseResult } from '../../../src/predictor/comparison/parse.js';
import { sampleReport } from '../../support/reports.js';

const report = sampleReport({ task: 'classification', rows: 30 });

test('of a report is kept what is compared', () => {
  const { adapter, metrics, intervals, baselines, steps, stepMilliseconds, parameters } = report;
  expect(parseResult(JSON.parse(JSON.stringify(report)))).toEqual({
    adapter,
    metrics,
    intervals,
    baselines,
    steps,
    stepMilliseconds,
    parameters,
  });
});

test('metrics that JSON has no number for are left out', () => {
  const metrics = { validation: { rmse: 1, r2: null }, test: {} };
  expect(parseResult({ ...report, metrics }).metrics).toEqual({ validation: { rmse: 1 }, test: {} });
  const epoch = { epoch: 1, steps: 3, loss: 1, learningRate: 1, validation: { rmse: null, mae: 2 } };
  expect(parseEpoch(epoch)).toEqual({ steps: 3, loss: 1, validation: { mae: 2 } });
});

test.each<[unknown, string]>([
  [null, 'report: expected version 1, got undefined; the run is of another version of Tessera'],
  [[], 'expected version 1, got undefined'],
  [{ ...report, version: 2 }, 'expected version 1, got 2'],
  [{ ...report, steps: 'many' }, "report: steps must be a positive integer, got 'many'"],
  [{ ...report, metrics: null }, 'report.metrics: expected an object'],
  [{ ...report, metrics: { validation: {}, test: 3 } }, 'report.metrics.test: expected an object of numbers by metric'],
  [
    { ...report, metrics: { validation: {}, test: { acuracy: 1 } } },
    "there is no metric 'acuracy' (did you mean 'accuracy'?)",
  ],
  [
    { ...report, metrics: { validation: {}, test: { accuracy: 'high' } } },
    "report.metrics.test: accuracy must be a number, got 'high'",
  ],
  [{ ...report, intervals: { validation: {}, test: { accuracy: [1] } } }, 'test must be an object of pairs of numbers'],
])('a report of %j is refused', (json, message) => {
  expect(() => parseResult(json)).toThrow(message);
});

test.each<[unknown, string]>([
  [null, 'epoch: steps must be a positive integer, got undefined'],
  [{ steps: 1, loss: null, validation: {} }, 'epoch: loss must be a finite number, got null'],
  [{ steps: 1, loss: 1, validation: 'good' }, "validation: expected an object of numbers by metric, got 'good'"],
])('an epoch of %j is refused', (json, message) => {
  expect(() => parseEpoch(json)).toThrow(message);
});
