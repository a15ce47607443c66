import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { LockedFolder } from '../predictor/node/locked-folder.js';
import { TesseraError } from '../tensor/index.js';

/**
 * Tests whether a path is the folder of a run on a table; otherwise it is one on emoji, its checkpoint or the folder of
 * that.
 * @throws TesseraError if it is neither.
 */
export async function isTableRun(run: string): Promise<boolean> {
  const exists = (file: string): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false,
    );
  if (await exists(path.join(run, 'tokens.json')))
    throw new TesseraError(`'${run}' is a run of 'tessera gpt train'; write with it: tessera gpt sample ${run}`);
  if (await exists(path.join(run, 'config.json'))) return true;
  if (!(await exists(run)))
    throw new TesseraError(`there is no run '${run}': expected a folder that 'tessera train' has written`);
  if (/\.safetensors$/.test(run) || (await exists(path.join(run, 'checkpoint.safetensors')))) return false;
  throw new TesseraError(
    `'${run}' is not a run: expected a folder with config.json, or a checkpoint of 'tessera train emoji'`,
  );
}

/** The name that a table gives its run: that of the file without its folder and format, `data` of `x/data.csv.gz`. */
export const tableNameOf = (file: string): string =>
  path.basename(file).replace(/(\.(csv|tsv|jsonl|ndjson|json|parquet))?(\.gz)?$/i, '');

/** @throws TesseraError if a folder has a run that would be lost. `resume` is the command that continues it. */
export async function expectReplaceable(folder: LockedFolder<'checkpoint' | 'model'>, resume: string): Promise<void> {
  if (await folder.has('checkpoint'))
    throw new TesseraError(
      `the run in '${folder.folder}' was interrupted; finish it with: ${resume}; or start again and replace it with --overwrite`,
    );
  if (await folder.has('model'))
    throw new TesseraError(
      `'${folder.folder}' has a finished run; choose another folder with --out, or replace the run with --overwrite`,
    );
}
