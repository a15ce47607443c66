import { closeSync, constants, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';

const STDERR = 2;

/** What Dawn prints for each instance on drivers that offer more dynamic buffers than it uses. Nobody can act on it. */
const NOISE = /^Warning: maxDynamic\w+PerPipelineLayout artificially reduced .*\n?/gm;

/** Work in progress, by the names of `process.getActiveResourcesInfo`, that may open files in another thread. */
const OPENS_FILES = /^(FSReq|Worker|MessagePort|GetAddrInfo|GetNameInfo|DirHandle|Process)/;

/**
 * Calls a synchronous function of native code without the messages that tell a user nothing; others are printed after
 * it. Node cannot duplicate a file descriptor, so standard error is closed, and its number is given to the file that is
 * opened next. Where that is not safe, the function is called as it is: another thread may open a file, or standard
 * error is a file, whose position is shared with standard output.
 */
export function withoutNoise<T>(call: () => T): T {
  const folder = canReplace() ? temporaryFolder() : undefined;
  if (folder === undefined) return call();
  const file = path.join(folder, 'stderr');
  const saved = openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_NOCTTY);
  try {
    replace(file, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
    return call();
  } finally {
    replace(`/proc/self/fd/${saved}`, constants.O_WRONLY | constants.O_NOCTTY);
    closeSync(saved);
    const text = readFileSync(file, 'utf8').replace(NOISE, '');
    rmSync(folder, { recursive: true });
    if (text !== '') writeSync(STDERR, text);
  }
}

function canReplace(): boolean {
  if (process.platform !== 'linux' || !isMainThread) return false;
  if (process.getActiveResourcesInfo().some((name) => OPENS_FILES.test(name))) return false;
  try {
    // With 0 and 1 open, the number that is free when standard error is closed is 2.
    for (const lower of [0, 1]) fstatSync(lower);
    closeSync(openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_NOCTTY));
    return isatty(STDERR) || fstatSync(STDERR).isFIFO();
  } catch {
    return false;
  }
}

function temporaryFolder(): string | undefined {
  try {
    return mkdtempSync(path.join(os.tmpdir(), 'tessera-stderr-'));
  } catch {
    return undefined; // The disk is full, or may not be written.
  }
}

function replace(file: string, flags: number): void {
  try {
    closeSync(STDERR);
  } catch {} // It is closed where the file before could not be opened.
  openSync(file, flags, 0o600);
}
