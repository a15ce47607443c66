import { expect, test } from 'vitest';
import { answerOf } from '../../src/predictor/answers.js';
import { TARGETS } from '../support/runs.js';

test('a class is the most probable one, on ties the first', () => {
  expect(answerOf(TARGETS.category, [0.2, 0.5, 0.3])).toEqual({
    prediction: 'plant',
    probability: 0.5,
    probabilities: { fruit: 0.2, plant: 0.5, vehicle: 0.3 },
  });
  expect(answerOf(TARGETS.ordinal, [0.4, 0.2, 0.4]).prediction).toBe('1');
});

test('tags are those with a probability of at least a half', () => {
  expect(answerOf(TARGETS.tags, [0.5, 0.49, 0.9])).toEqual({
    prediction: ['eat', 'grow'],
    probabilities: { eat: 0.5, go: 0.49, grow: 0.9 },
  });
  expect(answerOf(TARGETS.tags, [0, 0.1, 0.2]).prediction).toEqual([]);
});

test('a number is itself', () => {
  expect(answerOf(TARGETS.number, [-3.5])).toEqual({ prediction: -3.5 });
});
