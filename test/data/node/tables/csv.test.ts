import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { CellErrors } from '../../../../src/data/cell-errors.js';
import { openTable } from '../../../../src/data/node/index.js';
import type { OpenTableOptions } from '../../../../src/data/node/tables/open.js';
import type { Table } from '../../../../src/data/table.js';
import { allCells, allRows } from '../../../support/tables.js';

const folder = await mkdtemp(path.join(os.tmpdir(), 'tessera-csv-'));
afterAll(() => rm(folder, { recursive: true }));

let written = 0;
async function fileOf(content: string | Uint8Array, name = 'table.csv'): Promise<string> {
  const file = path.join(folder, `${written++}-${name}`);
  await writeFile(file, content);
  return file;
}
const open = async (content: string | Uint8Array, name?: string, options?: OpenTableOptions): Promise<Table> =>
  openTable(await fileOf(content, name), options);
const cellsOf = async (content: string | Uint8Array, name?: string, options?: OpenTableOptions) =>
  allCells(await open(content, name, options));

test('rows have cells by column, their file and their number; an empty cell is absent', async () => {
  const file = await fileOf('name, price\nhat,3\n\nshoe,\n"",7\n');
  const table = await openTable(file);
  expect([table.name, table.columns, table.size]).toEqual([file, ['name', 'price'], undefined]);
  expect(await allRows(table)).toEqual([
    { cells: ['hat', '3'], file, number: 1 },
    { cells: ['shoe', undefined], file, number: 2 },
    { cells: [undefined, '7'], file, number: 3 },
  ]);
});

test('a table is read any number of times, in chunks of about a thousand rows', async () => {
  const table = await open(`a,b\n${Array.from({ length: 2500 }, (_, index) => `${index},x\n`).join('')}`);
  const sizes: number[] = [];
  for await (const rows of table.rows()) sizes.push(rows.length);
  expect(sizes).toEqual([1000, 1000, 500]);
  expect((await allRows(table)).map(({ number }) => number)).toEqual(Array.from({ length: 2500 }, (_, i) => i + 1));
});

test('quoted cells hold delimiters, quotes and line breaks; quotes within other cells are characters', async () => {
  expect(await cellsOf('a,b\n"x, ""y""","one\r\ntwo"\n5" nail,"""'.concat('said"" he"\n'))).toEqual([
    ['x, "y"', 'one\r\ntwo'],
    ['5" nail', '"said" he'],
  ]);
});

test.each([
  ['\r\n', 'with Windows line ends'],
  ['\r', 'with old Macintosh line ends'],
  ['\n', 'without a line end at the end'],
])('lines are told apart: %j %s', async (newline) => {
  const lines = ['a,b', '1,2', '"3","4"', '5,'];
  expect(await cellsOf(lines.join(newline))).toEqual([
    ['1', '2'],
    ['3', '4'],
    ['5', undefined],
  ]);
});

test.each([
  ['comma', 'a,b\n1;5,2\n3,4\n'],
  ['semicolon', 'a;b\n1,5;2,5\n3,1;4\n'],
  ['tab', 'a\tb\n1,5\t2\n3\t4, and more\n'],
])('the delimiter is found: %s', async (_, content) => {
  const table = await open(content);
  expect(table.columns).toEqual(['a', 'b']);
  expect((await allCells(table)).length).toBe(2);
});

test('a delimiter can be given; .tsv has tabs; a single column has none', async () => {
  expect(await cellsOf('a|b\n1|2,3\n', undefined, { delimiter: '|' })).toEqual([['1', '2,3']]);
  expect(await cellsOf('a,x\tb\n1,2\t3\n', 'table.tsv')).toEqual([['1,2', '3']]);
  expect(await cellsOf('text\nhello\n\nbye\n')).toEqual([['hello'], [undefined], ['bye']]);
});

const utf16 = (text: string, isBigEndian: boolean): Buffer => {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return isBigEndian ? bytes.swap16() : bytes;
};

test.each([
  ['UTF-8', Buffer.from('a,b\ncafé 🙂,\u0A0A\n')],
  ['UTF-8 with a byte-order mark', Buffer.from('\uFEFFa,b\ncafé 🙂,\u0A0A\n')],
  ['UTF-16, little endian', utf16('a,b\ncafé 🙂,\u0A0A\n', false)],
  ['UTF-16, big endian', utf16('a,b\ncafé 🙂,\u0A0A\n', true)],
])('text is read as %s', async (_, bytes) => {
  const table = await open(bytes);
  expect(table.columns).toEqual(['a', 'b']);
  expect(await allCells(table)).toEqual([['café 🙂', '\u0A0A']]);
});

test('latin1 is read when asked for; otherwise its bytes are an error that names the row', async () => {
  const bytes = Buffer.from('a,b\n1,x\n2,caf\xE9\n', 'latin1');
  expect(await cellsOf(bytes, undefined, { encoding: 'latin1' })).toEqual([
    ['1', 'x'],
    ['2', 'café'],
  ]);
  const table = await open(bytes);
  await expect(allRows(table)).rejects.toThrow(
    /row 2: its bytes are not UTF-8: '2,caf\uFFFD'; .* give its encoding, such as 'latin1'$/,
  );
});

