import { expect, test } from 'vitest';
import { surestMistakes } from '../../src/predictor/mistakes.js';

test('classes: the wrong ones with the largest probabilities, on ties the first', () => {
  const outputs = [0.2, 0.8, 0.9, 0.1, 0.2, 0.8, 0.4, 0.6, 0.3, 0.7];
  const predictions = { task: 'classification', classes: ['a', 'b'], targets: [0, 0, 0, 0, 1], outputs } as const;
  expect(surestMistakes(predictions, 2)).toEqual([
    { row: 0, expected: 'a', predicted: 'b', probability: 0.8 },
    { row: 2, expected: 'a', predicted: 'b', probability: 0.8 },
  ]);
  expect(surestMistakes(predictions, 10).map(({ row }) => row)).toEqual([0, 2, 3]);
});

test('numbers: those that are farthest off', () => {
  const predictions = { task: 'regression', targets: [1, 2, 3], outputs: [1.5, -7.123456, 3] } as const;
  expect(surestMistakes(predictions, 2)).toEqual([
    { row: 1, expected: '2', predicted: '-7.123' },
    { row: 0, expected: '1', predicted: '1.5' },
  ]);
});

test('tags: rows by the tag that is farthest off, those that are right left out', () => {
  const predictions = {
    task: 'tags',
    tags: ['a', 'b'],
    targets: [1, 0, 1, 1, 0, 0],
    outputs: [0.6, 0.4, 0.1, 0.9, 0.7, 0.8],
  } as const;
  expect(surestMistakes(predictions, 5)).toEqual([
    { row: 1, expected: 'a, b', predicted: 'b' },
    { row: 2, expected: 'none', predicted: 'a, b' },
  ]);
});
