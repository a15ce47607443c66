import { expect, test } from 'vitest';
import { DuplicateFinder } from '../../src/data/duplicates.js';
import type { Cell } from '../../src/data/table.js';

/** Counts the duplicates of rows in given parts, looking at their first two columns. */
function duplicatesOf(rows: readonly (readonly Cell[])[], parts: readonly number[]) {
  const finder = new DuplicateFinder([0, 1]);
  rows.forEach((cells, index) => {
    finder.add({ cells, file: 'table', number: index + 1 });
  });
  return finder.count(Uint8Array.from(parts));
}

test('rows that are equal in the columns are counted, and those with an equal training row', () => {
  const rows = [
    ['a', 1, 'x'],
    ['a', 1, 'y'], // equals the first
    ['b', 1],
    [' b ', '1'], // as texts, it equals the row before
    ['a', 1], // unused
    ['c', 2],
    ['c', 2], // equals a row of its own part
  ];
  expect(duplicatesOf(rows, [0, 2, 1, 0, 3, 2, 2])).toEqual({ rows: 3, acrossSplit: 2, compared: 7 });
});

test('what differs is not equal: the order, absent cells, cells side by side', () => {
  const rows: Cell[][] = [
    ['a', 'b'],
    ['b', 'a'],
    ['ab', ''],
    ['', 'ab'],
    [undefined, undefined],
    ['a', undefined],
  ];
  expect(duplicatesOf(rows, [0, 1, 2, 0, 1, 2]).rows).toBe(0);
});

test('no two of 200,000 different rows are confused, and every copy is found', () => {
  const rows = Array.from({ length: 200_000 }, (_, row) => [`text ${row % 400}`, Math.floor(row / 400)]);
  const parts = rows.map((_, row) => Number(row % 10 === 0));
  expect(duplicatesOf(rows, parts)).toEqual({ rows: 0, acrossSplit: 0, compared: 200_000 });
  const copies = rows.filter((_, row) => row % 10 === 1);
  const all = duplicatesOf([...rows, ...copies], [...parts, ...copies.map(() => 2)]);
  expect(all).toEqual({ rows: 20_000, acrossSplit: 20_000, compared: 220_000 });
});
