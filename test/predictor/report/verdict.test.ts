import { expect, test } from 'vitest';
import { outcome, verdictOf } from '../../../src/predictor/report/verdict.js';
import { sampleReport } from '../../support/reports.js';

test('a model that is clearly better says by how much', () => {
  expect(verdictOf(sampleReport({ task: 'classification' }))).toMatch(
    /^The model predicts 'label' with accuracy \d\d\.\d% \(95% interval \d\d\.\d to \d\d\.\d%\) on 300 test rows, \d\d\.\d points better than a linear model\.$/,
  );
  expect(verdictOf(sampleReport({ task: 'regression', rows: 1000 }))).toMatch(
    /^The model predicts 'label' with root mean squared error [\d.]+ \(.*\) on 1,000 test rows, [\d.]+ better than a linear model\.$/,
  );
});

test('a model that does not beat the linear one says so first', () => {
  expect(verdictOf(sampleReport({ task: 'classification', skill: 0.5, linearSkill: 0.7 }))).toMatch(
    /^The model does not beat a linear model: accuracy \d\d\.\d% \(.*\) against \d\d\.\d% on 300 test rows\.$/,
  );
  // As good is not better.
  expect(verdictOf(sampleReport({ task: 'tags', skill: 0.6, linearSkill: 0.6 }))).toMatch(/^The model does not beat/);
});

test('a difference that may be chance is no victory', () => {
  expect(verdictOf(sampleReport({ task: 'classification', skill: 0.51, linearSkill: 0.5 }))).toMatch(
    /^The model is not clearly better than a linear model: .*; the difference may be chance\.$/,
  );
  expect(outcome({ value: 0.1, interval: [0, 0.2] })).toBe('unclear');
  expect(outcome({ value: 0.1, interval: [0.01, 0.2] })).toBe('better');
  expect(outcome({ value: 0.1 })).toBe('unclear');
  expect(outcome({ value: 0, interval: [0, 0] })).toBe('worse');
});

test('transcripts are compared with the most frequent one alone', () => {
  expect(verdictOf(sampleReport({ task: 'transcription' }))).toMatch(
    /^The model predicts 'label' with word error rate \d\d\.\d% \(95% interval .*\) on 300 test rows\.$/,
  );
  expect(verdictOf(sampleReport({ task: 'transcription', skill: 0 }))).toMatch(/ the most frequent transcript\.$/);
});

test('a model that knows nothing says that too', () => {
  const of = (task: 'classification' | 'regression') => verdictOf(sampleReport({ task, skill: 0, linearSkill: 0.5 }));
  expect(of('classification')).toMatch(/ It is no better than always predicting the most frequent class\.$/);
  expect(of('regression')).toMatch(/ It is no better than always predicting the mean\.$/);
});
