import { expect, test } from 'vitest';
import { encodeTable } from '../../../src/data/encoded.js';
import { learnFields } from '../../../src/data/learn-fields.js';
import type { Schema } from '../../../src/data/schema.js';
import { readOriginalCells } from '../../../src/predictor/report/original-cells.js';
import { tableOf } from '../../support/tables.js';

const UNUSED = 3;
const table = tableOf(
  ['title', 'sold', 'marks', 'brand', 'price', 'label'],
  [
    ['red car', '2024-05-01', 'a;b', 'x', '1', 'yes'],
    ['not used', '2024-05-02', '', 'y', '2', undefined],
    ['blue', '2024-05-03', 'a', '', 'NA', 'no'],
    ['', '', '', 'x', '4', 'yes'],
    ['green', '2024-05-05', 'b', 'y', '5', 'no'],
    ['not used', '2024-05-06', 'b', 'y', '6', undefined],
  ],
);
const schema: Schema = {
  version: 1,
  target: { column: 'label', kind: 'category', settings: {}, classes: ['no', 'yes'] },
  fields: [
    { column: 'title', kind: 'text', settings: { minimumCount: 1 } },
    { column: 'sold', kind: 'date', settings: {} },
    { column: 'marks', kind: 'tags', settings: { separator: ';', minimumCount: 1 } },
    { column: 'brand', kind: 'category', settings: { minimumCount: 1 } },
    { column: 'price', kind: 'number', settings: {} },
  ],
  ignored: [],
  split: { by: 'group', column: 'brand', fractions: { train: 1, validation: 0, test: 0 }, seed: 0 },
};
const learned = await learnFields(table, schema, Uint8Array.of(0, UNUSED, 0, 0, 0, UNUSED));
const { encoded } = await encodeTable(table, learned, Uint8Array.of(0, UNUSED, 2, 2, 1, UNUSED));

test('the cells of encoded rows are found again, though rows between them are not used', async () => {
  const cells = await readOriginalCells(table, learned, encoded, {
    sliced: Uint32Array.of(3, 0, 2),
    kept: Uint32Array.of(1),
  });
  expect(cells.missing).toEqual([0.25, 0.25, 0.25, 0.25, 0.25]);
  expect(cells.columns.map(({ name, values }) => [name, values])).toEqual([
    ['title, characters', [5, 7, undefined]],
    ['sold', [Date.UTC(2024, 4, 5), Date.UTC(2024, 4, 1), undefined]],
    ['marks, number of tags', [1, 2, undefined]],
    ['brand', ['y', 'x', 'x']],
    ['price', [5, 1, 4]],
  ]);
  expect(cells.columns[1].write?.(Date.UTC(2024, 4, 5))).toBe('2024-05-05');
  expect(Array.from(cells.kept, ([number, row]) => [number, row.number])).toEqual([[1, 3]]);
});

test('rows have the groups of the split, and a row without one is a group of its own', async () => {
  const none = { sliced: new Uint32Array(), kept: new Uint32Array() };
  const { groups } = await readOriginalCells(table, learned, encoded, none);
  expect(Array.from(groups!)).toEqual([0, 1, 0, 2]);
  const split = { by: 'fraction', fractions: { train: 1, validation: 0, test: 0 }, seed: 0 } as const;
  expect((await readOriginalCells(table, { ...learned, split }, encoded, none)).groups).toBeUndefined();
});
