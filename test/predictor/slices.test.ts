import { expect, test } from 'vitest';
import type { Predictions } from '../../src/predictor/metrics.js';
import { slicesOf } from '../../src/predictor/slices.js';

const ROWS = 80;
/** Right in the first half of the rows. */
const predictions: Predictions = {
  task: 'classification',
  classes: ['a', 'b'],
  targets: Array.from({ length: ROWS }, (_, row) => row % 2),
  outputs: Array.from({ length: ROWS }, (_, row) =>
    (row % 2 === 0) === row < ROWS / 2 ? [0.9, 0.1] : [0.1, 0.9],
  ).flat(),
};
const rows = <Value>(read: (row: number) => Value): Value[] => Array.from({ length: ROWS }, (_, row) => read(row));
const slices = (values: (number | string | undefined)[], write?: (value: number) => string) =>
  slicesOf(predictions, [{ name: 'x', values, ...(write && { write }) }], 'accuracy', { seed: 1 });

test('numbers are divided into quarters', () => {
  expect(slices(rows((row) => 79 - row))).toMatchObject([
    { field: 'x', value: '0 to 19.8', rows: 20, score: 0, interval: [0, 0] },
    { value: '> 19.8 to 39.5', rows: 20, score: 0 },
    { value: '> 39.5 to 59.3', rows: 20, score: 1 },
    { value: '> 59.3 to 79', rows: 20, score: 1, interval: [1, 1] },
  ]);
  expect(
    slices(
      rows((row) => row),
      (value) => `<${Math.round(value)}>`,
    )[0].value,
  ).toBe('<0> to <20>');
});

test('names are slices by falling number of rows, and missing values one of their own', () => {
  const found = slices(rows((row) => (row % 8 === 0 ? undefined : row < 35 ? 'early' : 'late')));
  expect(found.map(({ value, rows }) => [value, rows])).toEqual([
    ['late', 40],
    ['early', 30],
    ['missing', 10],
  ]);
  expect(found[0].score).toBeCloseTo(5 / 40);
  expect(found[0].interval![0]).toBeLessThan(5 / 40);
  expect(found[0].interval![1]).toBeGreaterThan(5 / 40);
  expect(found[1].score).toBe(1);
});

test('small slices, more than eight names and columns with one slice are left out', () => {
  expect(slices(rows((row) => (row < 75 ? 'large' : 'small')))).toEqual([]);
  expect(slices(rows((row) => `name ${row % 16}`))).toEqual([]);
  expect(slices(rows(() => 5))).toEqual([]);
  const wide: Predictions = {
    task: 'regression',
    targets: new Float64Array(10 * ROWS),
    outputs: new Float64Array(10 * ROWS),
  };
  const values = Array.from({ length: 10 * ROWS }, (_, row) => `name ${row % 20}`);
  expect(slicesOf(wide, [{ name: 'x', values }], 'rmse', { seed: 1 })).toHaveLength(8);
});

test('groups are drawn as a whole, so that intervals are wider', () => {
  const columns = [{ name: 'x', values: rows((row) => (row % 4 < 2 ? 'a' : 'b')) }];
  const width = (groups?: number[]) => {
    const [low, high] = slicesOf(predictions, columns, 'accuracy', { seed: 1, ...(groups && { groups }) })[0].interval!;
    return high - low;
  };
  expect(width(rows((row) => Math.floor(row / 20)))).toBeGreaterThan(1.5 * width());
});
