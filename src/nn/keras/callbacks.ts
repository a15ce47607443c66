import {
  boolean,
  checkOptions,
  expectOptions,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  optional,
  text,
  unknownName,
} from '../../tensor/options.js';
import type { Module } from '../module.js';
import type { Optimizer } from '../optimizers.js';

/**
 * Loss and metrics of an epoch by name: `loss`, the metrics, and the same for the validation rows with the prefix
 * `val_`.
 */
export type Logs = Readonly<Record<string, number>>;

/** The progress of `fit` after a batch. */
export interface Progress {
  /** The current epoch, counted from 0. */
  readonly epoch: number;
  /** The number of epochs, unless training stops early. */
  readonly epochs: number;
  /** The current batch of the epoch, counted from 0. */
  readonly batch: number;
  /** The number of batches of an epoch. */
  readonly batches: number;
  /** Loss and metrics over the batches of the epoch so far. */
  readonly logs: Logs;
}

/** The model that `fit` trains, as callbacks see it. */
export interface TrainedModel extends Module {
  /** The optimizer of the model's parameters; a callback may set its `learningRate`. */
  readonly optimizer: Optimizer;
}

/** The extent of a training run. */
export interface TrainingPlan {
  /** The number of epochs, unless training stops early. */
  readonly epochs: number;
  /** The number of batches of an epoch. */
  readonly batches: number;
}

/** Functions that `fit` calls while it trains. It awaits the promises that they return. */
export interface Callbacks {
  /** Called before the first epoch; a callback with state resets it here. */
  onTrainBegin?(model: TrainedModel, plan: TrainingPlan): void | Promise<void>;
  /** Called after each batch. */
  onBatchEnd?(progress: Progress): void | Promise<void>;
  /** Called after each epoch; returning 'stop' ends training. */
  onEpochEnd?(epoch: number, logs: Logs, model: TrainedModel): undefined | 'stop' | Promise<undefined | 'stop'>;
  /** Called with a message about a likely mistake that does not prevent training. */
  onWarning?(message: string): void;
  /** Called after the last epoch. */
  onTrainEnd?(model: TrainedModel): void | Promise<void>;
}

const EVENTS: readonly (keyof Callbacks)[] = ['onTrainBegin', 'onBatchEnd', 'onEpochEnd', 'onWarning', 'onTrainEnd'];

/** @throws TesseraError if a callback has a misspelt event, which would never be called. */
export function expectCallbacks(callbacks: readonly Callbacks[]): void {
  for (const callback of callbacks) {
    const events = Object.fromEntries(Object.entries(callback).filter(([name]) => /^on[A-Z]/.test(name)));
    expectOptions('fit: callbacks', events, EVENTS);
  }
}

/** Options of `earlyStopping`. */
export interface EarlyStoppingOptions {
  /** The name of the monitored number in the logs. Default 'val_loss'. */
  readonly monitor?: string;
  /** The number of epochs without improvement after which training stops; 0 acts as 1. Default 0. */
  readonly patience?: number;
  /** Whether the monitored number improves by falling, 'min', or by rising, 'max'. Default 'min'. */
  readonly mode?: 'min' | 'max';
  /** The smallest change that counts as an improvement. Default 0. */
  readonly minDelta?: number;
  /** Whether the model's state of the best epoch is restored when training ends. Default false. */
  readonly restoreBestWeights?: boolean;
}

/** A callback that stops training when a monitored number has stopped improving. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callbacks {
  const {
    monitor = 'val_loss',
    patience = 0,
    mode = 'min',
    minDelta = 0,
    restoreBestWeights = false,
  } = checkOptions('earlyStopping', options, {
    monitor: optional(text),
    patience: optional(nonNegativeInteger),
    mode: optional(oneOf('min', 'max')),
    minDelta: optional(nonNegative),
    restoreBestWeights: optional(boolean),
  });
  let best = Number.POSITIVE_INFINITY;
  let waited = 0;
  let weights: Awaited<ReturnType<Module['state']>> | undefined;
  return {
    onTrainBegin() {
      best = Number.POSITIVE_INFINITY;
      waited = 0;
      weights = undefined;
    },
    async onEpochEnd(_, logs, model) {
      const value = logs[monitor];
      if (value === undefined) throw unknownName('earlyStopping', 'number in the logs', monitor, Object.keys(logs));
      const score = mode === 'min' ? value : -value;
      const hasImproved = score < best - minDelta;
      waited = hasImproved ? 0 : waited + 1;
      if (hasImproved) best = score;
      if (hasImproved && restoreBestWeights) weights = await model.state();
      return waited >= Math.max(1, patience) ? 'stop' : undefined;
    },
    onTrainEnd(model) {
      if (weights !== undefined) model.loadState(weights);
    },
  };
}

/**
 * A callback that writes a line every few seconds, after each epoch and for each warning: `progress(console.error)`.
 */
export function progress(write: (line: string) => void): Callbacks {
  /** Seconds between lines within an epoch. */
  const INTERVAL = 5;
  let start = performance.now();
  let lastLine = start;
  const numbers = (logs: Logs) => Object.entries(logs).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  const since = (time: number) => (performance.now() - time) / 1000;
  let epochs = 0;
  return {
    onTrainBegin(_, plan) {
      epochs = plan.epochs;
      start = lastLine = performance.now();
    },
    onBatchEnd({ epoch, batch, batches, logs }) {
      if (batch === 0) start = lastLine = performance.now();
      if (since(lastLine) < INTERVAL) return;
      lastLine = performance.now();
      const left = (since(start) / (batch + 1)) * (batches - batch - 1);
      const position = `epoch ${epoch + 1}/${epochs}, batch ${batch + 1}/${batches}`;
      write([position, ...numbers(logs), `${Math.ceil(left)} s left`].join(' · '));
    },
    onEpochEnd(epoch, logs) {
      write([`epoch ${epoch + 1}/${epochs}`, `${since(start).toFixed(1)} s`, ...numbers(logs)].join(' · '));
      start = lastLine = performance.now();
      return undefined;
    },
    onWarning: (message) => write(`warning: ${message}`),
  };
}
