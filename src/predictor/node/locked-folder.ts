import { appendFile, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileError, makeFolder, writeFileAtomically } from '../../data/node/files.js';
import { TesseraError } from '../../tensor/index.js';

/** The file that holds the number of the process that trains in a folder. */
const LOCK = 'lock';

/** A folder of files of one run each, which one process at a time may change. */
export abstract class LockedFolder<Name extends string> {
  constructor(
    readonly folder: string,
    private readonly names: Readonly<Record<Name | 'config', string>>,
  ) {}

  /** Whether what is parsed from the file `config` is that of a run of this kind, of whichever version. */
  protected abstract isConfig(config: Readonly<Record<string, unknown>>): boolean;

  /** The path of one of its files. */
  file(name: Name): string {
    return path.join(this.folder, this.names[name]);
  }

  /** Whether it has a file. */
  async has(name: Name): Promise<boolean> {
    return stat(this.file(name)).then(
      () => true,
      () => false,
    );
  }

  /**
   * Makes the folder this process's own, until `unlock`.
   * @throws TesseraError if another process trains in it, or it is a folder of other files.
   */
  async lock(): Promise<void> {
    const { folder } = this;
    await makeFolder(folder).catch((error) => {
      throw fileError('cannot make the folder', folder, error);
    });
    const others = (await readdir(folder)).filter((name) => name !== LOCK);
    if (others.length > 0 && !(await this.#isRun()))
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

  /** Gives the folder back. One in which no run has begun is removed. */
  async unlock(): Promise<void> {
    await rm(path.join(this.folder, LOCK), { force: true });
    await rmdir(this.folder).catch(() => {});
  }

  /** Removes the files that an earlier run left. */
  protected async clear(): Promise<void> {
    for (const name of Object.values<string>(this.names)) await rm(path.join(this.folder, name), { force: true });
  }

  /** Writes a file of JSON. */
  protected async writeJson(name: Name, value: unknown): Promise<void> {
    await writeFileAtomically(this.file(name), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Appends to a file. @throws TesseraError that names it. */
  protected async append(name: Name, content: string | Uint8Array): Promise<void> {
    await appendFile(this.file(name), content).catch((error) => {
      throw fileError('cannot write', this.file(name), error);
    });
  }

  async #isRun(): Promise<boolean> {
    try {
      return this.isConfig(JSON.parse(await readFile(path.join(this.folder, this.names.config), 'utf8')));
    } catch {
      return false;
    }
  }
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
