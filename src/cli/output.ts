import { realpath } from 'node:fs/promises';
import { checkWritable } from '../data/node/index.js';
import { TesseraError } from '../tensor/index.js';

/**
 * Checks before long work that a file can be written. @throws TesseraError if it cannot, or is one of those that are
 * read.
 */
export async function checkOutput(file: string, read: readonly string[]): Promise<void> {
  const real = (name: string): Promise<string | undefined> => realpath(name).catch(() => undefined);
  const output = await real(file);
  for (const name of read)
    if (output !== undefined && (await real(name)) === output)
      throw new TesseraError(`'${file}' is read, and would be overwritten; write to another file`);
  await checkWritable(file);
}
