import { type BatchSource, loader } from '../data/loader.js';
import type { SchemaTarget } from '../data/schema.js';
import type { Multimodal } from '../models/index.js';
import { type AdamW, cosineDecay, Optimizer, type StoredTensor, warmUp } from '../nn/index.js';
import { defaultDevice, TesseraError } from '../tensor/index.js';
import type { TrainingConfig } from './config.js';
import { DEFAULT_METRIC, METRICS, metricsOf } from './metrics.js';
import { optimizersOf } from './optimizers.js';
import { predictRows } from './predict-rows.js';
import { taskTarget } from './targets.js';
import {
  type EpochRecord,
  stepMillisecondsOf,
  type TrainingProgress,
  type TrainingState,
  under,
} from './training-state.js';

/** The rows that a model is trained and validated on. */
export interface TrainingRows {
  readonly encoded: BatchSource;
  readonly target: SchemaTarget;
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** Options of `trainModel`. */
export interface TrainingOptions {
  readonly seed: number;
  /** The state to continue from. Default: a new training. */
  readonly start?: TrainingState;
  /** A signal that stops the training, which then saves its state and returns. */
  readonly signal?: AbortSignal;
  /** Called after each step. */
  onStep?(step: {
    readonly steps: number;
    readonly total: number;
    readonly epoch: number;
    readonly loss: number;
  }): void;
  /** Called after each epoch. */
  onEpoch?(record: EpochRecord): void | Promise<void>;
  /** Saves a state: called after each epoch, at least every minute, and when the training stops. */
  save?(state: TrainingState): Promise<void>;
}

/** The minimum number of steps that the speed is measured over. */
const FEWEST_TIMED = 3;
/** The maximum time between two saved states, in milliseconds. */
const SAVE_MILLISECONDS = 60_000;

/**
 * Trains a model with AdamW, warm-up and cosine decay; validates the moving average of its parameters after each epoch
 * and keeps the best. Ends after the last epoch, `patience` epochs after the best, or, where the time is limited, after
 * as many steps as fit into it.
 *
 * @throws TesseraError if the loss is not finite.
 */
export async function trainModel(
  model: Multimodal,
  rows: TrainingRows,
  config: TrainingConfig,
  options: TrainingOptions,
): Promise<TrainingState> {
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
  /** Whether the next step is the first since the training began or was continued. */
  #isFirst = true;
  #progress: TrainingProgress;
  #best: ReadonlyMap<string, StoredTensor> = new Map();
  #saved = performance.now();

  constructor(
    private readonly model: Multimodal,
    private readonly rows: TrainingRows,
    private readonly config: TrainingConfig,
    private readonly options: TrainingOptions,
  ) {
    const { start } = options;
    this.#perEpoch = Math.ceil(rows.train.length / config.batch);
    this.#most = this.#perEpoch * config.epochs;
    this.#progress = start?.progress ?? {
      steps: 0,
      ...(config.minutes === undefined ? { total: this.#most } : {}),
      milliseconds: 0,
      timed: { steps: 0, milliseconds: 0, waiting: 0 },
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

  async run(): Promise<TrainingState> {
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
      augment: true,
    });
    let begin = performance.now();
    for await (const batch of batches) {
      if (this.#progress.total !== undefined && this.#progress.steps >= this.#progress.total) break;
      const waiting = performance.now() - begin;
      if (batch.target === undefined) throw new TesseraError('train: the rows have no target');
      const loss = this.model.task.loss(this.model.forward(batch.fields), batch.target);
      await Optimizer.stepAll(loss, this.#optimizers);
      const value = await loss.item();
      const { steps, milliseconds, timed, lossSum } = this.#progress;
      const time = performance.now() - begin;
      if (!Number.isFinite(value))
        throw new TesseraError(
          `train: the loss is ${value} after ${steps} steps: the training has diverged; try a smaller learning rate`,
        );
      this.#progress = {
        ...this.#progress,
        steps: steps + 1,
        milliseconds: milliseconds + time,
        timed: this.#isFirst
          ? timed
          : {
              steps: timed.steps + 1,
              milliseconds: timed.milliseconds + time,
              waiting: timed.waiting + waiting,
            },
        deviceBytes: Math.max(this.#progress.deviceBytes, (await defaultDevice()).memory.bytes),
        lossSum: lossSum + value,
      };
      this.#isFirst = false;
      this.#limit();
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
    const { encoded, target, validation: held } = this.rows;
    const { validation, isBest } = await this.#averaged(async () => {
      const predictions = await predictRows(this.model, target, encoded, held, () => signal?.throwIfAborted());
      const validation = metricsOf(predictions);
      const isBest = best === 0 || isBetter(validation, history[best - 1].validation, target);
      if (isBest) this.#best = await this.model.state();
      return { validation, isBest };
    });
    const record: EpochRecord = {
      epoch: history.length + 1,
      steps,
      loss: lossSum / (steps - history.length * this.#perEpoch),
      validation,
      learningRate: this.#rateAt(steps - 1),
      milliseconds,
      wallTime: Date.now() / 1000,
    };
    this.#progress = {
      ...this.#progress,
      lossSum: 0,
      history: [...history, record],
      best: isBest ? record.epoch : best,
    };
    await this.options.onEpoch?.(record);
  }

  /** Where the time is limited, decides after a 20th of it how many steps fit into what is left of it. */
  #limit(): void {
    const { minutes } = this.config;
    const { steps, milliseconds, total, timed } = this.#progress;
    if (minutes === undefined || total !== undefined) return;
    const limit = minutes * 60_000;
    if (timed.steps < FEWEST_TIMED || timed.milliseconds < limit / 20) return;
    const further = Math.floor((limit - milliseconds) / stepMillisecondsOf(this.#progress));
    this.#progress = { ...this.#progress, total: Math.min(this.#most, steps + Math.max(0, further)) };
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

  async #save(): Promise<TrainingState> {
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

/** Tests whether metrics are better by the task's headline metric, and on ties by the loss of probabilities. */
function isBetter(
  metrics: Readonly<Record<string, number>>,
  others: Readonly<Record<string, number>>,
  target: SchemaTarget,
): boolean {
  const main = DEFAULT_METRIC[taskTarget(target).task];
  const gain = (name: string) => (METRICS[name].higherIsBetter ? 1 : -1) * (metrics[name] - others[name]);
  return gain(main) > 0 || (gain(main) === 0 && 'logLoss' in metrics && gain('logLoss') > 0);
}
