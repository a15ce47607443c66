import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CellErrors } from '../data/cell-errors.js';
import {
  expectFields,
  isOneClass,
  noTarget,
  type Schema,
  type SchemaField,
  type Settings,
  targetOf,
} from '../data/schema.js';
import { splitRows } from '../data/splits.js';
import { checkModel } from '../predictor/build.js';
import { CONFIG_VERSION, defaultModel, defaultTraining, type RunConfig } from '../predictor/config.js';
import type { RunFolder } from '../predictor/node/run-folder.js';
import type { RunTable } from '../predictor/node/train-run.js';
import { type Device, type DeviceChoice, TesseraError } from '../tensor/index.js';
import { defined } from './defined.js';
import { openGiven, shownTable } from './reading.js';
import { joinSequences, sequencesOf } from './sequences.js';
import { inspectGiven } from './table-source.js';
import type { Terminal } from './terminal.js';
import type { ModelOptions, TrainTableOptions } from './train-options.js';

/** The options of `tessera train` with a table. */
export interface TrainOptions extends TrainTableOptions {
  readonly device: DeviceChoice;
  readonly json?: boolean;
  /** The arguments of the command line, for the report. */
  readonly command: readonly string[];
}

/** A run that is about to be trained. */
export interface PreparedRun extends RunTable {
  readonly config: RunConfig;
  /** The cells that do not say the part of their rows, which are left out. */
  readonly unplaced: CellErrors;
}

/** Inspects the table, and decides what is trained. */
export async function prepareRun(
  files: readonly string[],
  options: TrainOptions,
  device: Device,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<PreparedRun> {
  // Inspecting a large table takes a while.
  if (options.target === undefined && options.schema === undefined) {
    const { target, columns } = await openGiven(files, options);
    if (target === undefined) throw noTarget(columns);
  }
  const { table, inspection } = await inspectGiven(files, options, terminal, signal);
  const { parts, warnings } = inspection;
  const schema = withFileSettings(inspection.schema, options, device.software ? 32 : 64);
  if (parts.errors.count > 0) terminal.note(parts.errors.summary());
  for (const { message } of warnings) terminal.note(`warning: ${message}`);
  expectFields(schema);
  const { onError = 'stop', delimiter, encoding, allowOutside, validation = [], test = [], seed = 0 } = options;
  const config: RunConfig = {
    version: CONFIG_VERSION,
    table: {
      files: [...files, ...validation, ...test],
      onError,
      ...defined({ delimiter, encoding, allowOutside, sequences: options.sequence && sequencesOf(options.sequence) }),
    },
    seed,
    model: {
      ...defaultModel(
        schema.fields.map(({ kind }) => kind),
        device.software,
      ),
      ...chosenModel(options),
    },
    training: { ...defaultTraining(parts.rows.train), ...chosenTraining(options) },
    command: commandLine(options.command),
    warnings: warnings.map(({ message }) => message),
  };
  checkModel(schema, config.model);
  return { table, schema, parts: parts.parts, unplaced: parts.errors, config };
}

const STILL_IMAGES = { flip: false, crop: 0, color: 0, cutout: 0 };
const STILL_SOUNDS = { shift: 0, noise: 0 };

/**
 * A schema whose images have a size: the one that is asked for, or their own, or else the default. Images and sounds
 * are not augmented where that is asked for.
 */
function withFileSettings(schema: Schema, { imageSize, augment = true }: ModelOptions, defaultSize: number): Schema {
  const settingsOf = ({ kind, settings }: SchemaField): Settings => {
    if (kind === 'image')
      return { ...settings, size: imageSize ?? settings.size ?? defaultSize, ...(augment ? {} : STILL_IMAGES) };
    return kind === 'sound' && !augment ? { ...settings, ...STILL_SOUNDS } : settings;
  };
  return { ...schema, fields: schema.fields.map((field) => ({ ...field, settings: settingsOf(field) })) };
}

/** A command line as a shell takes it. */
const commandLine = (args: readonly string[]): string =>
  ['tessera', ...args]
    .map((word) => (/^[\w./=,:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');

function chosenModel({
  fusion,
  encoder,
  width,
  hidden,
  dropout,
  modalityDropout,
}: ModelOptions): Partial<RunConfig['model']> {
  return defined({ fusion, encoders: encoder, width, hidden, dropout, modalityDropout });
}

function chosenTraining(options: ModelOptions): Partial<RunConfig['training']> {
  const { epochs, batch, learningRate, weightDecay, patience, minutes, balanced } = options;
  return defined({ epochs, batch, learningRate, weightDecay, patience, minutes, balanced });
}

/** @throws TesseraError if a folder has no interrupted run. */
export async function expectInterrupted(folder: RunFolder): Promise<void> {
  const exists = await stat(folder.folder).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (!exists) throw new TesseraError(`--resume: there is no folder '${folder.folder}'`);
  await folder.readConfig();
  if (!(await folder.has('checkpoint')))
    throw new TesseraError(
      (await folder.has('model'))
        ? `the run in '${folder.folder}' is finished; use it with: tessera predict ${folder.folder} TABLE`
        : `the run in '${folder.folder}' was stopped before its first checkpoint; start it again with the command that began it`,
    );
}

/**
 * Opens the table of an interrupted run, and divides it as it was.
 * @throws TesseraError if the command names another table, target or seed.
 */
export async function resumeRun(
  folder: RunFolder,
  given: Pick<TrainOptions, 'target' | 'seed'> & { readonly files: readonly string[] },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<PreparedRun> {
  const config = await folder.readConfig();
  const schema = await folder.readSchema();
  const absolute = (files: readonly string[]) => files.map((file) => path.resolve(file)).join(', ');
  const settings: [name: string, given: string | number | undefined, kept: string | number][] = [
    ['target', given.target, targetOf(schema).column],
    ['seed', given.seed, config.seed],
    ['table', given.files.length > 0 ? absolute(given.files) : undefined, absolute(config.table.files)],
  ];
  for (const [name, value, kept] of settings)
    if (value !== undefined && value !== kept)
      throw new TesseraError(
        `train: the run in '${folder.folder}' has the ${name} ${kept}, got ${value}; a resumed run keeps its settings`,
      );
  const { files, onError, sequences = [] } = config.table;
  const opened = await openGiven(files, config.table);
  const joined = await joinSequences(opened, sequences, schema, config.table, terminal, signal);
  const table = shownTable(joined.table, terminal, signal);
  const target = targetOf(schema);
  const { parts, errors } = await splitRows(table, schema.split, {
    target: target.column,
    isStratified: isOneClass(target),
    errors: new CellErrors(onError),
  });
  if (errors.count > 0) terminal.note(errors.summary());
  return { table, schema, parts, unplaced: errors, config };
}
