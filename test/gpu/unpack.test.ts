import { existsSync, mkdtempSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import * as tar from 'tar';
import { afterAll, expect, test } from 'vitest';
import { unpackOnce } from '../../src/gpu/webgpu.node.unpack.js';

const root = mkdtempSync(path.join(os.tmpdir(), 'tessera-unpack-'));
afterAll(() => rm(root, { recursive: true }));

/** An archive of some files of a folder, in this order. */
async function pack(name: string, folder: string, files: readonly string[]): Promise<string> {
  const archive = path.join(root, name);
  await tar.create({ cwd: folder, file: `${archive}.tar` }, [...files]);
  await writeFile(archive, brotliCompressSync(readFileSync(`${archive}.tar`)));
  return archive;
}

async function archiveOf(contents: Readonly<Record<string, string>>, name: string): Promise<string> {
  const folder = path.join(root, `${name} files`);
  for (const [file, content] of Object.entries(contents)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
  return pack(name, folder, Object.keys(contents));
}

const contents = { 'library.so': 'code', 'driver.json': '{}' };

test('an archive is unpacked once, and anew where a file was split or is gone', async () => {
  const cache = path.join(root, 'cache');
  const archive = await archiveOf(contents, 'whole');
  const folder = await unpackOnce(archive, 'whole-1', cache);
  const read = () => Object.keys(contents).map((file) => readFileSync(path.join(folder, file), 'utf8'));
  expect(read()).toEqual(['code', '{}']);
  await writeFile(path.join(folder, 'kept'), '');
  expect(await unpackOnce(archive, 'whole-1', cache)).toBe(folder);
  expect(existsSync(path.join(folder, 'kept'))).toBe(true);
  const damages = [
    () => truncate(path.join(folder, 'library.so'), 2),
    () => rm(path.join(folder, 'driver.json')),
    () => writeFile(path.join(folder, 'manifest.json'), '{"library.so": 4, '),
  ];
  for (const damage of damages) {
    await damage();
    expect(await unpackOnce(archive, 'whole-1', cache)).toBe(folder);
    expect(read()).toEqual(['code', '{}']);
    expect(readdirSync(cache)).toEqual(['whole-1']);
  }
});

test('what cannot be written is an error, and leaves nothing behind', async () => {
  const cache = path.join(root, 'failing');
  // A file where the next entry needs a folder stands for a disk that is full.
  const [first, second] = [await archiveOf({ a: 'file' }, 'a'), await archiveOf({ 'a/b': 'file' }, 'b')];
  const headers = [first, second].map((archive) => readFileSync(`${archive}.tar`).subarray(0, 1024));
  const archive = path.join(root, 'contradictory');
  await writeFile(archive, brotliCompressSync(Buffer.concat([...headers, Buffer.alloc(1024)])));
  await expect(unpackOnce(archive, 'failing-1', cache)).rejects.toThrow();
  expect(readdirSync(cache)).toEqual([]);
});

test('where the cache cannot be written, a private folder serves', async () => {
  const cache = path.join(root, 'a file');
  await writeFile(cache, '');
  const folder = await unpackOnce(await archiveOf(contents, 'private'), 'private-1', cache);
  expect(readFileSync(path.join(folder, 'library.so'), 'utf8')).toBe('code');
  await rm(folder, { recursive: true });
});

test('what killed processes left is removed after a while', async () => {
  const cache = path.join(root, 'left');
  const gone = 2 ** 31 - 1;
  const names = ['unpacking-Xa1b2c', `unpacking-${gone}-Xa1b2c`, `unpacking-${process.pid}-Xa1b2c`, 'unpacking-fresh'];
  for (const name of names) {
    await mkdir(path.join(cache, name), { recursive: true });
    if (name !== 'unpacking-fresh') utimesSync(path.join(cache, name), 0, 0);
  }
  await unpackOnce(await archiveOf(contents, 'of others'), 'left-1', cache);
  expect(readdirSync(cache).sort()).toEqual(['left-1', `unpacking-${process.pid}-Xa1b2c`, 'unpacking-fresh'].sort());
});
