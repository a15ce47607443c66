import { expect, test } from 'vitest';
import { majorityBaseline } from '../../src/predictor/baselines.js';
import { metricsOf } from '../../src/predictor/metrics.js';

test('the majority baseline predicts frequencies or the mean of the training rows', () => {
  const classes = majorityBaseline({ task: 'classification', classes: ['a', 'b'] }, [0, 1, 1, 1], [1, 0]);
  expect(Array.from(classes.outputs)).toEqual([0.25, 0.75, 0.25, 0.75]);
  expect(metricsOf(classes).accuracy).toBe(0.5);
  const numbers = majorityBaseline({ task: 'regression' }, [1, 2, 6], [3, 5, 7]);
  expect(Array.from(numbers.outputs)).toEqual([3, 3, 3]);
  const tags = majorityBaseline({ task: 'tags', tags: ['x', 'y'] }, [1, 0, 1, 1], [0, 1, 1, 0, 0, 0]);
  expect(Array.from(tags.outputs)).toEqual([1, 0.5, 1, 0.5, 1, 0.5]);
  expect(() => majorityBaseline({ task: 'regression' }, [], [1])).toThrow('there are no training rows');
});
