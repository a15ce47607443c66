import type { EncodedRows } from '../data/encoded.js';
import { loader } from '../data/loader.js';
import type { SchemaTarget } from '../data/schema.js';
import type { Multimodal } from '../models/index.js';
import { AdamW, cosineDecay, Embedding, Optimizer, type StoredTensor, warmUp } from '../nn/index.js';
import { defaultDevice, TesseraError, type Variable } from '../tensor/index.js';
import type { TrainingConfig } from './config.js';
import { DEFAULT_METRIC, METRICS, metricsOf } from './metrics.js';
import { predictRows, taskTarget } from './predictions.js';

/** What is known after an epoch. */
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
}

/** How far a training is, as JSON; its tensors are beside it. */
export interface FitProgress {
  readonly steps: number;
  /** The number of steps of the schedule; where the time is limited, it is known after a 20th of the time. */
  readonly total?: number;
  readonly milliseconds: number;
  /** How much of it the steps waited for their rows to be read and decoded. */
  readonly waiting: number;
  /** The most device memory at the end of a step, in bytes. */
  readonly deviceBytes: number;
  /** The sum of the losses of the current epoch so far. */
  readonly lossSum: number;
  readonly history: readonly EpochRecord[];
  /** The epoch of `history` whose parameters are kept as the best; 0 before the first. */
  readonly best: number;
  readonly finished: boolean;
}

