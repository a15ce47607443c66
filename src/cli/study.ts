import path from 'node:path';
import { targetOf } from '../data/schema.js';
import { FUSIONS, type FusionName } from '../models/fusion/names.js';
import { prepareData, type RunData } from '../predictor/data.js';
import { type NumericTarget, predictionsOf } from '../predictor/metrics/predictions.js';
import { DEFAULT_METRIC, type Interval, METRICS } from '../predictor/metrics.js';
import { StudyFolder, type TrainingRecord } from '../predictor/node/study-folder.js';
import { evenly, pick } from '../predictor/report/indices.js';
import { differenceText } from '../predictor/report/numbers.js';
import { type StudyModel, type StudyTraining, studyModels, trainStudied } from '../predictor/study.js';
import type { Spread } from '../predictor/study-statistics.js';
import { type StudyRow, summarize } from '../predictor/study-summary.js';
import { targetsOf, taskTarget } from '../predictor/targets.js';
import { TesseraError } from '../tensor/index.js';
import { withDevice } from './device.js';
import { stoppable } from './interrupt.js';
import { type PreparedRun, prepareRun, type TrainOptions } from './prepare-run.js';
import { readOptionsOf } from './reading.js';
import { tableNameOf } from './run-path.js';
import { shownMetric } from './shown-metric.js';
import { percent, Terminal, table } from './terminal.js';

/** The options of `tessera study`. */
export interface StudyOptions extends TrainOptions {
  readonly fusions?: readonly FusionName[];
  readonly seeds: number;
  readonly noise: number;
}

/** The passes over the training rows where nothing is chosen. */
const EPOCHS = 10;
/** The most test rows whose predictions are kept. */
const TEST_ROWS = 5_000;

/**
 * Implements `tessera study`, which trains every fusion of a table's fields and each field alone, and compares them.
 * Returns the exit code.
 */
export async function study(files: readonly string[], options: StudyOptions): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  const folder = new StudyFolder(options.out ?? path.join('studies', tableNameOf(files[0])));
  const stopped = `stopped; the same command continues the study in ${folder.folder}`;
  return withDevice(options.device, terminal, (device) =>
    stoppable(terminal, stopped, async ({ signal }) => {
      const epochs = options.epochs ?? EPOCHS;
      // All models get the same steps: none ends early.
      const run = await prepareRun(files, { ...options, epochs, patience: epochs }, device, terminal, signal);
      const target = taskTarget(targetOf(run.schema));
      if (target.task === 'transcription')
        throw new TesseraError('study: it compares fusions, and a transcript has one; name a target of another kind');
      if (run.schema.fields.length < 2)
        throw new TesseraError(
          `study: it compares how fields are fused; expected two fields or more, got '${run.schema.fields[0].column}'; tessera train trains on one`,
        );
      const data = await prepareData(
        run.table,
        run.schema,
        run.parts,
        readOptionsOf(run.config.table, terminal, signal),
      );
      const models = studyModels(data.schema, run.config.model, options.fusions ?? FUSIONS);
      const studied = { run, data, target, models, test: pick(data.test, evenly(data.test.length, TEST_ROWS)) };
      const records = await train(studied, options, folder, terminal, signal);
      await show(studied, records, options, folder, terminal, device.name);
      return 0;
    }),
  );
}

/** A table that is studied. */
interface Studied {
  readonly run: PreparedRun;
  readonly data: RunData;
  readonly target: NumericTarget;
  readonly models: readonly StudyModel[];
  /** The rows that the models are tested on. */
  readonly test: Uint32Array;
}

/** What is trained, one after the other: all models from the first seed, then from the next one. */
function* trainings(
  models: readonly StudyModel[],
  { seeds, noise, seed: first = 0 }: StudyOptions,
): Generator<StudyTraining> {
  for (let seed = first; seed < first + seeds; seed++)
    for (const share of noise === 0 ? [0] : [0, noise]) for (const model of models) yield { model, seed, noise: share };
}

const isRecordOf =
  ({ model, seed, noise }: StudyTraining) =>
  (record: TrainingRecord): boolean =>
    record.model === model.name && record.seed === seed && record.noise === noise;

