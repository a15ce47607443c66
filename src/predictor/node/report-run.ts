import type { EncodedRows } from '../../data/encoded.js';
import { sound } from '../../data/fields/sound.js';
import { thumbnail } from '../../data/node/index.js';
import { type Schema, targetOf } from '../../data/schema.js';
import type { Table } from '../../data/table.js';
import { linearBaseline, type SplitRows } from '../baselines/linear.js';
import { majorityBaseline, mostFrequentTranscript } from '../baselines.js';
import type { RunConfig } from '../config.js';
import { predictRows } from '../predict-rows.js';
import type { Assessed } from '../report/assess.js';
import { makeReport } from '../report/make-report.js';
import type { Report } from '../report/report.js';
import { targetsOf, taskTarget, transcriptsOf } from '../targets.js';
import { stepMillisecondsOf } from '../training-state.js';
import type { TrainedRun } from './train-run.js';
import { versions } from './versions.js';

/** Options of `reportRun`. */
export interface ReportOptions {
  /** The folder of the run. */
  readonly run: string;
  /** The name of the adapter. */
  readonly adapter: string;
  /** Called with the current work, the amount done and the total; an error that it throws ends the report. */
  onProgress?(work: string, done: number, total: number): void;
}

/** Measures a trained run and its baselines on the held-out rows, and reports all that is known of it. */
export async function reportRun(
  table: Table,
  trained: TrainedRun,
  config: RunConfig,
  options: ReportOptions,
): Promise<Report> {
  const { data, model, progress } = trained;
  const { schema } = data;
  const { history, best, steps, deviceBytes } = progress;
  return makeReport(
    {
      table,
      schema,
      rows: data,
      predictions: await predictions(trained, config.seed, options),
      history,
      facts: {
        run: options.run,
        date: new Date().toISOString(),
        command: config.command,
        versions: versions(),
        adapter: options.adapter,
        seed: config.seed,
        warnings: config.warnings,
        keptStep: history[best - 1].steps,
        steps,
        stepMilliseconds: stepMillisecondsOf(progress),
        batch: config.training.batch,
        deviceBytes,
        parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      },
      predict: (source, rows) => predictRows(model, targetOf(schema), source, rows),
    },
    {
      thumbnail,
      onError: config.table.onError,
      onProgress: options.onProgress,
    },
  );
}

/** The predictions of the model, and of the baselines, which are trained on the same rows. */
async function predictions(
  { data, model }: TrainedRun,
  seed: number,
  { onProgress }: ReportOptions,
): Promise<Assessed> {
  const target = targetOf(data.schema);
  const task = taskTarget(target);
  const validation = await predictRows(model, target, data.encoded, data.validation);
  const test = await predictRows(model, target, data.encoded, data.test);
  const [trained, validated, tested] = [
    await targetsOf(data, data.train),
    await targetsOf(data, data.validation),
    await targetsOf(data, data.test),
  ];
  if (task.task === 'transcription') {
    const [train, held] = [
      transcriptsOf(target, trained, data.train.length),
      transcriptsOf(target, tested, data.test.length),
    ];
    return { validation, test, majority: mostFrequentTranscript(train, held) };
  }
  const splits = {
    train: splitOf(data.encoded, data.train, trained),
    validation: splitOf(data.encoded, data.validation, validated),
    test: splitOf(data.encoded, data.test, tested),
  };
  const onStep = (step: number, steps: number) => onProgress?.('training the linear baseline', step, steps);
  const linear = await linearBaseline(task, splits, { seed, sampleRates: sampleRatesOf(data.schema), onStep });
  return { validation, test, majority: majorityBaseline(task, trained, tested), linear: linear.test };
}

/** The samples a second of each field of sounds. */
const sampleRatesOf = ({ fields }: Schema): Record<string, number> =>
  Object.fromEntries(
    fields
      .filter(({ kind }) => kind === 'sound')
      .map(({ column, state }) => [column, sound.parseState(state).sampleRate]),
  );

const splitOf = (encoded: EncodedRows, rows: Uint32Array, targets: ArrayLike<number>): SplitRows => ({
  size: rows.length,
  encode: async (some) => (await encoded.batch(some.map((at) => rows[at]))).fields,
  targets,
});