/** A training at some step: continued from here, it takes the same steps as one that was not interrupted. */
export interface FitState {
  readonly progress: FitProgress;
  /** The tensors by name: `model.*` and `optimizers.*` to continue, and `best.*`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The rows that a model is trained and judged on. */
export interface FitRows {
  readonly encoded: EncodedRows;
  readonly target: SchemaTarget;
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** What a training is given beside model, rows and configuration. */
export interface FitOptions {
  readonly seed: number;
  /** Where to continue. */
  readonly start?: FitState;
  /** Aborted to stop the training, which saves and returns. */
  readonly signal?: AbortSignal;
  /** Is told after each step. */
  onStep?(step: {
    readonly steps: number;
    readonly total: number;
    readonly epoch: number;
    readonly loss: number;
  }): void;
  /** Is told after each epoch. */
  onEpoch?(record: EpochRecord): void | Promise<void>;
  /** Keeps a state: after each epoch, at least every minute, and when the training stops. */
  save?(state: FitState): Promise<void>;
}

/** The speed is measured over so many steps or more. */
const FEWEST_TIMED = 3;
/** A state is saved at least so often. */
const SAVE_MILLISECONDS = 60_000;

/**
 * Trains a model with AdamW, warm-up and cosine decay; validates the moving average of its parameters after each epoch and
 * keeps the best. Ends after the last epoch, `patience` epochs after the best, or, where the time is limited, after as many
 * steps as fit into it.
 *
 * @throws TesseraError if the loss is not finite.
 */
export async function trainModel(
  model: Multimodal,
  rows: FitRows,
  config: TrainingConfig,
  options: FitOptions,
): Promise<FitState> {
  const training = new Training(model, rows, config, options);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

class Training {
  readonly #optimizers: readonly AdamW[];
  readonly #perEpoch: number;
  /** The steps of all epochs that are allowed. */
  readonly #most: number;
  /** The steps of this process but the first, which compiles kernels, and their time. */
  #timed = { steps: -1, milliseconds: 0 };
  #progress: FitProgress;
  #best: ReadonlyMap<string, StoredTensor> = new Map();
  #saved = performance.now();

  constructor(
    private readonly model: Multimodal,
    private readonly rows: FitRows,
    private readonly config: TrainingConfig,
    private readonly options: FitOptions,
  ) {
    const { start } = options;
    this.#perEpoch = Math.ceil(rows.train.length / config.batch);
    this.#most = this.#perEpoch * config.epochs;
    this.#progress = start?.progress ?? {
      steps: 0,
      ...(config.minutes === undefined ? { total: this.#most } : {}),
      milliseconds: 0,
      waiting: 0,
      deviceBytes: 0,
      lossSum: 0,
      history: [],
      best: 0,
      finished: false,
    };
    this.#optimizers = optimizersOf(model, config, (step) => this.#rateAt(step));
    if (start === undefined) return;
    model.loadState(under(start.tensors, 'model.'));
    this.#optimizers.forEach((optimizer, index) => {
      optimizer.loadState(under(start.tensors, `optimizers.${index}.`));
    });
    this.#best = under(start.tensors, 'best.');
  }

  async run(): Promise<FitState> {
    while (!this.#isOver() && !this.options.signal?.aborted) await this.#epoch();
    if (this.#isOver()) this.#progress = { ...this.#progress, finished: true };
    return await this.#save();
  }

  dispose(): void {
    for (const optimizer of this.#optimizers) optimizer.dispose();
  }

  #isOver(): boolean {
    const { history, total = this.#most, best } = this.#progress;
    const ended = history.at(-1)?.steps ?? 0;
    return ended >= total || history.length - best >= this.config.patience;
  }

  /** The learning rate of a step: warm-up, then half a cosine. */
  #rateAt(step: number): number {
    const { learningRate, warmUp: share } = this.config;
    const { total = this.#most } = this.#progress;
    const first = Math.min(Math.ceil(share * total), total - 1);
    return warmUp(first, cosineDecay(learningRate, total - first))(step);
  }

  async #epoch(): Promise<void> {
    const { rows, config, options } = this;
    const { seed, signal } = options;
    const epoch = this.#progress.history.length;
    this.model.train();
    const skip = this.#progress.steps - epoch * this.#perEpoch;
    const batches = loader(rows.encoded, rows.train, {
      size: config.batch,
      seed,
      epoch,
      skip,
      augment: config.augment,
    });
    let begin = performance.now();
    for await (const batch of batches) {
      if (this.#progress.total !== undefined && this.#progress.steps >= this.#progress.total) break;
      const waiting = performance.now() - begin;
      if (batch.target === undefined) throw new TesseraError('train: the rows have no target');
      const loss = this.model.task.loss(this.model.forward(batch.fields), batch.target);
      await Optimizer.stepAll(loss, this.#optimizers);
      const value = await loss.item();
      const { steps, milliseconds, lossSum } = this.#progress;
      const time = performance.now() - begin;
      if (!Number.isFinite(value))
        throw new TesseraError(
          `train: the loss is ${value} after ${steps} steps: the training has diverged; try a smaller learning rate`,
        );
      this.#progress = {
        ...this.#progress,
        steps: steps + 1,
        milliseconds: milliseconds + time,
        waiting: this.#progress.waiting + waiting,
        deviceBytes: Math.max(this.#progress.deviceBytes, (await defaultDevice()).memory.bytes),
        lossSum: lossSum + value,
      };
      this.#limit(time);
      const { total = this.#most } = this.#progress;
      options.onStep?.({ steps: steps + 1, total, epoch: epoch + 1, loss: value });
      if (signal?.aborted) return;
      if (performance.now() - this.#saved > SAVE_MILLISECONDS) await this.#save();
      begin = performance.now();
    }
    try {
      await this.#endEpoch();
    } catch (error) {
      // The epoch is then ended again when the training continues.
      if (signal?.aborted && error === signal.reason) return;
      throw error;
    }
    if (!this.#isOver()) await this.#save();
  }

  async #endEpoch(): Promise<void> {
    const { steps, milliseconds, lossSum, history, best } = this.#progress;
    const { signal } = this.options;
    const validation = await this.#averaged(async () => {
      const { encoded, target, validation } = this.rows;
      const predictions = await predictRows(this.model, target, encoded, validation, () => signal?.throwIfAborted());
      const metrics = metricsOf(predictions);
      const record = { validation: metrics };
      if (best === 0 || isBetter(metrics, history[best - 1].validation, this.rows.target)) {
        this.#best = await this.model.state();
        return { ...record, isBest: true };
      }
      return { ...record, isBest: false };
    });
    const record: EpochRecord = {
      epoch: history.length + 1,
      steps,
      loss: lossSum / (steps - history.length * this.#perEpoch),
      validation: validation.validation,
      learningRate: this.#rateAt(steps - 1),
      milliseconds,
    };
    this.#progress = {
      ...this.#progress,
      lossSum: 0,
      history: [...history, record],
      best: validation.isBest ? record.epoch : best,
    };
    await this.options.onEpoch?.(record);
  }

  /** Where the time is limited, decides after a 20th of it how many steps fit into it. */
  #limit(milliseconds: number): void {
    const { minutes } = this.config;
    const { steps, total } = this.#progress;
    const timed = this.#timed;
    if (++timed.steps === 0 || minutes === undefined || total !== undefined) return;
    timed.milliseconds += milliseconds;
    const limit = minutes * 60_000;
    if (timed.steps < FEWEST_TIMED || timed.milliseconds < limit / 20) return;
    const fitting = Math.floor((limit / timed.milliseconds) * timed.steps);
    this.#progress = { ...this.#progress, total: Math.min(this.#most, Math.max(steps, fitting)) };
  }

  /** Does something with the moving averages in place of the parameters. */
  async #averaged<T>(work: () => Promise<T>): Promise<T> {
    const averaged = this.config.averageDecay > 0 ? this.#optimizers : [];
    for (const optimizer of averaged) await optimizer.swapAverages();
    try {
      return await work();
    } finally {
      for (const optimizer of averaged) await optimizer.swapAverages();
    }
  }

  async #save(): Promise<FitState> {
    const tensors = new Map<string, StoredTensor>();
    const add = (prefix: string, values: ReadonlyMap<string, StoredTensor>) => {
      for (const [name, value] of values) tensors.set(`${prefix}${name}`, value);
    };
    add('model.', await this.model.state());
    for (const [index, optimizer] of this.#optimizers.entries()) add(`optimizers.${index}.`, await optimizer.state());
    add('best.', this.#best);
    const state = { progress: this.#progress, tensors };
    await this.options.save?.(state);
    this.#saved = performance.now();
    return state;
  }
}

/** The best parameters of a training, by name. */
export const bestOf = ({ tensors }: FitState): ReadonlyMap<string, StoredTensor> => under(tensors, 'best.');

/** AdamW for weight matrices and convolution kernels with decay, and for all other parameters without. */
function optimizersOf(model: Multimodal, config: TrainingConfig, learningRate: (step: number) => number): AdamW[] {
  const { weightDecay, clipNorm, averageDecay } = config;
  const tables = new Set(
    [...model.modules()].flatMap((module) => (module instanceof Embedding ? module.parameters() : [])),
  );
  const decays = (parameter: Variable) => parameter.rank > 1 && !tables.has(parameter);
  const options = { learningRate, clipNorm, ...(averageDecay > 0 && { averageDecay }) };
  const parameters = model.parameters();
  return [
    new AdamW(parameters.filter(decays), { ...options, weightDecay }),
    new AdamW(
      parameters.filter((parameter) => !decays(parameter)),
      { ...options, weightDecay: 0 },
    ),
  ];
}

/** Tests whether metrics are better by the one that the task is judged by; equal ones by the loss of probabilities. */
function isBetter(
  metrics: Readonly<Record<string, number>>,
  others: Readonly<Record<string, number>>,
  target: SchemaTarget,
): boolean {
  const main = DEFAULT_METRIC[taskTarget(target).task];
  const gain = (name: string) => (METRICS[name].higherIsBetter ? 1 : -1) * (metrics[name] - others[name]);
  return gain(main) > 0 || (gain(main) === 0 && 'logLoss' in metrics && gain('logLoss') > 0);
}

/** The tensors whose names begin with a prefix, without it. */
const under = (tensors: ReadonlyMap<string, StoredTensor>, prefix: string): Map<string, StoredTensor> =>
  new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
