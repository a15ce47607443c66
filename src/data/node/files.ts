import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { TesseraError } from '../../tensor/index.js';
import { checkOptions, expectValue, optional, positiveInteger, text } from '../../tensor/options.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission; choose a place that you may use',
  EPERM: 'no permission; choose a place that you may use',
  EROFS: 'the file system is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  NONAME: 'the name is empty; give one',
  READONLY: 'the file is read-only; choose another name, or make it writable',
  IRREGULAR: 'it is a device, a pipe or a socket, not a regular file',
};

/** Creates an error like those of the file system. */
const withCode = (code: string): Error => Object.assign(new Error(code), { code });

/** The error of a file system's call, with its reason in words. */
export function fileError(what: string, file: string, error: unknown): TesseraError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new TesseraError(`${what} '${file}': ${REASONS[code ?? ''] ?? message}`, { cause: error });
}

/** Creates a folder and its parents. Node's recursive mkdir hangs on file systems that refuse new names. */
export async function makeFolder(folder: string): Promise<void> {
  if (folder === '') throw withCode('NONAME');
  const exists = await stat(folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (exists) return;
  if (path.dirname(folder) !== folder) await makeFolder(path.dirname(folder));
  await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    // The parent exists, so ENOENT means that nothing may be created in it, as in /proc.
    if (error.code === 'ENOENT') throw withCode('EACCES');
    if (error.code !== 'EEXIST') throw error;
    await access(`${folder}${path.sep}`);
  });
}

/** Returns the status of a file, or undefined if it does not exist. */
const statusOf = (file: string): Promise<Stats | undefined> =>
  stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

/** Resolves the file that a write goes to, through symbolic links, even to a file that does not exist yet. */
async function destinationOf(file: string): Promise<{ destination: string; status?: Stats }> {
  if (file === '') throw withCode('NONAME');
  const status = await statusOf(file);
  if (status === undefined) {
    const link = await readlink(file).catch(() => undefined);
    if (link !== undefined) return destinationOf(path.resolve(await realpath(path.dirname(file)), link));
    await makeFolder(path.dirname(file));
    return { destination: file };
  }
  if (status.isDirectory()) throw withCode('EISDIR');
  // Root may write any file, but one without any write permission was protected on purpose.
  if (status.isFile() && (status.mode & 0o222) === 0) throw withCode('READONLY');
  await access(file, constants.W_OK);
  // The names of open pipes, such as /dev/stdout, do not resolve to a path.
  return { destination: status.isFile() ? await realpath(file) : file, status };
}

/**
 * Checks that a file can be written, and creates its folder, before long work begins.
 * @throws TesseraError if the file cannot be written, or is a folder or read-only.
 */
export async function checkWritable(file: string): Promise<void> {
  expectValue('checkWritable', 'the path', file, text);
  try {
    const { destination, status } = await destinationOf(file);
    if (status === undefined || status.isFile()) await access(path.dirname(destination), constants.W_OK);
  } catch (error) {
    throw fileError('cannot write', file, error);
  }
}

const TEMPORARY = /^\.tessera-[0-9a-f]{8}\.tmp$/;
const HOUR = 3_600_000;

/** Removes temporary files older than an hour, which killed writers left in a folder. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((name) => TEMPORARY.test(name))) {
    const file = path.join(folder, name);
    const status = await statusOf(file);
    if (status !== undefined && Date.now() - status.mtimeMs > HOUR) await rm(file, { force: true });
  }
}

/**
 * Writes a file atomically: it is written under a temporary name in the same folder and renamed, so that readers see
 * either the old content or the new one. Missing folders are created. Symbolic links are followed; mode and owner are
 * kept; other hard links keep the old content. Devices and pipes are written directly.
 *
 * @throws TesseraError if the file cannot be written or is read-only; the old content, if any, is kept. What the chunks
 * of a content throw is passed on.
 */
export async function writeFileAtomically(
  file: string,
  bytes: Uint8Array | string | AsyncIterable<string>,
): Promise<void> {
  expectValue('writeFileAtomically', 'the path', file, text);
  let temporary: string | undefined;
  try {
    const { destination, status } = await destinationOf(file);
    if (status !== undefined && !status.isFile()) return await writeFile(file, bytes);
    const folder = path.dirname(destination);
    temporary = path.join(folder, `.tessera-${randomBytes(4).toString('hex')}.tmp`);
    const handle = await open(temporary, 'wx');
    try {
      await writeFile(handle, bytes);
      if (status !== undefined) {
        // Only root may change the owner; for others this fails, which is ignored.
        await handle.chown(status.uid, status.gid).catch(() => {});
        await handle.chmod(status.mode & 0o7777);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, destination);
    await removeAbandoned(folder).catch(() => {});
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {});
    if (error instanceof TesseraError) throw error;
    throw fileError('cannot write', file, error);
  }
}

/**
 * Reads a whole file, after checking its size.
 * @throws TesseraError if it is missing, not a regular file, or larger than `maximumBytes` (default 2 GiB).
 */
export async function readWholeFile(
  file: string,
  options: { readonly maximumBytes?: number } = {},
): Promise<Uint8Array> {
  expectValue('readWholeFile', 'the path', file, text);
  const { maximumBytes = 2 ** 31 } = checkOptions('readWholeFile', options, {
    maximumBytes: optional(positiveInteger),
  });
  try {
    const status = await stat(file);
    if (!status.isFile()) throw withCode(status.isDirectory() ? 'EISDIR' : 'IRREGULAR');
    if (status.size > maximumBytes) {
      throw new TesseraError(`it has ${status.size} bytes; expected at most ${maximumBytes}`);
    }
    const handle = await open(file);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError('cannot read', file, error);
  }
}
