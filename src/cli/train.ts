import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CellErrors } from '../data/cell-errors.js';
import { openTable } from '../data/node/tables/open.js';
import { parseSchema, targetOf } from '../data/schema.js';
import { splitRows } from '../data/splits.js';
import { checkEncoders } from '../predictor/build.js';
import { CONFIG_VERSION, defaultModel, defaultTraining, type RunConfig } from '../predictor/config.js';
import { reportRun } from '../predictor/node/report-run.js';
import { RunFolder } from '../predictor/node/run-folder.js';
import { type RunTable, type TrainedRun, trainRun } from '../predictor/node/train.js';
import { reportPage } from '../predictor/report/page.js';
import type { Report } from '../predictor/report/report.js';
import { type Device, type DeviceChoice, TesseraError } from '../tensor/index.js';
import { withDevice } from './device.js';
import { stoppable } from './interrupt.js';
import { shownTable } from './reading.js';
import { readOptionsOf } from './run-path.js';
import { showResult } from './run-result.js';
import { inspectGiven } from './table-source.js';
import { type Progress, Terminal } from './terminal.js';
import type { ModelOptions, TrainTableOptions } from './train-options.js';
import { TrainingView } from './training-view.js';

/** The options of `tessera train` with a table. */
export interface TrainOptions extends TrainTableOptions {
  readonly device: DeviceChoice;
  readonly json?: boolean;
  /** The arguments of the command line, which the report tells. */
  readonly command: readonly string[];
}

/** A run that is about to be trained. */
type Prepared = RunTable & { readonly config: RunConfig };

/** Implements `tessera train TABLE`. Returns the exit code. */
export async function trainTable(files: readonly string[], options: TrainOptions): Promise<number> {
  const terminal = new Terminal(options.json ?? false);
  const folder = new RunFolder(folderOf(files, options));
  const isResumed = options.resume !== undefined;
  const resume = `tessera train --resume ${folder.folder}`;
  const early = isResumed ? `stopped; continue with: ${resume}` : 'stopped before the training began';
  return withDevice(options.device, terminal, (device) =>
    stoppable(terminal, early, async (interruption) => {
      const { signal } = interruption;
      await folder.lock();
      try {
        if (!isResumed && !options.overwrite && (await folder.has('checkpoint')))
          throw new TesseraError(
            `the run in '${folder.folder}' was interrupted; finish it with: ${resume}; or start again and replace it with --overwrite`,
          );
        const run = isResumed
          ? await resumed(folder, terminal, signal)
          : await prepared(files, options, device, terminal, signal);
        const view = new TrainingView(terminal, run.config, targetOf(run.schema));
        const trained = await trainRun(folder, run, run.config, {
          read: readOptionsOf(run.config.table, terminal),
          resume: isResumed,
          signal,
          onData: (data) => view.data(data),
          onStep: (step) => view.step(step),
          onEpoch: (record) => view.epoch(record),
        }).finally(() => view.stop());
        if (!trained.progress.finished) {
          terminal.note(`stopped; continue with: ${resume}`);
          return interruption.exitCode;
        }
        view.curve(trained.progress.history);
        const report = await reported(folder, run, trained, device, terminal, signal);
        if (report === undefined) {
          terminal.note(`stopped; the model is trained, and its report is made by: ${resume}`);
          return interruption.exitCode;
        }
        const page = await writePage(folder, report, terminal);
        await folder.finish();
        showResult(terminal, report, trained, page);
        return 0;
      } finally {
        await folder.unlock();
      }
    }),
  );
}

