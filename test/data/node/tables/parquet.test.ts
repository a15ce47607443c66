import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, expect, test } from 'vitest';
import { openTable } from '../../../../src/data/node/index.js';
import type { Table } from '../../../../src/data/table.js';
import { allCells, allRows } from '../../../support/tables.js';

const folder = await mkdtemp(path.join(os.tmpdir(), 'tessera-parquet-'));
afterAll(() => rm(folder, { recursive: true }));

let written = 0;
async function open(bytes: Uint8Array, name = 'table.parquet'): Promise<Table> {
  const file = path.join(folder, `${written++}-${name}`);
  await writeFile(file, bytes);
  return openTable(file);
}

type Columns = Omit<Parameters<typeof parquetWriteBuffer>[0], 'writer'>;
const parquetOf = (options: Columns): Uint8Array => new Uint8Array(parquetWriteBuffer(options));

const ROWS = 3500;
const numbers = (rowGroupSize: number, pageSize?: number): Uint8Array =>
  parquetOf({
    columnData: [
      { name: 'id', data: Array.from({ length: ROWS }, (_, index) => index), type: 'INT32' },
      { name: 'text', data: Array.from({ length: ROWS }, (_, index) => `row ${index}`), type: 'STRING' },
    ],
    rowGroupSize,
    pageSize,
  });

test('cells keep their types', async () => {
  const table = await open(
    parquetOf({
      columnData: [
        { name: 'text', data: ['é', null, ''], type: 'STRING' },
        { name: 'number', data: [1.5, null, Number.NaN], type: 'DOUBLE' },
        { name: 'integer', data: [1n, 2n ** 53n + 1n, -3n], type: 'INT64' },
        { name: 'flag', data: [true, false, null], type: 'BOOLEAN' },
        { name: 'time', data: [new Date(86_400_123), null, new Date(0)], type: 'TIMESTAMP' },
        { name: 'bytes', data: [new Uint8Array([255, 0]), null, new Uint8Array([7])], type: 'BYTE_ARRAY' },
        { name: 'json', data: [[1, 'x'], { a: 1 }, null], type: 'JSON' },
      ],
    }),
  );
  expect([table.columns, table.size]).toEqual([['text', 'number', 'integer', 'flag', 'time', 'bytes', 'json'], 3]);
  expect(await allCells(table)).toEqual([
    ['é', 1.5, 1, true, new Date(86_400_123), new Uint8Array([255, 0]), [1, 'x']],
    [undefined, undefined, 2n ** 53n + 1n, false, undefined, undefined, '{"a":1}'],
    ['', Number.NaN, -3, undefined, new Date(0), new Uint8Array([7]), undefined],
  ]);
});

test.each([
  ['one row group', numbers(ROWS)],
  ['many row groups', numbers(700)],
  ['many pages', numbers(ROWS, 500)],
])('rows are read in order, in chunks, with their numbers: %s', async (_, bytes) => {
  const table = await open(bytes);
  expect(table.size).toBe(ROWS);
  for await (const rows of table.rows()) expect(rows.length).toBeLessThanOrEqual(1000);
  const rows = await allRows(table);
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1));
  expect(rows.map(({ cells }) => cells)).toEqual(Array.from({ length: ROWS }, (_, index) => [index, `row ${index}`]));
});

test('a row group larger than what is decoded at a time is read in parts', async () => {
  const text = 'x'.repeat(10_000);
  const table = await open(
    parquetOf({
      columnData: [
        { name: 'id', data: Array.from({ length: ROWS }, (_, index) => index), type: 'INT32' },
        { name: 'text', data: Array.from({ length: ROWS }, (_, index) => `${index}${text}`), type: 'STRING' },
      ],
      rowGroupSize: ROWS,
    }),
  );
  const cells = await allCells(table);
  expect(cells.map(([id]) => id)).toEqual(Array.from({ length: ROWS }, (_, index) => index));
  expect(cells.every(([id, cell]) => cell === `${id}${text}`)).toBe(true);
});

/**
 * Written by pyarrow 25 with Zstandard: tags: list<string> [['a', 'b'], [], null], image: struct<bytes, path> [{0x8950,
 * 'a.png'}, {null, 'b.png'}, null], day: date32 [2024-01-02, null, 1969-12-31], price: decimal [1.25, null, -3.50].
 */
