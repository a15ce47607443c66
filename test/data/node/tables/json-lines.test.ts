import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { CellErrors } from '../../../../src/data/cell-errors.js';
import { openTable } from '../../../../src/data/node/index.js';
import type { Table } from '../../../../src/data/table.js';
import { allCells, allRows } from '../../../support/tables.js';

const folder = await mkdtemp(path.join(os.tmpdir(), 'tessera-json-'));
afterAll(() => rm(folder, { recursive: true }));

let written = 0;
async function open(content: string | Uint8Array, name = 'table.jsonl'): Promise<Table> {
  const file = path.join(folder, `${written++}-${name}`);
  await writeFile(file, content);
  return openTable(file);
}

test('cells keep their types; null and what is left out are absent; objects are their text', async () => {
  const table = await open(
    '{"a":1.5,"b":"x","c":true}\r\n\n{"b":null,"d":["p",2],"a":-2e3}\n{"e":{"f":[1]},"c":false,"b":""}',
  );
  expect(table.columns).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(await allRows(table)).toEqual([
    { cells: [1.5, 'x', true, undefined, undefined], file: table.name, number: 1 },
    { cells: [-2000, undefined, undefined, ['p', 2], undefined], file: table.name, number: 2 },
    { cells: [undefined, '', false, undefined, '{"f":[1]}'], file: table.name, number: 3 },
  ]);
});

test('keys that objects inherit are columns like others', async () => {
  const table = await open('{"a":1,"toString":"x"}\n{"a":2}\n{"__proto__":3,"a":4}\n');
  expect(table.columns).toEqual(['a', 'toString', '__proto__']);
  expect(await allCells(table)).toEqual([
    [1, 'x', undefined],
    [2, undefined, undefined],
    [4, undefined, 3],
  ]);
});

test('many lines are read in chunks, also packed by gzip', async () => {
  const lines = Array.from({ length: 25_000 }, (_, index) => `{"x":${index},"text":"é${index}"}\n`).join('');
  for (const table of [await open(lines), await open(gzipSync(lines), 'table.jsonl.gz')]) {
    const cells = await allCells(table);
    expect(cells.length).toBe(25_000);
    expect(cells[24_999]).toEqual([24_999, 'é24999']);
  }
});

test('a line that is no object is named by its row', async () => {
  const table = await open('{"a":1}\n\n{"a":\n[1]\n7\n{"a":2}\n');
  await expect(allRows(table)).rejects.toThrow(
    /^3 cells.*\n.*jsonl, row 2: it is no JSON: Unexpected.*\n.*row 3: expected a JSON object, got '\[1\]'\n.*row 4: expected a JSON object, got '7'/,
  );
  expect(await allCells(table, new CellErrors('skip'))).toEqual([[1], [2]]);
  expect(await allCells(table, new CellErrors('missing'))).toEqual([[1], [undefined], [undefined], [undefined], [2]]);
});

test('a key that first appears after the rows that give the columns is named', async () => {
  const table = await open(`${'{"a":1}\n'.repeat(10_000)}{"a":2,"b":3}\n`);
  await expect(allRows(table)).rejects.toThrow(/row 10001, column 'b': there is no such column; there are a/);
});

test.each([
  ['', /it is empty; expected a JSON object of cells by column in each line/],
  ['{}\n{}\n', /its rows have no keys; expected a JSON object/],
  ['a,b\n1,2\n', /row 1: it is no JSON: .*; expected a JSON object/],
  ['[{"a":1}]', /it is a JSON array; expected an object in each line/],
  [Buffer.from('{"a":"\xE9"}\n', 'latin1'), /row 1: its bytes are not UTF-8/],
])('a file that is no table is refused when it is opened: %j', async (content, message) => {
  await expect(open(content)).rejects.toThrow(message);
});

test('damage after the first rows is named by its row', async () => {
  await expect(open('{"a":1}\n{"a":2}\0\n')).rejects.toThrow(/row 2: it has a NUL character/);
});
