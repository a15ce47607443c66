import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openTable } from '../../../../src/data/node/index.js';
import { allCells, allRows } from '../../../support/tables.js';

const root = await mkdtemp(path.join(os.tmpdir(), 'tessera-folder-'));
afterAll(() => rm(root, { recursive: true }));

/** Makes a folder of files, each of which contains its own path. */
async function folderOf(name: string, ...files: string[]): Promise<string> {
  const folder = path.join(root, name);
  await mkdir(folder);
  for (const file of files) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), file);
  }
  return folder;
}

test('images are rows in the order of their names, with their folder as label', async () => {
  const folder = await folderOf('pets', 'dog/2.png', 'dog/10.png', 'cat/b.jpg', '.git/x', 'cat/.DS_Store', 'README.md');
  const table = await openTable(folder);
  expect([table.columns, table.target, table.size]).toEqual([['image', 'label'], 'label', 3]);
  expect(await allRows(table)).toEqual([
    { cells: ['cat/b.jpg', 'cat'], file: folder, number: 1 },
    { cells: ['dog/10.png', 'dog'], file: folder, number: 2 },
    { cells: ['dog/2.png', 'dog'], file: folder, number: 3 },
  ]);
  for (const [image] of await allCells(table)) {
    expect(Buffer.from(await table.readFile(String(image), { file: folder })).toString()).toBe(image);
  }
});

test('a folder of images alone is a table without labels, such as one to predict', async () => {
  const table = await openTable(await folderOf('new', 'b.png', 'a.jpg', 'README.md'));
  expect([table.columns, await allCells(table)]).toEqual([['image'], [['a.jpg'], ['b.png']]]);
});

test('a file that is no image is a row too, so that decoding it names it', async () => {
  const folder = await folderOf('notes', 'cat/a.png', 'cat/notes.txt');
  expect(await allCells(await openTable(folder))).toEqual([
    ['cat/a.png', 'cat'],
    ['cat/notes.txt', 'cat'],
  ]);
});

test('a linked class folder is listed, but its files lie outside', async () => {
  const folder = await folderOf('linked', 'cat/a.png');
  await folderOf('elsewhere', 'dogs/d.png');
  await symlink('../elsewhere/dogs', path.join(folder, 'dog'));
  const table = await openTable(folder);
  expect((await allCells(table))[1]).toEqual(['dog/d.png', 'dog']);
  await expect(table.readFile('dog/d.png', { file: folder })).rejects.toThrow(/lies outside of the table's folder/);
});

test.each([
  ['empty', [], /it has neither images nor class folders; expected a folder of images for each class/],
  ['texts', ['a.txt'], /it has neither images nor class folders/],
  ['beside', ['cat/a.png', 'b.png'], /'b.png' is beside the class folders/],
  ['deep', ['train/cat/a.png', 'test/cat/b.png'], /'test' has folders in it, such as 'cat'; .* give '.*deep.test'/],
])('a folder of another shape is refused: %s', async (name, files, message) => {
  await expect(folderOf(name, ...files).then((folder) => openTable(folder))).rejects.toThrow(message);
});

test('an empty class folder is refused', async () => {
  const folder = await folderOf('hollow', 'cat/a.png', 'dog/.keep');
  await expect(openTable(folder)).rejects.toThrow(/the class folder 'dog' is empty; remove it/);
});
