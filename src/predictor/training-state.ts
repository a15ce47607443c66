import type { StoredTensor } from '../nn/index.js';
import { TesseraError } from '../tensor/index.js';
import {
  anything,
  boolean,
  type Check,
  checkOptions,
  finite,
  nonNegative,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from '../tensor/options.js';

/** The record of an epoch. */
export interface EpochRecord {
  /** The number of the epoch, from 1 on. */
  readonly epoch: number;
  /** The number of steps so far. */
  readonly steps: number;
  /** The mean loss of the epoch's steps. */
  readonly loss: number;
  /** The metrics of the validation rows by name. */
  readonly validation: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** The time of all steps so far, without validation. */
  readonly milliseconds: number;
  /** When the epoch ended, in seconds since 1970. */
  readonly wallTime: number;
}

/** How far a training is, as JSON; its tensors are beside it. */
export interface TrainingProgress {
  readonly steps: number;
  /** The number of steps of the schedule; where the time is limited, it is known after a 20th of the time. */
  readonly total?: number;
  /** The time of all steps. */
  readonly milliseconds: number;
  /**
   * The steps but the first of each sitting, which compiles kernels; their time, and how much of it they waited for
   * rows to be read and decoded.
   */
  readonly timed: { readonly steps: number; readonly milliseconds: number; readonly waiting: number };
  /** The most device memory at the end of a step, in bytes. */
  readonly deviceBytes: number;
  /** The sum of the losses of the current epoch so far. */
  readonly lossSum: number;
  readonly history: readonly EpochRecord[];
  /** The epoch of `history` whose parameters are kept as the best; 0 before the first. */
  readonly best: number;
  readonly finished: boolean;
}

const list: Check = { expected: 'an array', fits: Array.isArray };
const numbersByName: Check = {
  expected: 'an object of finite numbers by name',
  fits: (value) => typeof value === 'object' && value !== null && Object.values(value).every(finite.fits),
};

/** Checks progress that was read from a file. @throws TesseraError that names what is unknown or wrong. */
export function parseProgress(json: unknown): TrainingProgress {
  const progress = checkOptions('progress', json as TrainingProgress, {
    steps: nonNegativeInteger,
    total: optional(positiveInteger),
    milliseconds: nonNegative,
    timed: anything,
    deviceBytes: nonNegative,
    lossSum: finite,
    history: list,
    best: nonNegativeInteger,
    finished: boolean,
  });
  checkOptions('progress.timed', progress.timed, {
    steps: nonNegativeInteger,
    milliseconds: nonNegative,
    waiting: nonNegative,
  });
  for (const record of progress.history)
    checkOptions('progress.history', record, {
      epoch: positiveInteger,
      steps: positiveInteger,
      loss: finite,
      validation: numbersByName,
      learningRate: nonNegative,
      milliseconds: nonNegative,
      wallTime: nonNegative,
    });
  if (progress.best > progress.history.length)
    throw new TesseraError(
      `progress: best must be one of the ${progress.history.length} epochs of the history, got ${progress.best}`,
    );
  return progress;
}

/** A training at some step: continued from here, it takes the same steps as one that was not interrupted. */
export interface TrainingState {
  readonly progress: TrainingProgress;
  /** The tensors by name: `model.*` and `optimizers.*` to continue, and `best.*`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The best parameters of a training, by name. */
export const bestOf = ({ tensors }: TrainingState): ReadonlyMap<string, StoredTensor> => under(tensors, 'best.');

/** The tensors whose names begin with a prefix, without it. */
export const under = (tensors: ReadonlyMap<string, StoredTensor>, prefix: string): Map<string, StoredTensor> =>
  new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );

/** The mean time of a step, in milliseconds; without the steps that compile kernels, unless there are no others. */
export const stepMillisecondsOf = ({ steps, milliseconds, timed }: TrainingProgress): number =>
  timed.steps > 0 ? timed.milliseconds / timed.steps : milliseconds / steps;
