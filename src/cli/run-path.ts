import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { OnError } from '../data/cell-errors.js';
import { decodeBytes } from '../data/node/index.js';
import type { ReadOptions } from '../predictor/data.js';
import type { Terminal } from './terminal.js';

/** Tests whether a path is the folder of a run on a table; otherwise it is one on emoji. */
export const isTableRun = (run: string): Promise<boolean> =>
  stat(path.join(run, 'config.json')).then(
    () => true,
    () => false,
  );

/** The flags by which a run reads a table. */
export interface ReadFlags {
  readonly onError?: OnError;
  readonly allowOutside?: boolean;
}

/** So many files that cannot be used are shown. */
const SHOWN_FILES = 10;

/** What happens to cells and files that cannot be used: files are noted, unless they stop the work. */
export function readOptionsOf({ onError = 'stop' }: Pick<ReadFlags, 'onError'>, terminal: Terminal): ReadOptions {
  let count = 0;
  return {
    onError,
    decodeImage: decodeBytes,
    ...(onError === 'stop'
      ? {}
      : {
          onBadFile({ message }) {
            count++;
            if (count <= SHOWN_FILES) terminal.note(`warning: taken as absent: ${message}`);
            if (count === SHOWN_FILES) terminal.note('warning: further files that cannot be used are not shown');
          },
        }),
  };
}
