import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { CellErrors } from '../../src/data/cell-errors.js';
import { type RowObject, type RowSource, type TableOfOptions, tableOf } from '../../src/data/rows.js';
import { allCells, allRows } from '../support/tables.js';

const PRODUCTS = [
  { name: 'hat', price: 3, photo: new Uint8Array([1, 2]) },
  { name: 'shoe', tags: ['new', 'red'], date: new Date(0) },
  { name: null, price: undefined, isSold: true, count: 3n },
];
const CELLS = [
  ['hat', 3, new Uint8Array([1, 2]), undefined, undefined, undefined, undefined],
  ['shoe', undefined, undefined, ['new', 'red'], new Date(0), undefined, undefined],
  [undefined, undefined, undefined, undefined, undefined, true, 3n],
];

async function* generated(rows: readonly RowObject[]): AsyncGenerator<RowObject> {
  yield* rows;
}

test.each<[string, () => RowSource | (() => RowSource)]>([
  ['an array', () => PRODUCTS],
  ['a set', () => new Set(PRODUCTS)],
  ['an iterator', () => PRODUCTS.values()],
  ['an async generator', () => generated(PRODUCTS)],
  ['a stream', () => Readable.from(PRODUCTS)],
  ['a function that returns an array', () => () => PRODUCTS],
  ['a function that returns a generator', () => () => generated(PRODUCTS)],
])('a table is made of %s, and is read any number of times', async (_, source) => {
  const table = await tableOf(source());
  expect(table.columns).toEqual(['name', 'price', 'photo', 'tags', 'date', 'isSold', 'count']);
  expect(await allCells(table)).toEqual(CELLS);
  expect(await allCells(table)).toEqual(CELLS);
});

test('rows are named by the table and their number, and come in chunks of a thousand', async () => {
  const table = await tableOf(
    Array.from({ length: 1500 }, (_, index) => ({ x: index })),
    { name: 'numbers' },
  );
  const chunks: number[] = [];
  for await (const rows of table.rows()) chunks.push(rows.length);
  expect(chunks).toEqual([1000, 500]);
  expect((await allRows(table))[1499]).toEqual({ cells: [1499], file: 'numbers', number: 1500 });
});

test('columns can be chosen; a key beside them, or one that first appears later, is an error', async () => {
  const rows = Array.from({ length: 10_001 }, (_, index) => (index < 10_000 ? { a: 1 } : { a: 1, b: 2 }));
  await expect(tableOf(rows).then((table) => allRows(table))).rejects.toThrow(
    "rows, row 10001, column 'b': there is no such column; there are a",
  );
  const table = await tableOf(rows, { columns: ['b', 'a'] });
  expect((await allCells(table)).at(-1)).toEqual([2, 1]);
});

test('a generator may be read by two passes at once', async () => {
  const table = await tableOf(generated(Array.from({ length: 3000 }, (_, x) => ({ x }))));
  const [first, second] = await Promise.all([allCells(table), allCells(table)]);
  expect(first.map(([x]) => x)).toEqual(Array.from({ length: 3000 }, (_, x) => x));
  expect(second).toEqual(first);
});

test('a generator with too many rows to keep asks for a function', async () => {
  const many = function* () {
    for (let x = 0; x < 100_001; x++) yield { x };
  };
  const table = await tableOf(many());
  await expect(allRows(table)).rejects.toThrow(
    'rows: it has more than 100000 rows, which are too many to keep for further passes; give a function that returns the rows anew',
  );
  expect((await allRows(await tableOf(many))).length).toBe(100_001);
});

test('a function that returns one iterator twice is an error', async () => {
  const once = PRODUCTS.values();
  const table = await tableOf(() => once);
  await expect(allRows(table)).rejects.toThrow('the function returned the same iterator again');
});

test('the error of a source is the error of each pass', async () => {
  const failing = async function* () {
    yield { x: 1 };
    throw new Error('no connection');
  };
  const table = await tableOf(failing(), { columns: ['x'] });
  await expect(allRows(table)).rejects.toThrow('no connection');
  await expect(allRows(table)).rejects.toThrow('no connection');
});

test('what is no row and what is no cell is named, or left out, or absent', async () => {
  const table = await tableOf([{ a: 1, b: 2 }, 7, { a: { x: 1 }, b: 3 }, { a: 4, b: () => 5 }] as RowObject[]);
  await expect(allRows(table)).rejects.toThrow(
    [
      '3 cells cannot be used:',
      '  rows, row 2: expected an object of cells by column, got 7',
      "  rows, row 3, column 'a': expected a text, number, boolean, date, list or bytes, got an object (Object)",
      "  rows, row 4, column 'b': expected a text, number, boolean, date, list or bytes, got a function",
    ].join('\n'),
  );
  const skip = new CellErrors('skip');
  expect(await allCells(table, skip)).toEqual([[1, 2]]);
  expect(skip.skippedRows).toBe(3);
  expect(await allCells(table, new CellErrors('missing'))).toEqual([
    [1, 2],
    [undefined, undefined],
    [undefined, 3],
    [4, undefined],
  ]);
});

test.each<[string, unknown, TableOfOptions | undefined, string]>([
  ['no rows', [], undefined, 'rows: it has no rows; expected objects of cells by column'],
  ['no keys', [{}], undefined, 'rows: its rows have no keys; expected objects of cells by column'],
  ['a number', 7, undefined, 'tableOf: expected rows an array, an iterable or an async iterable, got 7'],
  ['a text', 'abc', undefined, "tableOf: expected rows an array, an iterable or an async iterable, got 'abc'"],
  [
    'a function of a number',
    () => 7,
    undefined,
    'tableOf: expected the function to return an array, an iterable or an async iterable, got 7',
  ],
  ['a column twice', PRODUCTS, { columns: ['a', 'a'] }, 'tableOf: columns must be an array of different texts, got'],
  ['an unknown option', PRODUCTS, { colums: ['a'] } as TableOfOptions, "did you mean 'columns'"],
])('what makes no table is refused: %s', async (_, source, options, message) => {
  await expect(tableOf(source as RowSource, options)).rejects.toThrow(message);
});

test('an empty source with columns has no rows', async () => {
  const table = await tableOf([], { columns: ['a'] });
  await expect(allRows(table)).rejects.toThrow('rows: it has no rows; expected at least one');
});

test('files are read by the function that is given', async () => {
  const table = await tableOf(PRODUCTS, { readFile: async (path) => new TextEncoder().encode(path) });
  expect(await table.readFile('a.png', { file: 'rows' })).toEqual(new TextEncoder().encode('a.png'));
  const without = await tableOf(PRODUCTS);
  await expect(without.readFile('a.png', { file: 'rows' })).rejects.toThrow("'a.png' names a file; give its contents");
});
