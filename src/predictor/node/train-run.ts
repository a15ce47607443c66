import { PARTS, type Schema, targetOf } from '../../data/schema.js';
import type { Table } from '../../data/table.js';
import type { Multimodal } from '../../models/index.js';
import { TesseraError } from '../../tensor/index.js';
import { buildModel } from '../build.js';
import type { RunConfig } from '../config.js';
import { prepareData, type ReadOptions, type RunData } from '../data.js';
import { targetsOf } from '../targets.js';
import { type TrainingOptions, trainModel } from '../train-model.js';
import { bestOf, type TrainingProgress } from '../training-state.js';
import { tooLongTranscripts } from '../transcript-lengths.js';
import type { RunFolder } from './run-folder.js';

/** A table that a run is trained on, with what was decided about it. */
export interface RunTable {
  readonly table: Table;
  /** What each column is; with the states of its fields when a run is resumed. */
  readonly schema: Schema;
  /** The part of each row. */
  readonly parts: Uint8Array;
}

/** Options of `trainRun`. */
export interface TrainHooks extends Pick<TrainingOptions, 'signal' | 'onStep' | 'onEpoch'> {
  /** How files are read. */
  readonly read: ReadOptions;
  /** Whether the training of the folder is continued. */
  readonly resume: boolean;
  /** Called once the rows are encoded. */
  onData?(data: RunData): void;
  /** Called with what looks wrong once the model is built. */
  onWarning?(message: string): void;
}

/** A run that has ended, or was stopped. */
export interface TrainedRun {
  readonly data: RunData;
  readonly progress: TrainingProgress;
  readonly model: Multimodal;
}

/**
 * Trains the model of a run in its folder, which is locked by the caller. When the training ends, the folder has the
 * best parameters in `model.safetensors`; when it is stopped, `checkpoint.safetensors`, and a resumed run takes the
 * same steps as one that was never stopped.
 */
export async function trainRun(
  folder: RunFolder,
  { table, schema, parts }: RunTable,
  config: RunConfig,
  hooks: TrainHooks,
): Promise<TrainedRun> {
  const data = await prepareData(table, schema, parts, hooks.read);
  hooks.onData?.(data);
  const rows = await rowsOf(data);
  const weights = config.training.balanced ? await classWeights(data) : undefined;
  const model = buildModel(data.schema, config.model, {
    seed: config.seed,
    classWeights: weights,
  });
  const tooLong = await tooLongTranscripts(model, data);
  if (tooLong !== undefined) hooks.onWarning?.(tooLong);
  const start = hooks.resume && (await folder.has('checkpoint')) ? await folder.readTraining() : undefined;
  if (start === undefined) {
    await folder.begin({ ...config, rows });
    await folder.writeSchema(data.schema);
  } else expectSameRows(table, config, rows);
  await folder.writeMetrics(start?.progress.history ?? []);
  const { encoded, train, validation } = data;
  const state = await trainModel(
    model,
    { encoded, train, validation, target: targetOf(data.schema) },
    config.training,
    {
      seed: config.seed,
      start,
      signal: hooks.signal,
      onStep: (step) => hooks.onStep?.(step),
      async onEpoch(record) {
        await folder.appendMetrics(record);
        await hooks.onEpoch?.(record);
      },
      save: (state) => folder.saveTraining(state),
    },
  );
  if (state.progress.finished) {
    const best = bestOf(state);
    model.loadState(best);
    await folder.writeModel(best);
  }
  return { data, progress: state.progress, model };
}

/** What identifies the rows of a run: how many each part has, and hashes of their targets and of all cells. */
async function rowsOf(data: RunData): Promise<NonNullable<RunConfig['rows']>> {
  let hash = 0;
  for (const part of PARTS)
    for (const bits of new Uint32Array((await targetsOf(data, data[part])).buffer))
      hash = Math.imul(hash ^ bits, 0x01000193);
  const [train, validation, test] = PARTS.map((part) => data[part].length);
  return { train, validation, test, targets: (hash >>> 0).toString(16), cells: data.encoded.hash.toString(16) };
}

/** @throws TesseraError if a table has other rows than those that a training began with. */
function expectSameRows(table: Table, { rows }: RunConfig, found: NonNullable<RunConfig['rows']>): void {
  const written = (of: RunConfig['rows']) => PARTS.map((part) => of?.[part]).join(' / ');
  const what = [
    written(rows) !== written(found) && 'rows',
    rows?.targets !== found.targets && 'targets',
    rows?.cells !== undefined && rows.cells !== found.cells && 'cells',
  ].find((changed) => changed !== false);
  if (what === undefined) return;
  throw new TesseraError(
    `${table.name} has changed since the run began: ${written(rows)} rows to train / validate / test on then, ${written(found)} now` +
      `${what === 'rows' ? '' : `, with other ${what}`}; restore the table, or train again without --resume`,
  );
}

/** Weights by which every class has the same share of the loss: mean rows of a class / rows of the class. */
async function classWeights(data: RunData): Promise<number[]> {
  const { kind, classes = [], column } = targetOf(data.schema);
  if (kind !== 'category')
    throw new TesseraError(`--balanced weighs classes, but the target '${column}' is of kind ${kind}; leave it out`);
  const counts = new Float64Array(classes.length);
  const targets = await targetsOf(data, data.train);
  for (const label of targets) counts[label]++;
  return Array.from(counts, (count) => (count === 0 ? 0 : targets.length / classes.length / count));
}
