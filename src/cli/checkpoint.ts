import type { PixelStatistics } from '../data/index.js';
import { readWholeFile, writeFileAtomically } from '../data/node/index.js';
import type { Modality } from '../models/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../nn/index.js';
import { TesseraError } from '../tensor/index.js';
import type { Preset } from './presets.js';

/** How far the training of one modality's model has come. */
export interface ModelProgress {
  readonly steps: number;
  /** Sum of the milliseconds of all steps. */
  readonly milliseconds: number;
  readonly finished: boolean;
}

/** Everything about a run that is no tensor. */
export interface RunState {
  readonly preset: Preset;
  readonly seed: number;
  readonly classes: readonly string[];
  readonly words: readonly string[];
  readonly removedWords: readonly string[];
  readonly statistics: PixelStatistics;
  readonly progress: Readonly<Partial<Record<Modality, ModelProgress>>>;
}

export interface Checkpoint {
  readonly run: RunState;
  /** By `modality.parameter`; while a model is in training, its optimizer's state too. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const FORMAT = 'tessera-run-1';

/** Writes a checkpoint; a reader sees the one before or this one. */
export async function saveCheckpoint(file: string, { run, tensors }: Checkpoint): Promise<void> {
  await writeFileAtomically(file, encodeSafetensors(tensors, { format: FORMAT, run: JSON.stringify(run) }));
}

/** @throws TesseraError if the file is missing, damaged, or no run of `tessera train`. */
export async function loadCheckpoint(file: string): Promise<Checkpoint> {
  const { tensors, metadata } = decodeSafetensors(await readWholeFile(file));
  if (metadata.format !== FORMAT) {
    throw new TesseraError(
      `'${file}' is no checkpoint of 'tessera train' (format ${metadata.format ?? 'unknown'}, expected ${FORMAT})`,
    );
  }
  let run: RunState;
  try {
    run = JSON.parse(metadata.run ?? '');
  } catch (error) {
    throw new TesseraError(`'${file}': the description of the run is damaged`, { cause: error });
  }
  return { run, tensors };
}

/** The tensors under a prefix, without it. */
export function underPrefix(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): Map<string, StoredTensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
}
