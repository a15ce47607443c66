import { stat } from 'node:fs/promises';
import path from 'node:path';

/** Tests whether a path is the folder of a run on a table; otherwise it is one on emoji. */
export const isTableRun = (run: string): Promise<boolean> =>
  stat(path.join(run, 'config.json')).then(
    () => true,
    () => false,
  );
