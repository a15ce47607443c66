import { describe, expect, test } from 'vitest';
import { CellErrors } from '../../src/data/cell-errors.js';
import { PARTS, type Split } from '../../src/data/schema.js';
import { type SplitOptions, splitRows } from '../../src/data/splits.js';
import type { Cell } from '../../src/data/table.js';
import { Generator } from '../../src/tensor/index.js';
import { tableOf } from '../support/tables.js';

const fractions = { train: 0.8, validation: 0.1, test: 0.1 };
const byFraction = (seed = 0): Split => ({ by: 'fraction', fractions, seed });
const byGroup = (seed = 0): Split => ({ by: 'group', column: 'group', fractions, seed });
const ROWS = 1_237;

/** Rows with a label, a group and a time; a class of half the rows, others ever rarer, one of a single row. */
const draw = new Generator(5);
const cells: Cell[][] = Array.from({ length: ROWS }, (_, row) => [
  row === 700 ? 'single' : `class ${Math.min(6, Math.floor(-Math.log2(1 - draw.uniform())))}`,
  `person ${Math.floor(draw.uniform() ** 2 * 150)}`,
  new Date(Date.UTC(2020, 0, 1 + draw.integer(300))),
]);
const table = tableOf(['label', 'group', 'time'], cells);
const stratified: SplitOptions = { target: 'label', isStratified: true };

/** How often each value of a column occurs in each part. */
function countsOf(parts: Uint8Array, column: number, rows = cells): Map<Cell, number[]> {
  const counts = new Map<Cell, number[]>();
  rows.forEach((row, index) => {
    const found = counts.get(row[column]) ?? [0, 0, 0, 0];
    found[parts[index]]++;
    counts.set(row[column], found);
  });
  return counts;
}

/** The largest difference between the rows of a part and its share of a total. */
const off = (rowsOf: (part: number) => number, total: number): number =>
  Math.max(...PARTS.map((name, part) => Math.abs(rowsOf(part) - fractions[name] * total)));

describe('by fraction', () => {
  test.each([0, 1, 2])('every class is within one row of its shares, seed %d', async (seed) => {
    const { parts, rows } = await splitRows(table, byFraction(seed), stratified);
    for (const [, found] of countsOf(parts, 0)) {
      const total = found.reduce((sum, count) => sum + count);
      expect(off((part) => found[part], total)).toBeLessThan(1);
    }
    expect(off((part) => rows[PARTS[part]], ROWS)).toBeLessThan(2);
    expect(parts[700]).toBe(0);
  });

  test('the seed alone decides', async () => {
    const first = await splitRows(table, byFraction(), stratified);
    expect(await splitRows(table, byFraction(), stratified)).toEqual(first);
    const second = await splitRows(table, byFraction(1), stratified);
    expect(second.rows).toEqual(first.rows);
    expect(second.parts.filter((part, row) => part !== first.parts[row]).length).toBeGreaterThan(200);
  });

  test('without classes the rows of the table are shared out', async () => {
    const { rows } = await splitRows(table, byFraction());
    expect(rows).toEqual({ train: 989, validation: 124, test: 124, withoutTarget: 0 });
    expect(rows).toEqual((await splitRows(table, byFraction(), { target: 'label' })).rows);
  });

  test('exact shares are exact', async () => {
    const split: Split = { by: 'fraction', fractions: { train: 0.61, validation: 0.1, test: 0.29 }, seed: 0 };
    const hundred = tableOf(['x'], cells.slice(0, 100));
    expect((await splitRows(hundred, split)).rows).toEqual({ train: 61, validation: 10, test: 29, withoutTarget: 0 });
  });

  test('a part of fraction 0 stays empty', async () => {
    const split: Split = { by: 'fraction', fractions: { train: 0.75, validation: 0, test: 0.25 }, seed: 0 };
    expect((await splitRows(table, split, stratified)).rows.validation).toBe(0);
  });

  test('rows without a target are unused', async () => {
    const rows = cells.map(([label, ...rest], index): Cell[] => [index % 10 === 0 ? ' ' : label, ...rest]);
    const split = await splitRows(tableOf(['label', 'group', 'time'], rows), byFraction(), stratified);
    expect(split.rows.withoutTarget).toBe(124);
    expect(split.parts.every((part, row) => (part === 3) === (row % 10 === 0))).toBe(true);
  });
});

