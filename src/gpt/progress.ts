import { TesseraError } from '../tensor/index.js';
import {
  anything,
  boolean,
  checkOptions,
  finite,
  nonNegative,
  nonNegativeInteger,
  positiveInteger,
  text,
} from '../tensor/options.js';

/** What was measured after some steps. */
export interface EvaluationRecord {
  /** The number of steps so far. */
  readonly steps: number;
  /** The losses of random batches of the training text and of the held-out text, in nats a token. */
  readonly train: number;
  readonly validation: number;
  /** The learning rate of the last step. */
  readonly learningRate: number;
  /** The time of all steps so far, without evaluations. */
  readonly milliseconds: number;
  /** A text that the model wrote. */
  readonly sample: string;
}

/** How far a training is, as JSON; its tensors are beside it. */
export interface GPTProgress {
  readonly steps: number;
  /** The time of all steps. */
  readonly milliseconds: number;
  /** The steps but the first of each sitting, which compiles kernels, and their time. */
  readonly timed: { readonly steps: number; readonly milliseconds: number };
  readonly history: readonly EvaluationRecord[];
  /** The steps of the evaluation whose parameters are kept as the best; 0 before the first. */
  readonly best: number;
  readonly finished: boolean;
}

/** The progress of a training that has not begun. */
export const BEGINNING: GPTProgress = {
  steps: 0,
  milliseconds: 0,
  timed: { steps: 0, milliseconds: 0 },
  history: [],
  best: 0,
  finished: false,
};

/** Checks progress that was read from a file. @throws TesseraError that names what is unknown or wrong. */
export function parseGPTProgress(json: unknown): GPTProgress {
  const progress = checkOptions('progress', json as GPTProgress, {
    steps: nonNegativeInteger,
    milliseconds: nonNegative,
    timed: anything,
    history: { expected: 'an array', fits: Array.isArray },
    best: nonNegativeInteger,
    finished: boolean,
  });
  checkOptions('progress.timed', progress.timed, { steps: nonNegativeInteger, milliseconds: nonNegative });
  for (const record of progress.history) parseEvaluation(record);
  if (progress.best > 0 && bestOf(progress) === undefined)
    throw new TesseraError(`progress: best is ${progress.best}, at which there was no evaluation`);
  return progress;
}

/** Checks the record of an evaluation. @throws TesseraError that names what is unknown or wrong. */
export const parseEvaluation = (json: unknown): EvaluationRecord =>
  checkOptions('evaluation', json as EvaluationRecord, {
    steps: positiveInteger,
    train: finite,
    validation: finite,
    learningRate: nonNegative,
    milliseconds: nonNegative,
    sample: text,
  });

/** The evaluation whose parameters are kept. */
export const bestOf = ({ history, best }: Pick<GPTProgress, 'history' | 'best'>): EvaluationRecord | undefined =>
  history.find(({ steps }) => steps === best);

/** The mean time of a step, in milliseconds; without those that compile kernels, unless there are no others. */
export const stepMillisecondsOf = ({ steps, milliseconds, timed }: GPTProgress): number =>
  timed.steps > 0 ? timed.milliseconds / timed.steps : milliseconds / Math.max(1, steps);
