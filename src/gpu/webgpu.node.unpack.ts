import { createReadStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import envPaths from 'env-paths';
import * as tar from 'tar';

/** Lists the files of an unpacked archive and their sizes. */
const MANIFEST = 'manifest.json';
const UNPACKING = 'unpacking-';
const PRIVATE = 'tessera-unpacked-';
/** How many milliseconds the folder of a process that is gone is left alone: the process may run on another machine. */
const ABANDONED_AFTER = 3_600_000;

/**
 * Unpacks an archive (tar, brotli) into a folder of the user's cache, once: it is done anew where a file is missing or of
 * another size than it was unpacked with. The whole folder is renamed when it is complete, so a second process or a Ctrl-C
 * leaves no half. Where the cache cannot be written, a private folder serves this process.
 */
export async function unpackOnce(
  archive: string,
  name: string,
  cache = envPaths('tessera', { suffix: '' }).cache,
): Promise<string> {
  const folder = path.join(cache, name);
  await removeAbandoned(cache, UNPACKING);
  if (await isWhole(folder)) return folder;
  await removeAbandoned(os.tmpdir(), PRIVATE);
  try {
    return await unpackIntoCache(archive, cache, folder);
  } catch (error) {
    const temporary = await mkdtemp(path.join(os.tmpdir(), `${PRIVATE}${process.pid}-`));
    process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
    try {
      await unpack(archive, temporary);
    } catch {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    return temporary;
  }
}

async function unpackIntoCache(archive: string, cache: string, folder: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(path.join(cache, `${UNPACKING}${process.pid}-`));
  try {
    await unpack(archive, temporary);
    if (!(await isWhole(folder))) await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was first: its folder is as good.
    if (!(await isWhole(folder))) throw error;
  }
  return folder;
}

async function unpack(archive: string, folder: string): Promise<void> {
  const sizes: Record<string, number> = {};
  const extract = tar.extract({
    cwd: folder,
    // What cannot be written is an error, not a warning that nobody sees.
    strict: true,
    // Root would keep the archive's owner, and leave a library in root's cache that another user may change.
    preserveOwner: false,
    onReadEntry: (entry) => {
      if (entry.type === 'File') sizes[entry.path] = entry.size;
    },
  });
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract);
  await writeFile(path.join(folder, MANIFEST), JSON.stringify(sizes));
  if (!(await isWhole(folder))) throw new Error(`${folder} does not hold what was written there`);
}

/** True for a folder with a manifest, and all its files in their sizes. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const sizes: Record<string, number> = JSON.parse(await readFile(path.join(folder, MANIFEST), 'utf8'));
    for (const [file, size] of Object.entries(sizes)) {
      if ((await stat(path.join(folder, file))).size !== size) return false;
    }
    return Object.keys(sizes).length > 0;
  } catch {
    return false;
  }
}

/** Removes the folders of a name and a process's id that a process left which was killed. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix) || isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue;
    const folder = path.join(parent, name);
    const changed = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    // Another user's folder stays.
    if (Date.now() - changed > ABANDONED_AFTER) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(id: number): boolean {
  if (!(id > 0)) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