/** Trains all models that the folder has no record of, and returns the records. */
async function train(
  studied: Studied,
  options: StudyOptions,
  folder: StudyFolder,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<TrainingRecord[]> {
  const { run, data, models, test } = studied;
  const all = [...trainings(models, options)];
  const { seed: _, command: __, warnings: ___, ...config } = run.config;
  const records = await folder.begin({
    config,
    schema: data.schema,
    models,
    seeds: options.seeds,
    firstSeed: options.seed ?? 0,
    noise: options.noise,
    rows: { train: data.train.length, validation: data.validation.length, test: test.length },
    cells: data.encoded.hash,
  });
  if (records.length > 0) terminal.note(`${records.length} of ${all.length} trainings are done already`);
  const { epochs, batch } = config.training;
  const stepsOfOne = epochs * Math.ceil(data.train.length / batch);
  const progress = terminal.progress(all.length * stepsOfOne, 'steps');
  try {
    for (const [at, training] of all.entries()) {
      if (records.some(isRecordOf(training))) continue;
      const { model, seed, noise } = training;
      const what = `training ${at + 1} of ${all.length}: ${model.name}, seed ${seed}${noise > 0 ? `, ${percent(noise)} of the labels wrong` : ''}`;
      const { predictions, without } = await trainStudied(training, data, test, config, {
        signal,
        onStep: ({ steps }) => progress.update(at * stepsOfOne + steps, what),
      });
      const record: TrainingRecord = {
        model: model.name,
        seed,
        noise,
        outputs: Array.from(predictions.outputs as ArrayLike<number>, (value) => Number(value.toPrecision(7))),
        without,
      };
      await folder.append(record);
      records.push(record);
    }
  } finally {
    progress.stop();
  }
  return records;
}

/** Compares the models, and shows the result. */
async function show(
  studied: Studied,
  records: readonly TrainingRecord[],
  options: StudyOptions,
  folder: StudyFolder,
  terminal: Terminal,
  adapter: string,
): Promise<void> {
  const { run, data, target, models, test } = studied;
  const targets = await targetsOf(data, test);
  const first = options.seed ?? 0;
  const seeds = Array.from({ length: options.seeds }, (_, at) => first + at);
  const rows = summarize(
    models.map((model) => {
      const of = (noise: number) =>
        seeds.flatMap((seed) => records.filter(isRecordOf({ model, seed, noise })).slice(0, 1));
      const predicted = (own: readonly TrainingRecord[]) =>
        own.map(({ outputs }) => predictionsOf(target, targets, outputs));
      return {
        model,
        clean: predicted(of(0)),
        noisy: options.noise === 0 ? [] : predicted(of(options.noise)),
        without: of(0).map(({ without }) => without),
      };
    }),
    first,
  );
  const metric = DEFAULT_METRIC[target.task];
  terminal.print('');
  terminal.print(resultTable(rows, metric, options.noise));
  terminal.print('');
  for (const line of wordsOf(rows, metric, options)) terminal.print(line);
  const result = {
    adapter,
    target: targetOf(run.schema).column,
    metric,
    seeds,
    noise: options.noise,
    epochs: run.config.training.epochs,
    rows: { train: data.train.length, validation: data.validation.length, test: test.length },
    models: rows,
    study: folder.folder,
  };
  await folder.writeSummary(result);
  terminal.print(`study: ${folder.folder}`);
  terminal.result(result);
}

function resultTable(rows: readonly StudyRow[], metric: string, noise: number): string {
  const spread = (values: Spread | undefined) => {
    if (values === undefined) return '';
    const { mean, deviation } = values;
    return `${shownMetric(metric, mean)}${deviation === undefined ? '' : ` ± ${differenceText(metric, deviation)}`}`;
  };
  const signed = (value: number) => `${value < 0 ? '-' : '+'}${differenceText(metric, value)}`;
  const intervalOf = ([low, high]: Interval) =>
    METRICS[metric].isFraction
      ? `${signed(low).replace(' points', '')} to ${signed(high)}`
      : `${signed(low)} to ${signed(high)}`;
  const [{ name }] = rows;
  return table(
    [
      'model',
      'parameters',
      METRICS[metric].title,
      `beats ${name} by`,
      '95% interval',
      'real',
      'a field missing',
      ...(noise > 0 ? [`${percent(noise)} labels wrong`] : []),
    ],
    rows.map(({ name, parameters, score, difference, withoutOne, noisy }) => [
      name,
      parameters.toLocaleString('en-US'),
      spread(score),
      difference === undefined ? '' : signed(difference.value),
      difference === undefined ? '' : intervalOf(difference.interval),
      difference === undefined ? '' : difference.isReal ? 'yes' : 'no',
      spread(withoutOne),
      ...(noise > 0 ? [spread(noisy)] : []),
    ]),
    [1, 2, 3, 4, 6, 7],
  );
}

/** The result in words. */
function wordsOf([first, ...others]: readonly StudyRow[], metric: string, { seeds, noise }: StudyOptions): string[] {
  const named = (rows: readonly StudyRow[]) => rows.map(({ name }) => `'${name}'`).join(', ');
  const real = others.filter(({ difference }) => difference?.isReal);
  const [better, worse] = [
    real.filter(({ difference }) => (difference?.value ?? 0) > 0),
    real.filter(({ difference }) => (difference?.value ?? 0) < 0),
  ];
  return [
    `${METRICS[metric].title} on test rows, ${seeds === 1 ? 'of one seed, whose luck the intervals do not count' : `mean and standard deviation over ${seeds} seeds`}; a difference is real if its interval for all ${others.length} comparisons together excludes 0.`,
    better.length > 0
      ? `better than '${first.name}': ${named(better)}`
      : `nothing is clearly better than '${first.name}'.`,
    ...(worse.length > 0 ? [`worse: ${named(worse)}`] : []),
    ...(first.withoutOne
      ? ['a field missing: the mean over the fields of the metric where that field is absent from all test rows.']
      : []),
    ...(noise > 0 ? ['labels wrong: trained with the target of another row in that share of the training rows.'] : []),
  ];
}
