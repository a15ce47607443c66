import type { PixelStatistics } from '../../data/index.js';
import { type EmojiData, readWholeFile, writeFileAtomically } from '../../data/node/index.js';
import type { Modality } from '../../models/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../nn/index.js';
import { TesseraError } from '../../tensor/index.js';
import { within } from '../../tensor/ops/checks.js';
import { PRESETS, type Preset } from './presets.js';

/** The models of a run: for each input alone, and for both. */
export const MODALITIES: readonly Modality[] = ['text', 'image', 'both'];

/** The progress of training one model. */
export interface ModelProgress {
  readonly steps: number;
  /** The total time of all steps in milliseconds. */
  readonly milliseconds: number;
  readonly finished: boolean;
}

/** The state of a run, except tensors. */
export interface RunState {
  readonly preset: Preset;
  readonly seed: number;
  readonly classes: readonly string[];
  readonly words: readonly string[];
  readonly removedWords: readonly string[];
  readonly statistics: PixelStatistics;
  /** The versions of the packages of emoji. */
  readonly packages: Readonly<Record<string, string>>;
  readonly progress: Readonly<Partial<Record<Modality, ModelProgress>>>;
}

/** A checkpoint of a run. */
export interface Checkpoint {
  readonly run: RunState;
  /** The tensors by name: `both.model.…` for parameters, and `both.optimizer.…` while the model is being trained. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The format, whose number increases when the content or the tokenizer changes. */
const FORMAT = 'tessera-run-3';

/**
 * Writes a checkpoint atomically.
 * @throws TesseraError if the file cannot be written, or a value is NaN or infinite; the previous checkpoint is kept.
 */
export async function saveCheckpoint(file: string, { run, tensors }: Checkpoint): Promise<void> {
  checkFinite(tensors, 'the training has diverged and was not saved; try another --seed');
  await writeFileAtomically(file, encodeSafetensors(tensors, { format: FORMAT, run: JSON.stringify(run) }));
}

/**
 * Reads a checkpoint.
 * @throws TesseraError if the file is missing, damaged, not a checkpoint of `tessera train`, or contains NaN or
 * infinity.
 */
export async function loadCheckpoint(file: string): Promise<Checkpoint> {
  const bytes = await readWholeFile(file);
  const { tensors, metadata } = within(`'${file}'`, () => decodeSafetensors(bytes));
  if (metadata.format !== FORMAT) {
    throw new TesseraError(
      metadata.format?.startsWith('tessera-run-')
        ? `'${file}' is of another version of 'tessera train' (${metadata.format}, expected ${FORMAT}); train again`
        : `'${file}' is not a checkpoint of 'tessera train' (format ${metadata.format ?? 'unknown'}, expected ${FORMAT})`,
    );
  }
  try {
    checkFinite(tensors, 'the training has diverged; train again');
    return { run: parseRun(metadata.run ?? ''), tensors };
  } catch (error) {
    throw new TesseraError(`'${file}': ${(error as Error).message}`, { cause: error });
  }
}

function checkFinite(tensors: ReadonlyMap<string, StoredTensor>, what: string): void {
  for (const [name, { data }] of tensors) {
    const index = data.findIndex((value: number) => !Number.isFinite(value));
    if (index >= 0) throw new TesseraError(`value ${index} of '${name}' is ${data[index]}: ${what}`);
  }
}

/** Upper limits for sizes, so that a damaged file does not create a model that exhausts memory. */
const MOST_CLASSES = 100;
const MOST_WORDS = 100_000;
const CHANNELS = 3;

/**
 * Parses and checks the state of a run from JSON.
 * @throws TesseraError if anything is missing or invalid.
 */
export function parseRun(json: string): RunState {
  let run: unknown;
  try {
    run = JSON.parse(json);
  } catch {
    throw new TesseraError('the description of the run is not JSON');
  }
  const expect = (condition: boolean, name: string): void => {
    if (!condition) throw new TesseraError(`the description of the run is damaged: ${name}`);
  };
  expect(isRecord(run), 'it is not an object');
  const { preset, seed, classes, words, removedWords, statistics, packages, progress } = run as Record<string, unknown>;
  expect(isPreset(preset), "'preset' has sizes of another version; train again");
  expect(isInteger(seed), "'seed' is not a non-negative integer");
  expect(
    areTexts(classes) && classes.length >= 1 && classes.length <= MOST_CLASSES,
    "'classes' is not an array of names",
  );
  expect(areTexts(words) && words.length <= MOST_WORDS, "'words' is not an array of distinct words");
  expect(areTexts(removedWords), "'removedWords' is not an array of distinct words");
  expect(areStatistics(statistics), "'statistics' does not have means and positive deviations of three channels");
  expect(
    isRecord(packages) && areTexts(Object.values(packages), false),
    "'packages' does not have versions of packages",
  );
  expect(isRecord(progress), "'progress' is not an object");
  for (const [modality, value] of Object.entries(progress as Record<string, unknown>))
    expect(MODALITIES.some((one) => one === modality) && isProgress(value), `'progress' of '${modality}'`);
  return run as RunState;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Tests for an array of non-empty strings, by default distinct ones. */
const areTexts = (value: unknown, distinct = true): value is string[] =>
  Array.isArray(value) &&
  value.every((text) => typeof text === 'string' && text !== '') &&
  (!distinct || new Set(value).size === value.length);

/** Tests for one of the presets, with any number of epochs. */
function isPreset(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { epochs, ...sizes } = value;
  const known: Preset | undefined = Object.values(PRESETS).find(({ name }) => name === sizes.name);
  if (known === undefined || !isInteger(epochs) || epochs < 1) return false;
  const { epochs: _, ...expected } = known;
  return (
    Object.keys(sizes).length === Object.keys(expected).length &&
    Object.entries(expected).every(([name, size]) => sizes[name] === size)
  );
}

function areStatistics(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { mean, deviation } = value;
  const areNumbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length === CHANNELS && list.every(Number.isFinite);
  return areNumbers(mean) && areNumbers(deviation) && deviation.every((one) => one > 0);
}

function isProgress(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { steps, milliseconds, finished } = value;
  return (
    isInteger(steps) &&
    Number.isFinite(milliseconds) &&
    Number(milliseconds) >= 0 &&
    (finished === false || (finished === true && steps > 0))
  );
}

/** The tolerance for statistics of the same images, as versions of the decoder round differently. */
const SAME = 1e-4;

/**
 * Checks that the dataset, from the packages installed now, is the one that a run was trained on.
 * @throws TesseraError if classes, words or statistics differ, as the ids of words would have other meanings.
 */
export function checkData(
  { classes, words, removedWords, statistics, packages }: RunState,
  data: EmojiData,
  file: string,
): void {
  const same = (a: readonly string[], b: readonly string[]) => JSON.stringify(a) === JSON.stringify(b);
  const near = (a: readonly number[], b: readonly number[]) => a.every((one, at) => Math.abs(one - b[at]) <= SAME);
  const differences = [
    ...(same(classes, data.classes) ? [] : ['classes']),
    ...(same(words, data.vocabulary.words) && same(removedWords, data.removedWords) ? [] : ['words']),
    ...(near(statistics.mean, data.statistics.mean) && near(statistics.deviation, data.statistics.deviation)
      ? []
      : ['pixel statistics']),
  ];
  if (differences.length === 0) return;
  const list = (versions: Readonly<Record<string, string>>) =>
    Object.entries(versions)
      .map(([name, version]) => `${name}@${version}`)
      .join(' ');
  throw new TesseraError(
    `'${file}' was trained on ${differences.join(' and ')} that differ from those of the installed packages (${list(data.packages)}); install the packages it was trained with: npm install ${list(packages)}`,
  );
}

/** Returns the tensors whose names begin with a prefix, without the prefix. */
export function underPrefix(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): Map<string, StoredTensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
}
