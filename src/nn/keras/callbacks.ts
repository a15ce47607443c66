import { TesseraError } from '../../tensor/index.js';
import {
  anything,
  boolean,
  checkOptions,
  expectOptions,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  optional,
} from '../../tensor/options.js';
import type { Module } from '../module.js';
import type { Optimizer } from '../optimizers.js';

/** Numbers of an epoch by name: `loss`, the metrics, and with `val_` before it what the held-out rows gave. */
export type Logs = Readonly<Record<string, number>>;

/** How far `fit` is: epochs and batches count from 0, `logs` are the means of the epoch so far. */
export interface Progress {
  /** From 0. */
  readonly epoch: number;
  /** How many there will be, unless training stops early. */
  readonly epochs: number;
  /** From 0. */
  readonly batch: number;
  /** How many an epoch has. */
  readonly batches: number;
  /** Means over the epoch so far. */
  readonly logs: Logs;
}

/** The model that `fit` trains. */
export interface TrainedModel extends Module {
  /** Changes its parameters: a callback may set its `learningRate`. */
  readonly optimizer: Optimizer;
}

/** What `fit` is going to do. */
export interface TrainingPlan {
  /** How many epochs there will be, unless training stops early. */
  readonly epochs: number;
  /** How many batches an epoch has. */
  readonly batches: number;
}

/** What `fit` calls while it trains; promises are waited for. */
export interface Callbacks {
  /** Before the first epoch: a callback with a memory forgets what an earlier training left. */
  onTrainBegin?(model: TrainedModel, plan: TrainingPlan): void | Promise<void>;
  /** After each batch. */
  onBatchEnd?(progress: Progress): void | Promise<void>;
  /** Returning 'stop' ends training. */
  onEpochEnd?(epoch: number, logs: Logs, model: TrainedModel): undefined | 'stop' | Promise<undefined | 'stop'>;
  /** Something that training can do without, but is likely a mistake. */
  onWarning?(message: string): void;
  /** After the last epoch. */
  onTrainEnd?(model: TrainedModel): void | Promise<void>;
}

const EVENTS: readonly (keyof Callbacks)[] = ['onTrainBegin', 'onBatchEnd', 'onEpochEnd', 'onWarning', 'onTrainEnd'];

/**
 * @throws TesseraError if a field is called like an event, but there is none of that name: it would never be called.
 */
export function expectCallbacks(callbacks: readonly Callbacks[]): void {
  for (const one of callbacks) {
    const events = Object.fromEntries(Object.entries(one).filter(([name]) => /^on[A-Z]/.test(name)));
    expectOptions('fit: callbacks', events, EVENTS);
  }
}

/** What is watched, and for how long. */
export interface EarlyStoppingOptions {
  /** The number that is to become better. Default 'val_loss'. */
  readonly monitor?: string;
  /** It stops after so many epochs without a better one, and after one at least. Default 0. */
  readonly patience?: number;
  /** What is better: the smaller, or the larger. Default 'min'. */
  readonly mode?: 'min' | 'max';
  /** By how much it must be better to count. Default 0. */
  readonly minDelta?: number;
  /** At the end the model gets the weights of its best epoch back. Default false. */
  readonly restoreBestWeights?: boolean;
}

/** Ends training when a number has not become better for so many epochs. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callbacks {
  const {
    monitor = 'val_loss',
    patience = 0,
    mode = 'min',
    minDelta = 0,
    restoreBestWeights = false,
  } = checkOptions('earlyStopping', options, {
    monitor: anything,
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
      if (value === undefined)
        throw new TesseraError(`earlyStopping: there is no '${monitor}'; there are ${Object.keys(logs).join(', ')}`);
      const height = mode === 'min' ? value : -value;
      const better = height < best - minDelta;
      waited = better ? 0 : waited + 1;
      if (better) best = height;
      if (better && restoreBestWeights) weights = await model.state();
      return waited >= Math.max(1, patience) ? 'stop' : undefined;
    },
    onTrainEnd(model) {
      if (weights !== undefined) model.loadState(weights);
    },
  };
}

/** A line now and then while an epoch is long, one at its end, and one a warning: `progress(console.error)`. */
export function progress(write: (line: string) => void): Callbacks {
  /** Seconds between lines within an epoch. */
  const PAUSE = 5;
  let start = performance.now();
  let told = start;
  const numbers = (logs: Logs) => Object.entries(logs).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  const since = (time: number) => (performance.now() - time) / 1000;
  let epochs = 0;
  return {
    onTrainBegin(_, plan) {
      epochs = plan.epochs;
      start = told = performance.now();
    },
    onBatchEnd({ epoch, batch, batches, logs }) {
      if (batch === 0) start = told = performance.now();
      if (since(told) < PAUSE) return;
      told = performance.now();
      const left = (since(start) / (batch + 1)) * (batches - batch - 1);
      const place = `epoch ${epoch + 1}/${epochs}, batch ${batch + 1}/${batches}`;
      write([place, ...numbers(logs), `${Math.ceil(left)} s left`].join(' · '));
    },
    onEpochEnd(epoch, logs) {
      write([`epoch ${epoch + 1}/${epochs}`, `${since(start).toFixed(1)} s`, ...numbers(logs)].join(' · '));
      start = told = performance.now();
      return undefined;
    },
    onWarning: (message) => write(`warning: ${message}`),
  };
}
