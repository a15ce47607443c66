import { targetOf } from '../../data/schema.js';
import type { ComparedRun } from '../comparison/comparison.js';
import { RunFolder } from './run-folder.js';

/**
 * Reads what of a run is compared.
 * @throws TesseraError if the folder has no run, or the run is damaged or of another version.
 */
export async function readComparedRun(folder: string): Promise<ComparedRun> {
  const run = new RunFolder(folder);
  const config = await run.readConfig();
  const schema = await run.readSchema();
  targetOf(schema);
  const history = await run.readMetrics();
  const isFinished = (await run.has('report')) && !(await run.has('checkpoint'));
  return { run: folder, config, schema, history, ...(isFinished && { result: await run.readResult() }) };
}
