import { stat } from 'node:fs/promises';
import path from 'node:path';
import { TesseraError } from '../tensor/index.js';

/**
 * Tests whether a path is the folder of a run on a table; otherwise it is one on emoji, its checkpoint or the folder of that.
 * @throws TesseraError if it is neither.
 */
export async function isTableRun(run: string): Promise<boolean> {
  const exists = (file: string): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false,
    );
  if (await exists(path.join(run, 'config.json'))) return true;
  if (!(await exists(run))) throw new TesseraError(`there is no run '${run}'; expected the folder of one`);
  if (/\.safetensors$/.test(run) || (await exists(path.join(run, 'checkpoint.safetensors')))) return false;
  throw new TesseraError(`'${run}' is not the folder of a run: it has no config.json`);
}