test('characters that are divided between pieces of the file are whole', async () => {
  const rows = Array.from({ length: 60_000 }, (_, index) => `${index},é🙂é\n`);
  const cells = await cellsOf(`a,b\n${rows.join('')}`);
  expect(cells.length).toBe(60_000);
  expect(new Set(cells.map(([, text]) => text))).toEqual(new Set(['é🙂é']));
});

test('a quoted cell may be longer than a piece of the file', async () => {
  const long = 'a line, and "more"\n'.repeat(30_000);
  expect(await cellsOf(`a,b\n1,"${long.replaceAll('"', '""')}"\n2,x\n`)).toEqual([
    ['1', long],
    ['2', 'x'],
  ]);
});

const ragged = 'a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12,,\n';

test('rows with too few or too many cells are named; empty cells after the last are no cells', async () => {
  const table = await open(ragged);
  await expect(allRows(table)).rejects.toThrow(
    /^2 cells.*\n.*csv, row 2: it has 2 cells; expected 3, as in the header\n.*row 3: it has 4 cells; expected 3/,
  );
  const skip = new CellErrors('skip');
  expect((await allRows(table, skip)).map(({ number }) => number)).toEqual([1, 4]);
  expect([skip.count, skip.skippedRows]).toEqual([2, 2]);
  const missing = new CellErrors('missing');
  expect(await allCells(table, missing)).toEqual([
    ['1', '2', '3'],
    ['4', '5', undefined],
    ['6', '7', '8'],
    ['10', '11', '12'],
  ]);
  expect(missing.count).toBe(2);
});

test('ten bad rows stop the reading before its end', async () => {
  const table = await open(`a,b\n${'1\n'.repeat(5000)}`);
  await expect(allRows(table)).rejects.toThrow(/^10 cells cannot be used so far:\n(.*row \d+: it has 1 cells.*\n){10}/);
});

test.each([
  ['', /it is empty; expected a line with the names of the columns/],
  ['\n\n', /blank lines alone; expected a line with the names/],
  ['a,b,a\n1,2,3\n', /header: columns 1 and 3 are both called 'a'; rename one of them/],
  ['a,,c\n1,2,3\n', /header: column 2 of 3 has no name; name it, or remove it/],
  ['a,"b\n1,2\n', /header: the quote that begins at '"b 1,2' is never closed/],
  [Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), /header: its bytes are not UTF-8/],
  [Buffer.from('PK\x03\x04\0\xFF,\n', 'latin1'), /header: it has a NUL character: the file is not text/],
  [Buffer.from('PK\x03\x04\0\0abc'), /header: it has a NUL character: the file is not text/],
])('a file that is no table is refused when it is opened: %j', async (content, message) => {
  await expect(open(content)).rejects.toThrow(message);
});

test('a header alone has no rows', async () => {
  await expect(cellsOf('a,b\n')).rejects.toThrow(/table.csv: it has no rows; expected at least one$/);
});

test.each([
  ['a,b\n1,2\n3,"open\n5,6\n', /row 2: the quote that begins at '"open 5,6' is never closed/],
  ['a,b\n1,2\n3,"open\n5,"6"\n', /row 2: the quote that begins at '"open 5,"6"' is closed in the middle of its cell/],
  ['a,b\n1,2\n3,4\0\n', /row 2: it has a NUL character/],
])('damage is named by its row: %j', async (content, message) => {
  await expect(cellsOf(content)).rejects.toThrow(message);
});

test('a quote that is never closed does not fill the memory', async () => {
  const table = await open(`a,b\n1,2\n3,"${'4,5\n'.repeat(4.5 * 2 ** 20)}`);
  await expect(allRows(table)).rejects.toThrow(/row 2: it has more than 16777216 characters, as if a quote were never/);
});

test('a line without end does not fill the memory', async () => {
  await expect(open(`a,b\n1,${'x'.repeat(17 * 2 ** 20)}`).then(allRows)).rejects.toThrow(
    /: a line has more than 16777216 bytes/,
  );
});

test('gzip is unpacked, whatever the name; a file that was cut off or damaged is named', async () => {
  const packed = gzipSync(`a,b\n${Array.from({ length: 3000 }, (_, index) => `${index},${index ** 3}\n`).join('')}`);
  expect((await cellsOf(packed, 'table.csv.gz')).length).toBe(3000);
  expect((await cellsOf(packed, 'table.csv')).length).toBe(3000);
  expect((await cellsOf(gzipSync('a,x\tb\n1\t2\n'), 'table.tsv.gz')).length).toBe(1);
  await expect(open(packed.subarray(0, 5000)).then(allRows)).rejects.toThrow(/its gzip data end too early/);
  await expect(open(packed.fill(0, 3000, 3100)).then(allRows)).rejects.toThrow(/its gzip data are damaged/);
});

test('a file that changes or vanishes after it was opened is named', async () => {
  const file = await fileOf('a,b\n1,2\n');
  const table = await openTable(file);
  await writeFile(file, 'a,c\n1,2\n');
  await expect(allRows(table)).rejects.toThrow(/its columns are not those that it had when it was opened/);
  await rm(file);
  await expect(allRows(table)).rejects.toThrow(/cannot read '.*table.csv': there is no such file/);
});

test('reading can end early', async () => {
  const table = await open(`a,b\n${'1,2\n'.repeat(100_000)}`);
  for await (const rows of table.rows()) {
    expect(rows.length).toBe(1000);
    break;
  }
});
