import { expect, test } from 'vitest';
import {
  accuracy,
  areaUnderCurve,
  ConfusionMatrix,
  cosineDecay,
  exponentialDecay,
  oneCycle,
  type Schedule,
  SGD,
  stepDecay,
  topKAccuracy,
  warmUp,
} from '../../src/nn/index.js';
import { tensor, Variable } from '../../src/tensor/index.js';

test('accuracy and top-k accuracy', async () => {
  const logits = tensor([
    [3, 2, 1, 0],
    [0, 3, 1, 2],
    [1, 2, 3, 0],
    [5, 6, 7, 8],
  ]);
  const labels = tensor(Int32Array.of(0, 3, 1, 0));
  expect(await accuracy(logits, labels).item()).toBe(0.25);
  expect(await topKAccuracy(logits, labels, 2).item()).toBe(0.75);
  expect(await topKAccuracy(logits, labels, 4).item()).toBe(1);
});

test('a confusion matrix gives precision, recall and F1', () => {
  const matrix = new ConfusionMatrix({ classes: 3 });
  matrix.add([0, 0, 1, 1], [0, 1, 1, 1]);
  matrix.add([0], [0]);
  expect(matrix.counts).toEqual([
    [2, 0, 0],
    [1, 2, 0],
    [0, 0, 0],
  ]);
  expect(matrix.accuracy).toBeCloseTo(4 / 5);
  expect(matrix.precision).toEqual([2 / 3, 1, 0]);
  expect(matrix.recall).toEqual([1, 2 / 3, 0]);
  expect(matrix.f1.map((one) => Number(one.toFixed(6)))).toEqual([0.8, 0.8, 0]);
  expect(() => matrix.add([3], [0])).toThrow('row 0 has class 0 and prediction 3; expected 0 to 2');
  expect(() => matrix.add([0], [0, 1])).toThrow('1 predictions and 2 labels');
});

test('the area under the ROC curve is the fraction of pairs in order', () => {
  expect(areaUnderCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
  expect(areaUnderCurve([1, 2, 3], [false, false, true])).toBe(1);
  expect(areaUnderCurve([5, 5, 5], [0, 1, 1])).toBe(0.5);
  expect(() => areaUnderCurve([1, 2], [1, 1])).toThrow('expected positives and negatives, got 2 and 0');
});

test('schedules follow their formulas', () => {
  const cosine = cosineDecay(1, 10, 0.2);
  expect([0, 5, 10, 99].map((step) => Number(cosine(step).toFixed(6)))).toEqual([1, 0.6, 0.2, 0.2]);
  expect([0, 9, 10, 25].map(stepDecay(1, 10, 0.5))).toEqual([1, 1, 0.5, 0.25]);
  expect(exponentialDecay(1, 10, 0.25)(5)).toBe(0.5);
  const warm = warmUp(3, stepDecay(1, 2, 0.5));
  expect([0, 1, 2, 3, 5].map(warm)).toEqual([0.25, 0.5, 0.75, 1, 0.5]);
  const cycle = oneCycle(1, 100);
  expect(cycle(0)).toBeCloseTo(0.04);
  expect(cycle(29)).toBeCloseTo(1);
  expect(cycle(99)).toBeCloseTo(4e-6, 8);
});

test('an optimizer follows a schedule', async () => {
  const w = new Variable(Float32Array.of(1), [1], 'w');
  const optimizer = new SGD([w], { learningRate: stepDecay(0.5, 1, 0.5) });
  for (let step = 0; step < 3; step++) await optimizer.step(w.sum());
  expect(await w.item()).toBeCloseTo(1 - 0.5 - 0.25 - 0.125, 6);
});

test('a row with NaN is never correct', async () => {
  const logits = tensor([
    [Number.NaN, Number.NaN, Number.NaN],
    [Number.NaN, 1, 2],
    [1, 2, 3],
  ]);
  const labels = tensor(Int32Array.of(0, 0, 2));
  expect(await accuracy(logits, labels).item()).toBeCloseTo(1 / 3);
  expect(await topKAccuracy(logits, labels, 3).item()).toBeCloseTo(1 / 3);
  expect(() => areaUnderCurve([Number.NaN, 1], [0, 1])).toThrow('areaUnderCurve: score 0 is NaN');
  expect(() => areaUnderCurve([1], [0, 1])).toThrow('1 scores and 2 labels');
});

test('schedules at their first step, at their last, and after it', () => {
  const at = (schedule: Schedule, ...steps: number[]) => steps.map((step) => Number(schedule(step).toFixed(9)));
  expect(at(cosineDecay(1, 1, 0.1), 0, 1, 2)).toEqual([1, 0.1, 0.1]);
  expect(at(warmUp(0, 0.5), 0, 1)).toEqual([0.5, 0.5]);
  expect(at(warmUp(1, 0.5), 0, 1)).toEqual([0.25, 0.5]);
  expect(at(exponentialDecay(1, 1, 0.5), 0, 1)).toEqual([1, 0.5]);
  expect(at(stepDecay(1, 1), 0, 1)).toEqual([1, 0.1]);
  // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10): 0.04 up to 1 at step 2, 4e-6 at step 9.
  expect(at(oneCycle(1, 10), 0, 1, 2, 9, 10, 99)).toEqual([0.04, 0.52, 1, 4e-6, 4e-6, 4e-6]);
  expect(at(oneCycle(1, 1), 0, 1)).toEqual([4e-6, 4e-6]);
  expect(at(oneCycle(1, 2, { rise: 0.5 }), 0, 1, 2)).toEqual([1, 4e-6, 4e-6]);
  for (let steps = 1; steps < 6; steps++)
    for (let step = 0; step < 8; step++) expect(oneCycle(1, steps)(step)).toBeGreaterThan(0);
});
