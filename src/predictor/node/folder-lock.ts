import { readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileError, makeFolder } from '../../data/node/files.js';
import { TesseraError } from '../../tensor/index.js';

/** The file that holds the number of the process that trains in a folder. */
export const LOCK = 'lock';

/**
 * Makes a folder this process's own, until `unlockFolder`. `isRun` says whether a run has begun in it.
 * @throws TesseraError if another process trains in it, or it is a folder of other files.
 */
export async function lockFolder(folder: string, isRun: () => Promise<boolean>): Promise<void> {
  await makeFolder(folder).catch((error) => {
    throw fileError('cannot make the folder', folder, error);
  });
  const others = (await readdir(folder)).filter((name) => name !== LOCK);
  if (others.length > 0 && !(await isRun()))
    throw new TesseraError(
      `'${folder}' has other files, such as '${others[0]}'; choose a new or empty folder with --out`,
    );
  const file = path.join(folder, LOCK);
  for (;;) {
    try {
      await writeFile(file, `${process.pid}\n`, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError('cannot write', file, error);
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (isAlive(owner))
      throw new TesseraError(
        `another process (${owner}) trains in '${folder}'; wait for it, or choose another folder with --out (if process ${owner} is no training, remove '${file}')`,
      );
    // Its process was killed.
    await rm(file, { force: true });
  }
}

/** Gives a folder back. One in which no run has begun is removed. */
export async function unlockFolder(folder: string): Promise<void> {
  await rm(path.join(folder, LOCK), { force: true });
  await rmdir(folder).catch(() => {});
}

/** Whether a process runs. */
function isAlive(process_: number): boolean {
  if (!Number.isInteger(process_) || process_ <= 0) return false;
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
