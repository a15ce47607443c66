import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openTable } from '../../../../src/data/node/index.js';
import type { OpenTableOptions } from '../../../../src/data/node/tables/open.js';
import { allRows } from '../../../support/tables.js';

const folder = await mkdtemp(path.join(os.tmpdir(), 'tessera-open-'));
afterAll(() => rm(folder, { recursive: true }));
async function fileOf(name: string, content: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}
const first = await fileOf('first.csv', 'a,b\n1,2\n');

test('files of the same columns are one table; rows keep their file, and columns their order', async () => {
  const second = await fileOf('second.tsv', 'b\ta\n4\t3\n6\t5\n');
  const table = await openTable([first, second]);
  expect([table.name, table.columns]).toEqual([`${first} and 1 more`, ['a', 'b']]);
  expect(await allRows(table)).toEqual([
    { cells: ['1', '2'], file: first, number: 1 },
    { cells: ['3', '4'], file: second, number: 1 },
    { cells: ['5', '6'], file: second, number: 2 },
  ]);
});

test('a file without rows beside one with rows is no error', async () => {
  const empty = await fileOf('empty.csv', 'a,b\n');
  expect((await allRows(await openTable([empty, first]))).length).toBe(1);
  await expect(openTable(empty).then((table) => allRows(table))).rejects.toThrow(/empty.csv: it has no rows/);
});

test('files that differ in their columns are named with the difference', async () => {
  const other = await fileOf('other.csv', 'a,c,d\n1,2,3\n');
  await expect(openTable([first, other])).rejects.toThrow(
    `${other}: its columns differ from those of ${first}: it lacks 'b' and has also 'c', 'd'`,
  );
});

test('each file is given once, and there is at least one', async () => {
  const again = path.relative('.', first);
  await expect(openTable([first, again])).rejects.toThrow(`${again}: it is given twice`);
  await expect(openTable([])).rejects.toThrow('openTable: expected at least one file, got none');
});

test('a path that is no file is an error', async () => {
  await expect(openTable(path.join(folder, 'none.csv'))).rejects.toThrow(/none.csv': there is no such file/);
  await writeFile(path.join(folder, 'visits.csv'), 'a,b\n1,2\n');
  await expect(openTable(path.join(folder, 'vists.csv'))).rejects.toThrow(
    /vists.csv': there is no such file \(did you mean 'visits.csv'\?\)$/,
  );
  await expect(openTable('/dev/null')).rejects.toThrow("cannot read '/dev/null': expected a regular file");
});

test('options are checked', async () => {
  await expect(openTable(first, { delimeter: ';' } as OpenTableOptions)).rejects.toThrow(/did you mean 'delimiter'/);
  await expect(openTable(first, { encoding: 'utf-7' } as unknown as OpenTableOptions)).rejects.toThrow(
    /openTable: encoding must be 'utf-8' or .*, got 'utf-7'/,
  );
  await expect(openTable(first, { delimiter: '' })).rejects.toThrow(/openTable: delimiter must be one character/);
});