describe('by group', () => {
  test.each([0, 1, 2])('no group is in two parts, and classes keep their shares, seed %d', async (seed) => {
    const { parts, rows } = await splitRows(table, byGroup(seed), stratified);
    for (const found of countsOf(parts, 1).values()) expect(found.filter((count) => count > 0)).toHaveLength(1);
    expect(off((part) => rows[PARTS[part]], ROWS)).toBeLessThan(0.03 * ROWS);
    const largest = countsOf(parts, 0).get('class 0') ?? [];
    const total = largest.reduce((sum, count) => sum + count);
    expect(off((part) => largest[part], total)).toBeLessThan(0.03 * total);
  });

  test('the seed alone decides', async () => {
    const first = await splitRows(table, byGroup(), stratified);
    expect(await splitRows(table, byGroup(), stratified)).toEqual(first);
    expect((await splitRows(table, byGroup(1), stratified)).parts).not.toEqual(first.parts);
  });

  test('a row without a group is a group of its own', async () => {
    const rows = cells.map(([label, , time]): Cell[] => [label, undefined, time]);
    const split = await splitRows(tableOf(['label', 'group', 'time'], rows), byGroup());
    expect(off((part) => split.rows[PARTS[part]], ROWS)).toBeLessThan(3);
  });

  test('three groups fill three parts, two do not', async () => {
    const grouped = (count: number) =>
      tableOf(
        ['group'],
        Array.from({ length: 30 }, (_, row) => [`g${row % count}`]),
      );
    expect((await splitRows(grouped(3), byGroup())).rows).toEqual({
      train: 10,
      validation: 10,
      test: 10,
      withoutTarget: 0,
    });
    await expect(splitRows(grouped(2), byGroup())).rejects.toThrow(
      "table: no row of 30 is left for test; expected more different values in 'group', or other fractions",
    );
  });
});

describe('by time', () => {
  const byTime: Split = { by: 'time', column: 'time', fractions };
  test('the test is later than validation, and that than training', async () => {
    const { parts, rows } = await splitRows(table, byTime, stratified);
    const range = [0, 1, 2].map((part) => {
      const times = cells.filter((_, row) => parts[row] === part).map(([, , time]) => Number(time));
      return [Math.min(...times), Math.max(...times)];
    });
    expect(range[0][1]).toBeLessThan(range[1][0]);
    expect(range[1][1]).toBeLessThan(range[2][0]);
    expect(off((part) => rows[PARTS[part]], ROWS)).toBeLessThan(0.01 * ROWS);
  });

  test('texts of dates and numbers are times', async () => {
    const dates = tableOf(
      ['time'],
      Array.from({ length: 20 }, (_, day) => [`${20 - day}/12/2024`]),
    );
    const { parts } = await splitRows(dates, { ...byTime, dayFirst: true });
    expect([...parts]).toEqual([2, 2, 1, 1, ...Array(16).fill(0)]);
    const numbers = tableOf(
      ['time'],
      Array.from({ length: 20 }, (_, row) => [`${row}`]),
    );
    expect([...(await splitRows(numbers, byTime)).parts]).toEqual([...Array(16).fill(0), 1, 1, 2, 2]);
  });

  test.each<[Cell[], string]>([
    [['2024-01-01', 'soon'], "table, row 2, column 'time': expected a date to split by, got 'soon'"],
    [['2024-01-01', ''], "row 2, column 'time': expected a date to split by, got nothing"],
    [['x'], "row 1, column 'time': expected a number or a date to split by, got 'x'"],
    [[1, 1, 1, 1], "no row of 4 is left for validation and test; expected more different times in 'time'"],
  ])('%j cannot be split', async (times, message) => {
    const rows = times.map((time) => [time]);
    await expect(splitRows(tableOf(['time'], rows), byTime)).rejects.toThrow(message);
  });
});

