import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { main } from '../../src/cli/main.js';

/** The file of the command. */
export const tessera = fileURLToPath(new URL('../../bin/tessera.js', import.meta.url));

/** How a command line ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Makes a new folder the working directory of a file's tests; it is removed afterwards. */
export function inEmptyFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tessera-cli-'));
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Runs a command line in this process, which saves the start of another one. */
export const run = (...args: string[]): Promise<Ended> => runWatched(args);

/** Runs a command line in this process. `onError` is given what it has printed on standard error so far. */
export async function runWatched(args: readonly string[], onError?: (text: string) => void): Promise<Ended> {
  const printed = { out: '', err: '' };
  const capture = (stream: NodeJS.WriteStream, name: 'out' | 'err') =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed[name] += chunk;
      if (name === 'err') onError?.(printed.err);
      return true;
    });
  const captures = [capture(process.stdout, 'out'), capture(process.stderr, 'err')];
  try {
    return { code: await main([...args]), ...printed };
  } finally {
    for (const one of captures) one.mockRestore();
  }
}

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Runs a command line as a process, as users do. `onError` is given what it has printed on standard error so far. */
export function start(args: readonly string[], onError?: (text: string, child: ChildProcess) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [tessera, ...args], { maxBuffer: 2 ** 26 }, (_, out, err) => {
      children.delete(child);
      resolve({ code: child.exitCode, out, err });
    });
    children.add(child);
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
      onError?.(text, child);
    });
  });
}

/** A handler for `start`: presses Ctrl-C once standard error matches. */
export function interruptAt(pattern: RegExp): (text: string, child: ChildProcess) => void {
  let sent = false;
  return (text, child) => {
    if (!sent && pattern.test(text)) sent = child.kill('SIGINT');
  };
}
