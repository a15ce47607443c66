import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { TesseraError } from '../../tensor/index.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission; choose a place that you may use',
  EPERM: 'no permission; choose a place that you may use',
  EROFS: 'the file system is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
};

function failed(what: string, file: string, error: unknown): TesseraError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new TesseraError(`${what} '${file}': ${REASONS[code ?? ''] ?? message}`, { cause: error });
}

/** Makes a folder and those above it. Node's own recursive mkdir never returns where the file system refuses new names. */
async function makeFolder(folder: string): Promise<void> {
  const exists = await stat(folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (exists) return;
  if (path.dirname(folder) !== folder) await makeFolder(path.dirname(folder));
  await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    // Its parent exists now: what is missing is the right to add to it, as in /proc.
    if (error.code === 'ENOENT') throw Object.assign(error, { code: 'EACCES' });
    if (error.code !== 'EEXIST') throw error;
    await access(`${folder}${path.sep}`);
  });
}

/**
 * Makes the folder of a file that is to be written later: work that takes long asks before it begins.
 * @throws TesseraError if nothing can be written there, or a folder has that name.
 */
export async function checkWritable(file: string): Promise<void> {
  try {
    await makeFolder(path.dirname(file));
    await access(path.dirname(file), constants.W_OK);
    const status = await stat(file).catch(() => undefined);
    if (status?.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
  } catch (error) {
    throw failed('cannot write', file, error);
  }
}

/**
 * Writes a file under a temporary name beside it and renames it: whoever reads it sees the old file or the new one,
 * never a half. Makes the folder if there is none.
 *
 * @throws TesseraError if the place cannot be written; the old file, if any, is as it was.
 */
export async function writeFileAtomically(file: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await makeFolder(path.dirname(file));
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw failed('cannot write', file, error);
  }
}

/**
 * Reads a whole file, after a look at its size.
 * @throws TesseraError if it is missing, not a file, or larger than `maximumBytes` (default 2 GiB).
 */
export async function readWholeFile(
  file: string,
  { maximumBytes = 2 ** 31 }: { maximumBytes?: number } = {},
): Promise<Uint8Array> {
  try {
    const status = await stat(file);
    if (!status.isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
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
    throw failed('cannot read', file, error);
  }
}
