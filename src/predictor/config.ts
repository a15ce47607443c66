import type { OnError } from '../data/cell-errors.js';
import { ENCODINGS, type Encoding } from '../data/encodings.js';
import type { KindName } from '../data/fields/field.js';
import type { Join } from '../data/join.js';
import type { PartName } from '../data/schema.js';
import { FUSIONS } from '../models/fusion/names.js';
import { TesseraError } from '../tensor/index.js';
import {
  anything,
  boolean,
  checkOptions,
  closedFraction,
  fraction,
  listOf,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  optional,
  positive,
  positiveInteger,
  text,
} from '../tensor/options.js';
import type { ModelConfig } from './build.js';

/** How a model is trained. */
export interface TrainingConfig {
  /** The maximum number of passes over the training rows. */
  readonly epochs: number;
  readonly batch: number;
  /** The largest learning rate of the schedule: warm-up over `warmUp` of the steps, then half a cosine down to 0. */
  readonly learningRate: number;
  readonly warmUp: number;
  /** Decay of weight matrices and convolution kernels; biases, norms and embeddings do not decay. */
  readonly weightDecay: number;
  /** The global norm to which gradients are clipped. */
  readonly clipNorm: number;
  /** Decay of the moving average of the parameters, which is what is validated and kept; 0 for none. */
  readonly averageDecay: number;
  /** The number of epochs without a better validation metric after which training ends. */
  readonly patience: number;
  /** A limit on the time of the steps: the number of steps follows from their measured speed. */
  readonly minutes?: number;
  /** Whether classes weigh the same in the loss, however many rows they have. */
  readonly balanced: boolean;
}

/** How the table of a run is read. */
export interface TableConfig {
  /** Its files, as they were given. */
  readonly files: readonly string[];
  readonly delimiter?: string;
  readonly encoding?: Encoding;
  readonly allowOutside?: boolean;
  /** What happens to cells that cannot be used. */
  readonly onError: OnError;
  /** The tables of events that are joined to it. Default none. */
  readonly sequences?: readonly SequenceConfig[];
}

/** How a table of events is joined to the table of a run. */
export interface SequenceConfig extends Omit<Join, 'settings'> {
  readonly file: string;
}

/** Everything that is needed to train a run again, `config.json` in its folder; the columns are in `schema.json`. */
export interface RunConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly table: TableConfig;
  /** The seed of the initial weights, the order of the rows and the augmentation. */
  readonly seed: number;
  readonly model: ModelConfig;
  readonly training: TrainingConfig;
  /** The command that began the run, and the warnings about its table, for the report. */
  readonly command: string;
  readonly warnings: readonly string[];
  /** How many rows each part had, and hashes of their targets and cells: a run is continued with the same rows. */
  readonly rows?: Readonly<Record<PartName, number>> & { readonly targets: string; readonly cells?: string };
}

export const CONFIG_VERSION = 2;

/** The steps of an epoch that larger batches are chosen for. */
const STEPS_PER_EPOCH = 500;
const [SMALLEST_BATCH, LARGEST_BATCH] = [32, 512];

/** The maximum number of fields of a row that modality dropout leaves out on average. */
const DROPPED_FIELDS = 0.2;

/**
 * The model where nothing is chosen. Texts, images, sounds and sequences have encoders of their own, half as wide on a
 * software adapter. Without them, the fusion and a hidden layer are a perceptron of two hidden layers over the encoded numbers and
 * categories. Sounds are shifted and parts of them hidden in training, so that they need less dropout.
 */
export function defaultModel(kinds: readonly KindName[], isSoftware: boolean): ModelConfig {
  const has = (...some: readonly KindName[]) => kinds.some((kind) => some.includes(kind));
  return {
    encoders: {},
    fusion: 'concatenation',
    ...(has('text', 'image', 'sound', 'sequence')
      ? { width: isSoftware ? 64 : 128, hidden: 0, dropout: has('text', 'image', 'sequence') ? 0.3 : 0.1 }
      : { width: 256, hidden: 128, dropout: 0.2 }),
    modalityDropout: Math.min(0.1, DROPPED_FIELDS / kinds.length),
  };
}

/**
 * The training where nothing is chosen. Batches grow with the table, from 32 to 512 rows; the parameters are averaged
 * over about a quarter of an epoch.
 */
export function defaultTraining(trainingRows: number): TrainingConfig {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, trainingRows / STEPS_PER_EPOCH)));
  const batch = Math.min(LARGEST_BATCH, Math.max(SMALLEST_BATCH, wanted));
  return {
    epochs: 30,
    batch,
    learningRate: 2e-3,
    warmUp: 0.05,
    weightDecay: 0.01,
    clipNorm: 1,
    averageDecay: 1 - 1 / Math.max(4, trainingRows / batch / 4),
    patience: 8,
    balanced: false,
  };
}

const namesByName = {
  expected: 'an object of encoders by column or kind',
  fits: (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(text.fits),
};
const divisibleBy4 = {
  expected: 'a positive multiple of 4',
  fits: (value: unknown) => positiveInteger.fits(value) && Number(value) % 4 === 0,
};

/** Checks a configuration that was read from a file. @throws TesseraError that names what is unknown or wrong. */
export function parseConfig(json: unknown): RunConfig {
  const version = (json as Partial<RunConfig> | undefined)?.version;
  if (version !== CONFIG_VERSION)
    throw new TesseraError(
      `config: expected version ${CONFIG_VERSION}, got ${JSON.stringify(version)}; the run is of another version of Tessera, train again`,
    );
  const config = checkOptions('config', json as RunConfig, {
    version: anything,
    table: anything,
    seed: nonNegativeInteger,
    model: anything,
    training: anything,
    command: text,
    warnings: listOf(text),
    rows: optional(anything),
  });
  if (config.rows !== undefined)
    checkOptions('config.rows', config.rows, {
      train: positiveInteger,
      validation: positiveInteger,
      test: positiveInteger,
      targets: text,
      cells: optional(text),
    });
  checkOptions('config.table', config.table, {
    files: listOf(text),
    delimiter: optional(text),
    encoding: optional(oneOf(...ENCODINGS)),
    allowOutside: optional(boolean),
    onError: oneOf('stop', 'skip', 'missing'),
    sequences: optional(listOf(anything)),
  });
  for (const sequence of config.table.sequences ?? [])
    checkOptions('config.table.sequences', sequence, {
      file: text,
      column: text,
      key: text,
      rowKey: optional(text),
      time: optional(text),
    });
  checkOptions('config.model', config.model, {
    encoders: namesByName,
    fusion: oneOf(...FUSIONS),
    width: divisibleBy4,
    hidden: nonNegativeInteger,
    dropout: fraction,
    modalityDropout: fraction,
  });
  checkOptions('config.training', config.training, {
    epochs: positiveInteger,
    batch: positiveInteger,
    learningRate: positive,
    warmUp: closedFraction,
    weightDecay: nonNegative,
    clipNorm: positive,
    averageDecay: fraction,
    patience: positiveInteger,
    minutes: optional(positive),
    balanced: boolean,
  });
  return config;
}
