import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { TesseraError } from '../../../tensor/index.js';
import { readWholeFile } from '../files.js';

const MAXIMUM_BYTES = 256 * 2 ** 20;

const ADDRESS = /^(?:data|file):|^[a-z][a-z\d+.-]*:\/\//i;
const WINDOWS_ABSOLUTE = /^(?:[a-z]:[\\/]|\\\\)/i;

/**
 * Reads a file that a cell names, relative to the folder of its table. A path that Windows wrote is understood
 * elsewhere: backslashes separate folders, and of an absolute path the longest end that exists in the folder is taken.
 *
 * @throws TesseraError if there is no such file, if it is an address (nothing is fetched), or if it lies outside of the
 * folder, also by a symbolic link, unless that is allowed.
 */
export async function readCellFile(cell: string, folder: string, allowOutside: boolean): Promise<Uint8Array> {
  if (ADDRESS.test(cell)) {
    throw new TesseraError(`'${cell.slice(0, 60)}' is an address; expected the path of a file: nothing is fetched`);
  }
  if (cell === '' || cell.includes('\0')) {
    throw new TesseraError(
      `expected the path of a file, got ${cell === '' ? 'an empty one' : 'one with a NUL character'}`,
    );
  }
  const file = await find(cell, folder);
  if (file === undefined) throw new TesseraError(`there is no file '${cell}' in '${folder}'`);
  if (!allowOutside && !isWithin(await realpath(folder), file)) {
    throw new TesseraError(
      `'${cell}' lies outside of the table's folder '${folder}'; move it there, or allow files outside`,
    );
  }
  return readWholeFile(file, { maximumBytes: MAXIMUM_BYTES });
}

const isWithin = (folder: string, file: string): boolean => {
  const relative = path.relative(folder, file);
  return relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative);
};

/** The real path of the first candidate that exists. */
async function find(cell: string, folder: string): Promise<string | undefined> {
  for (const candidate of candidates(cell)) {
    const file = path.resolve(folder, candidate);
    const exists = await stat(file).then(
      (status) => !status.isDirectory(),
      () => false,
    );
    if (exists) return realpath(file);
  }
  return undefined;
}

function candidates(cell: string): string[] {
  if (!cell.includes('\\') && !WINDOWS_ABSOLUTE.test(cell)) return [cell];
  const parts = cell.split(/[\\/]+/);
  if (!WINDOWS_ABSOLUTE.test(cell)) return [cell, parts.join('/')];
  return [cell, ...parts.slice(1).map((_, skipped) => parts.slice(skipped + 1).join('/'))];
}