const PYARROW = [
  'UEFSMRUAFS4VQCwVCBUAFQYVBhwAAAAotS/9IBe5AAACAAAAAwIDAAAAAx8AAQAAAGEBAAAAYhUAFRoVLCwVBhUAFQYVBhwAAAAotS/9IA1pAA',
  'ADAAAAAwYAAgAAAIlQFQAVMhVELBUGFQAVBhUGHAAAACi1L/0gGckAAAMAAAADCgAFAAAAYS5wbmcFAAAAYi5wbmcVABUcFS4sFQYVABUGFQYc',
  'AAAAKLUv/SAOcQAAAgAAAAMFDE0AAP////8VABUUFSYsFQYVABUGFQYcAAAAKLUv/SAKUQAAAgAAAAMFAH3+ohUEGZw1ABgGc2NoZW1hFQgANQ',
  'IYBHRhZ3MVAhUGTDwAAAA1BBgEbGlzdBUCABUMJQIYB2VsZW1lbnQlAEwcAAAANQIYBWltYWdlFQQAFQwlAhgFYnl0ZXMAFQwlAhgEcGF0aCUA',
  'TBwAAAAVAiUCGANkYXklDExsAAAAFQ4VBBUCGAVwcmljZSUKFQQVBixcFQQVBgAAABYGGRwZXCYAHBUMGSUGABk4BHRhZ3MEbGlzdAdlbGVtZW',
  '50FQwWCBZUFmYmCEkcFQAVABUCADwWBBkmBgIZRgICAAQAAAAmABwVDBklBgAZKAVpbWFnZQVieXRlcxUMFgYWQBZSJm5JHBUAFQAVAgA8FgQZ',
  'Bhk2AgICAAAAJgAcFQwZJQYAGSgFaW1hZ2UEcGF0aBUMFgYWWBZqJsABSRwVABUAFQIAPBYUGQYZNgIABAAAACYAHBUCGSUGABkYA2RheRUMFg',
  'YWQhZUJqoCSRwVABUAFQIAPCkGGSYCBAAAACYAHBUOGSUGABkYBXByaWNlFQwWBhY6Fkwm/gJJHBUAFQAVAgA8KQYZJgIEAAAAFugCFgYmCBbC',
  'AwAoIHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24gMjUuMC4xGVwcAAAcAAAcAAAcAAAcAAAA5QEAAFBBUjE=',
].join('');

test('lists, images of data sets, days and decimals are read as pyarrow writes them', async () => {
  const table = await open(Buffer.from(PYARROW, 'base64'));
  expect(table.columns).toEqual(['tags', 'image', 'day', 'price']);
  expect(await allCells(table)).toEqual([
    [['a', 'b'], new Uint8Array([0x89, 0x50]), new Date('2024-01-02'), 1.25],
    [[], 'b.png', undefined, undefined],
    [undefined, undefined, new Date('1969-12-31'), -3.5],
  ]);
});

test('Parquet is known by its content, also packed by gzip', async () => {
  const bytes = numbers(1000);
  expect((await allRows(await open(bytes, 'table.data'))).length).toBe(ROWS);
  expect((await allRows(await open(gzipSync(bytes), 'table.parquet.gz'))).length).toBe(ROWS);
});

test('a file that is cut off is refused when it is opened', async () => {
  const bytes = numbers(1000);
  await expect(open(bytes.subarray(0, bytes.length - 100))).rejects.toThrow(
    /cannot be read as Parquet: .*footer.*; it may be cut off or damaged/,
  );
  await expect(open(bytes.subarray(0, 6))).rejects.toThrow(/cannot be read as Parquet/);
});

test('damage within a column is named by its rows and column', async () => {
  const bytes = numbers(1000).fill(0xff, 5000, 5200);
  await expect(open(bytes).then((table) => allRows(table))).rejects.toThrow(
    /parquet: rows \d+ to \d+, column '(id|text)', cannot be read as Parquet: .*; it may be cut off or damaged/,
  );
});

test('a table without rows says so', async () => {
  const table = await open(parquetOf({ columnData: [{ name: 'a', data: [], type: 'STRING' }] }));
  await expect(allRows(table)).rejects.toThrow(/it has no rows/);
});