describe('by column or files', () => {
  const byColumn: Split = { by: 'column', column: 'part', seed: 0 };
  const partsOf = (...names: Cell[]) =>
    splitRows(
      tableOf(
        ['part'],
        names.map((name) => [name]),
      ),
      byColumn,
    );

  test('the column says it', async () => {
    expect([...(await partsOf('train', ' Test', 'validation', 'train')).parts]).toEqual([0, 2, 1, 0]);
  });

  test('without validation, a tenth of the training rows is drawn', async () => {
    const { rows, parts } = await partsOf(...Array(50).fill('train'), 'test');
    expect(rows).toEqual({ train: 45, validation: 5, test: 1, withoutTarget: 0 });
    expect(parts[50]).toBe(2);
  });

  test.each<[Cell[], string]>([
    [['train', 'trian'], "table, row 2, column 'part': expected 'train', 'validation' or 'test', got 'trian'"],
    [['train', undefined], "row 2, column 'part': expected 'train', 'validation' or 'test', got nothing"],
    [['train', 'validation'], "no row of 2 is left for test; expected rows with it in 'part'"],
    [['test', 'test'], 'no row of 2 is left for train and validation'],
  ])('%j cannot be split', async (names, message) => {
    await expect(partsOf(...names)).rejects.toThrow(message);
  });

  test('the file says it', async () => {
    const two = {
      ...tableOf(['x'], []),
      async *rows() {
        yield ['a', 'b', 'a', 'c'].map((file, index) => ({ cells: [index], file: `${file}.csv`, number: index + 1 }));
      },
    };
    const files = { 'a.csv': 'train', 'b.csv': 'test', 'c.csv': 'validation' } as const;
    expect([...(await splitRows(two, { by: 'files', files, seed: 0 })).parts]).toEqual([0, 2, 0, 1]);
    await expect(splitRows(two, { by: 'files', files: { 'a.csv': 'train' }, seed: 0 })).rejects.toThrow(
      "the split by files: there is no part for the file 'b.csv' (did you mean 'a.csv'?); there are a.csv",
    );
  });
});

test('cells that do not say the part of their rows are named together, or their rows are left out', async () => {
  const rows = ['train', 'tset', 'test', 'train', ''].map((part, row) => [part, row === 3 ? '' : 'a']);
  const named = tableOf(['part', 'label'], rows);
  const split: Split = { by: 'column', column: 'part', seed: 0 };
  const options = { target: 'label', allowEmpty: true };
  await expect(splitRows(named, split, options)).rejects.toThrow(
    /^2 cells cannot be used:\n {2}table, row 2, column 'part'.*\n {2}table, row 5, column 'part'/,
  );
  const skipped = await splitRows(named, split, { ...options, errors: new CellErrors('skip') });
  expect([...skipped.parts]).toEqual([0, 3, 2, 3, 3]);
  expect(skipped.rows).toEqual({ train: 1, validation: 0, test: 1, withoutTarget: 1 });
  expect([skipped.errors.count, skipped.errors.skippedRows]).toEqual([2, 2]);
});

test('what cannot be split is refused', async () => {
  await expect(splitRows(tableOf(['x'], []), byFraction())).rejects.toThrow('table: it has no rows');
  await expect(splitRows(tableOf(['x'], [['']]), byFraction(), { target: 'x' })).rejects.toThrow(
    "table: no row has a value for the target 'x'",
  );
  await expect(splitRows(table, { ...byGroup(), column: 'gruop' } as Split)).rejects.toThrow("did you mean 'group'?");
  await expect(splitRows(tableOf(['x'], [[1], [2], [3]]), byFraction())).rejects.toThrow(
    'table: no row of 3 is left for validation and test; expected more rows, or other fractions',
  );
});
