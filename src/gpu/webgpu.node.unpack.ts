import { createReadStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import envPaths from 'env-paths';
import * as tar from 'tar';

/** The file that lists the files of an unpacked archive and their sizes. */
const MANIFEST = 'manifest.json';
const UNPACKING = 'unpacking-';
const PRIVATE = 'tessera-unpacked-';
/** The age in milliseconds at which a folder whose process is not running is removed; it may run on another machine. */
const ABANDONED_AFTER = 3_600_000;

/**
 * Unpacks an archive (tar, brotli) into a folder of the user's cache, unless it is there with all files in their sizes.
 * The folder is renamed when it is complete, so that concurrent processes and interruptions leave no partial folder. If
 * the cache is not writable, a temporary folder is used until the process exits.
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
    // If another process was faster, use its folder.
    if (!(await isWhole(folder))) throw error;
  }
  return folder;
}

async function unpack(archive: string, folder: string): Promise<void> {
  const sizes: Record<string, number> = {};
  const extract = tar.extract({
    cwd: folder,
    // Treat warnings, such as for files that cannot be written, as errors.
    strict: true,
    // As root, tar would preserve the owner, who could then modify a library in root's cache.
    preserveOwner: false,
    onReadEntry: (entry) => {
      if (entry.type === 'File') sizes[entry.path] = entry.size;
    },
  });
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract);
  await writeFile(path.join(folder, MANIFEST), JSON.stringify(sizes));
  if (!(await isWhole(folder))) throw new Error(`${folder} is incomplete after unpacking`);
}

/** Tests whether a folder has a manifest and all its files in their sizes. */
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

/** Removes folders, named by a prefix and a process id, that killed processes left behind. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix) || isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue;
    const folder = path.join(parent, name);
    const changed = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    // Removing another user's folder fails, which is ignored.
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
