import { expect, test } from 'vitest';
import { editDistance } from '../../../src/predictor/metrics/transcription.js';
import { metricFunction, metricsOf } from '../../../src/predictor/metrics.js';

test('the edit distance counts insertions, deletions and substitutions', () => {
  const distance = (from: string, to: string) => editDistance([...from], [...to]);
  expect(distance('kitten', 'sitting')).toBe(3);
  expect(distance('', 'abc')).toBe(3);
  expect(distance('abc', '')).toBe(3);
  expect(distance('abc', 'abc')).toBe(0);
  expect(distance('abcd', 'acbd')).toBe(2);
});

const predictions = {
  task: 'transcription',
  targets: ['one two three', 'four', 'five five'],
  outputs: ['one three', 'four', 'five six five'],
} as const;

test('error rates are edits over the length of the targets', () => {
  // Words: a deletion, nothing, an insertion, of six. Characters: 4 + 0 + 4 of 26.
  expect(metricsOf(predictions)).toEqual({ wordErrorRate: 2 / 6, characterErrorRate: 8 / 26, exact: 1 / 3 });
});

test('rows weigh as often as a resample draws them', () => {
  expect(metricFunction(predictions, 'wordErrorRate')([0, 3, 1])).toBeCloseTo(1 / 5);
  expect(metricFunction(predictions, 'exact')([0, 3, 1])).toBeCloseTo(3 / 4);
});

test('predictions that are not consistent are refused', () => {
  expect(() => metricsOf({ ...predictions, outputs: [] })).toThrow('3 targets and 0 outputs');
  expect(() => metricsOf({ task: 'transcription', targets: [], outputs: [] })).toThrow('there are no rows');
});
