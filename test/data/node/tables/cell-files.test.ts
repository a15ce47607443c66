import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openTable } from '../../../../src/data/node/index.js';

const root = await mkdtemp(path.join(os.tmpdir(), 'tessera-cell-files-'));
afterAll(() => rm(root, { recursive: true }));
const folder = path.join(root, 'table');
await mkdir(path.join(folder, 'images'), { recursive: true });
await writeFile(path.join(folder, 'images/a.png'), 'a');
await writeFile(path.join(folder, '..b.png'), 'b');
await writeFile(path.join(folder, 'odd\\name.png'), 'odd');
await writeFile(path.join(root, 'secret.png'), 'secret');
await symlink('../secret.png', path.join(folder, 'link.png'));
await symlink('images/a.png', path.join(folder, 'inner.png'));
await symlink('..', path.join(folder, 'up'));
const file = path.join(folder, 'table.csv');
await writeFile(file, 'image,label\nimages/a.png,x\n');

const read = async (cell: string, allowOutside = false): Promise<string> => {
  const table = await openTable(file, { allowOutside });
  return Buffer.from(await table.readFile(cell, { file })).toString();
};

test.each([
  ['images/a.png', 'a'],
  ['./images/../images/a.png', 'a'],
  [path.join(folder, 'images/a.png'), 'a'],
  ['..b.png', 'b'],
  ['inner.png', 'a'],
])('a path in the folder of the table is read: %s', async (cell, content) => {
  expect(await read(cell)).toBe(content);
});

test.each([
  ['images\\a.png', 'a'],
  ['.\\images\\a.png', 'a'],
  ['C:\\data\\table\\images\\a.png', 'a'],
  ['C:/data/images/a.png', 'a'],
  ['\\\\server\\share\\images\\a.png', 'a'],
  ['odd\\name.png', 'odd'],
])('a path that Windows wrote is understood: %s', async (cell, content) => {
  expect(await read(cell)).toBe(content);
});

test.each(['../secret.png', 'images/../../secret.png', path.join(root, 'secret.png'), 'link.png', 'up/secret.png'])(
  'a file outside of the folder is read only if that is allowed: %s',
  async (cell) => {
    await expect(read(cell)).rejects.toThrow(/lies outside of the table's folder '.*'; move it there, or allow/);
    expect(await read(cell, true)).toBe('secret');
  },
);

test('a path that Windows wrote does not lead outside either', async () => {
  await expect(read('..\\secret.png')).rejects.toThrow(/lies outside/);
  await expect(read('C:\\data\\secret.png')).rejects.toThrow(/there is no file 'C:\\data\\secret.png'/);
});

test.each(['https://example.org/a.png', 'file:///etc/passwd', 'data:image/png;base64,AAAA', 's3://bucket/a.png'])(
  'an address is never fetched: %s',
  async (cell) => {
    await expect(read(cell, true)).rejects.toThrow(/is an address; expected the path of a file: nothing is fetched$/);
  },
);

test.each([
  ['', /expected the path of a file, got an empty one/],
  ['a\0.png', /expected the path of a file, got one with a NUL character/],
  ['none.png', /there is no file 'none.png' in '/],
  ['images', /there is no file 'images' in '/],
  ['x'.repeat(5000), /there is no file 'xxx/],
])('what names no file is an error: %j', async (cell, message) => {
  await expect(read(cell)).rejects.toThrow(message);
});

test('a file of another table is an error', async () => {
  const table = await openTable(file);
  await expect(table.readFile('images/a.png', { file: 'other.csv' })).rejects.toThrow(/it has no file 'other.csv'/);
});
