import { expect, test } from 'vitest';
import { CellError, CellErrors, type OnError } from '../../src/data/cell-errors.js';

const at = (row: number, column = 'price') => new CellError({ file: 'a.csv', row, column }, `'x${row}' is no number`);
const collect = (onError: OnError | undefined, rows: readonly number[]): CellErrors => {
  const errors = new CellErrors(onError);
  for (const row of rows) errors.add(at(row));
  return errors;
};

test('a cell is named by file, row and column', () => {
  expect(at(3).message).toBe("a.csv, row 3, column 'price': 'x3' is no number");
  expect(new CellError({ file: 'a.csv', row: 3 }, 'too long').message).toBe('a.csv, row 3: too long');
});

test('by default ten cells stop the work at once, and are all listed with their number so far', () => {
  const errors = collect(undefined, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  let message = '';
  try {
    errors.add(at(12));
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.split('\n')).toEqual([
    '10 cells cannot be used so far:',
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 12].map((row) => `  a.csv, row ${row}, column 'price': 'x${row}' is no number`),
    "correct them, or choose what happens to them by onError (--on-error): 'skip' leaves their rows out, 'missing' takes them as absent",
  ]);
});

test('fewer cells stop the work at its end', () => {
  expect(() => collect('stop', [4]).finish()).toThrow("1 cell cannot be used:\n  a.csv, row 4, column 'price'");
  expect(() => collect('stop', []).finish()).not.toThrow();
});

test('skip counts cells and the rows that are left out', () => {
  const errors = new CellErrors('skip');
  for (let row = 1; row <= 12; row++) {
    expect(errors.add(at(row))).toBe('skip');
    expect(errors.add(at(row, 'size'))).toBe('skip');
  }
  errors.finish();
  expect([errors.count, errors.skippedRows, errors.first.length]).toEqual([24, 12, 10]);
  expect(errors.summary()).toMatch(/^24 cells cannot be used; 12 rows left out:\n( {2}a\.csv.*\n){10} {2}and 14 more$/);
});

test('missing counts cells and leaves no row out', () => {
  const errors = collect('missing', [1, 2]);
  expect(errors.add(at(3))).toBe('missing');
  errors.finish();
  expect([errors.count, errors.skippedRows]).toEqual([3, 0]);
  expect(errors.summary()).toContain('3 cells cannot be used, taken as absent:');
});

test('another choice is refused', () => {
  expect(() => new CellErrors('ignore' as OnError)).toThrow(
    "CellErrors: onError must be 'stop' or 'skip' or 'missing', got 'ignore'",
  );
});
