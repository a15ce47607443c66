import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import envPaths from 'env-paths';
import { TesseraError } from './errors.js';
import { type Choices, decodeTuning, type Fingerprint } from './tuning.js';
import { warn } from './webgpu.node.warn.js';

/** The maximum size of a file of measurements, which usually has a few kilobytes. */
const MOST_BYTES = 2 ** 20;

/**
 * Returns the file of an adapter's measurements, in the folder that TESSERA_TUNING names, by default the user's cache;
 * undefined if TESSERA_TUNING is 'off'. All drivers and versions share a file: new measurements replace the old ones.
 */
export function tuningFile({ vendor, architecture, device }: Fingerprint): string | undefined {
  const folder = process.env.TESSERA_TUNING || envPaths('tessera', { suffix: '' }).cache;
  if (folder === 'off') return undefined;
  const name = JSON.stringify([vendor, architecture, device]);
  return path.join(folder, `tuning-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.json`);
}

/** Reads the measurements of an adapter; none if there is no file. An invalid file is ignored with a warning. */
export async function readTuning(fingerprint: Fingerprint): Promise<Choices> {
  const file = tuningFile(fingerprint);
  if (file === undefined) return new Map();
  try {
    const status = await stat(file);
    if (!status.isFile()) throw new TesseraError('it is not a file');
    if (status.size > MOST_BYTES) throw new TesseraError(`it has ${status.size} bytes; expected at most ${MOST_BYTES}`);
    return decodeTuning(await readFile(file, 'utf8'), fingerprint);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') warn(`ignored '${file}': ${message}; run 'npx tessera tune' to measure again`);
    return new Map();
  }
}