/** Makes the report, with progress; undefined if it was stopped. */
async function reported(
  folder: RunFolder,
  { table, config }: Prepared,
  trained: TrainedRun,
  device: Device,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Report | undefined> {
  let shown: { readonly work: string; readonly progress: Progress } | undefined;
  try {
    const report = await reportRun(table, trained, config, {
      run: folder.folder,
      adapter: device.name,
      onProgress(work, done, total) {
        signal.throwIfAborted();
        if (shown?.work !== work) {
          shown?.progress.stop();
          shown = { work, progress: terminal.progress(total, work) };
        }
        shown.progress.update(done, '');
      },
    });
    await folder.writeReport(report);
    return report;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    shown?.progress.stop();
  }
}

/** Writes the page of a report and returns its path; where the package that draws it is missing, only says so. */
async function writePage(folder: RunFolder, report: Report, terminal: Terminal): Promise<string | undefined> {
  try {
    await folder.writePage(await reportPage(report));
    return folder.file('page');
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    terminal.note(`warning: no report.html: ${error.message}`);
    return undefined;
  }
}

/** The folder of the run: as asked for, or named after the table and the seed. */
function folderOf(files: readonly string[], { resume, out, seed = 0 }: TrainOptions): string {
  if (typeof resume === 'string') return resume;
  const name = path.basename(files[0] ?? 'run').replace(/(\.(csv|tsv|jsonl|ndjson|json|parquet))?(\.gz)?$/i, '');
  return out ?? path.join('runs', `${name}-seed${seed}`);
}

/** Inspects the table, and decides what is trained. */
async function prepared(
  files: readonly string[],
  options: TrainOptions,
  device: Device,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Prepared> {
  const { table, inspection } = await inspectGiven(files, options, terminal, signal);
  const { schema, parts, warnings } = inspection;
  targetOf(schema);
  const { onError = 'stop', delimiter, encoding, allowOutside, validation = [], test = [], seed = 0 } = options;
  const config: RunConfig = {
    version: CONFIG_VERSION,
    table: {
      files: [...files, ...validation, ...test],
      onError,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(allowOutside === undefined ? {} : { allowOutside }),
    },
    seed,
    model: { ...defaultModel(device.software), ...chosenModel(options) },
    training: { ...defaultTraining(parts.rows.train), ...chosenTraining(options) },
    command: commandLine(options.command),
    warnings: warnings.map(({ message }) => message),
  };
  checkEncoders(schema, config.model);
  return { table, schema, parts: parts.parts, config };
}

/** A command line as a shell takes it. */
const commandLine = (args: readonly string[]): string =>
  ['tessera', ...args]
    .map((word) => (/^[\w./=,:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');

function chosenModel({ fusion, encoder, width, dropout, modalityDropout }: ModelOptions): Partial<RunConfig['model']> {
  return defined({ fusion, encoders: encoder, width, dropout, modalityDropout });
}

function chosenTraining(options: ModelOptions): Partial<RunConfig['training']> {
  const { epochs, batch, learningRate, weightDecay, patience, minutes, balanced, augment } = options;
  return defined({ epochs, batch, learningRate, weightDecay, patience, minutes, balanced, augment });
}

/** The entries of an object that are not undefined. */
const defined = <T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;

/** Opens the table of an interrupted run, and divides it as it was. */
async function resumed(folder: RunFolder, terminal: Terminal, signal: AbortSignal): Promise<Prepared> {
  const exists = await stat(folder.folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (!exists) throw new TesseraError(`--resume: there is no folder '${folder.folder}'`);
  const config = await folder.readConfig();
  if (!(await folder.has('checkpoint')))
    throw new TesseraError(
      (await folder.has('model'))
        ? `the run in '${folder.folder}' is finished; use it with: tessera predict ${folder.folder} TABLE`
        : `the run in '${folder.folder}' was stopped before its first checkpoint; start it again with the command that began it`,
    );
  const schema = await folder.readSchema((json) => parseSchema(json, folder.file('schema')));
  const { files, delimiter, encoding, allowOutside, onError } = config.table;
  const format = defined({ delimiter, encoding: encoding as never, allowOutside }) as Parameters<typeof openTable>[1];
  const table = shownTable(await openTable(files, format), terminal, signal);
  const { classes, column, kind } = targetOf(schema);
  const parts = await splitRows(table, schema.split, {
    target: column,
    isStratified: classes !== undefined && kind !== 'tags',
    errors: new CellErrors(onError),
  });
  return { table, schema, parts: parts.parts, config };
}
