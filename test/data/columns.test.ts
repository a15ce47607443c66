import { expect, test } from 'vitest';
import { tableStatistics } from '../../src/data/columns.js';
import { DistinctEstimate } from '../../src/data/distinct.js';
import type { Cell } from '../../src/data/table.js';
import { columnOf, tableOf } from '../support/tables.js';

const statisticsOf = async (cells: readonly Cell[]) => (await tableStatistics(columnOf('x', cells))).columns[0];

test('counts what the cells of a column can be read as', async () => {
  expect(await statisticsOf(['1', '0', '2.5', '007', '3,14', 'yes', '', 'NA', undefined])).toMatchObject({
    column: 'x',
    rows: 9,
    missing: 3,
    numbers: 4,
    integers: 3,
    leadingZeros: 1,
    commaNumbers: 4,
    booleans: 3,
    distinct: 6,
    isExact: true,
    range: [0, 7],
  });
  expect(
    await statisticsOf(['2024-01-31', '31/01/2024', '01/31/2024', 'a.png', 'b.txt', ['a'], new Uint8Array(2)]),
  ).toMatchObject({ dates: 2, dayFirstDates: 2, imagePaths: 1, lists: 1, bytes: 1, numbers: 0 });
  expect(await statisticsOf([1, 2n, true, new Date(0), Number.NaN])).toMatchObject({
    numbers: 3,
    integers: 3,
    booleans: 2,
    dates: 1,
    missing: 1,
  });
});

test('counts values in order of appearance, and the words of texts', async () => {
  const { values, words } = await statisticsOf(['b c', 'a', ' b c ', 'a', 'a', '日本語', '7']);
  expect([...values]).toEqual([
    ['b c', 2],
    ['a', 3],
    ['日本語', 1],
    ['7', 1],
  ]);
  expect(words).toEqual({ mean: (2 * 2 + 3 + 3) / 6, maximum: 3 });
});

test('a column without values has no range', async () => {
  const statistics = await statisticsOf([undefined, '']);
  expect([statistics.missing, statistics.distinct, 'range' in statistics]).toEqual([2, 0, false]);
  expect(await tableStatistics(tableOf(['a', 'b'], []))).toMatchObject({ rows: 0, sample: [], columns: [{}, {}] });
});

test('beyond 10,000 values counts are kept of those, and the number of values is estimated', async () => {
  const cells = Array.from({ length: 45_000 }, (_, row) => `${row % 30_000}.5`);
  const { values, distinct, isExact, numbers, range } = await statisticsOf(cells);
  expect([values.size, isExact, numbers, range]).toEqual([10_000, false, 45_000, [0.5, 29_999.5]]);
  expect([values.get('0.5'), values.get('9999.5'), values.get('10000.5')]).toEqual([2, 2, undefined]);
  expect(Math.abs(distinct / 30_000 - 1)).toBeLessThan(0.03);
});

test('long texts are counted up to a million characters', async () => {
  const cells = Array.from({ length: 1_500 }, (_, row) => `${row} ${'x'.repeat(1_000)}`);
  const { values, distinct, words } = await statisticsOf(cells);
  expect(values.size).toBeLessThan(1_000);
  expect(Math.abs(distinct / 1_500 - 1)).toBeLessThan(0.03);
  expect(words).toEqual({ mean: 2, maximum: 2 });
});

test.each([0, 10, 1_000, 40_000, 300_000])('estimates %d distinct values within 2%%', (count) => {
  const estimate = new DistinctEstimate();
  for (let round = 0; round < 2; round++) for (let value = 0; value < count; value++) estimate.add(`v${value}`);
  expect(Math.abs(estimate.count - count)).toBeLessThanOrEqual(0.02 * count);
});

test('the estimate has no bias around 40,000', () => {
  const estimates = Array.from({ length: 4 }, (_, seed) => {
    const estimate = new DistinctEstimate();
    for (let value = 0; value < 40_000; value++) estimate.add(`class ${seed} ${value}`);
    return estimate.count;
  });
  expect(Math.abs(estimates.reduce((sum, count) => sum + count) / 160_000 - 1)).toBeLessThan(0.01);
});

test('no more values are estimated than there are cells', async () => {
  const { distinct, isExact } = await statisticsOf(Array.from({ length: 40_000 }, (_, row) => `class 0 ${row}`));
  expect([distinct, isExact]).toEqual([40_000, false]);
});

test('the sample is every row of a small table, and 5,000 rows of all parts of a large one', async () => {
  const small = await tableStatistics(
    tableOf(
      ['a', 'b'],
      [
        [1, ' x '],
        [undefined, 'y'.repeat(200)],
      ],
    ),
  );
  expect(small.sample[0]).toEqual(['1', 'x']);
  expect(small.sample[1]).toEqual([undefined, expect.stringMatching(/^#\d+-\d+$/)]);

  const large = columnOf(
    'row',
    Array.from({ length: 20_000 }, (_, row) => row),
  );
  const { sample } = await tableStatistics(large);
  const numbers = sample.map(([text]) => Number(text));
  expect([sample.length, new Set(numbers).size]).toEqual([5_000, 5_000]);
  for (let quarter = 0; quarter < 4; quarter++) {
    const within = numbers.filter((number) => Math.floor(number / 5_000) === quarter).length;
    expect(Math.abs(within - 1_250)).toBeLessThan(150);
  }
  expect((await tableStatistics(large)).sample).toEqual(sample);
});
