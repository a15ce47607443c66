import { batchesOf, copyRows, epochOrder, range } from '../../tensor/batches.js';
import { startReading } from '../../tensor/evaluate.js';
import { type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import {
  boolean,
  checkOptions,
  fraction,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from '../../tensor/options.js';
import type { Module } from '../module.js';
import { ArrayDataset, type Rows, type TensorSpec } from './array-dataset.js';
import { type Callbacks, expectCallbacks, type Logs, type TrainedModel } from './callbacks.js';
import { type Compiled, lossAndMetrics, type Prediction } from './compile.js';
import { takesClasses } from './losses.js';
import { RunningMetrics } from './running-metrics.js';
import type { SymbolicTensor } from './symbols.js';

/** Options of `Model.fit`. */
export interface FitOptions {
  /** The number of epochs, passes over the training rows. Default 1. */
  readonly epochs?: number;
  /** The number of rows of a batch; the last batch of an epoch may be smaller. Default 32. */
  readonly batchSize?: number;
  /**
   * The fraction of the rows, from the end, that is held out for validation; at least one row if it is above 0.
   * Callbacks get a warning if a class occurs in the held-out rows only. It excludes `validationData`. Default 0.
   */
  readonly validationSplit?: number;
  /** Inputs and targets to evaluate loss and metrics on after each epoch. Default: none. */
  readonly validationData?: readonly [x: Rows, y: Rows];
  /** Whether the training rows are shuffled before each epoch, determined by `seed`. Default true. */
  readonly shuffle?: boolean;
  /** The seed of the shuffling. Default 0. */
  readonly seed?: number;
  /** The weight of the loss of each class of targets; classes without one have 1. For models with one output. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** The callbacks, called in this order. Default: none. */
  readonly callbacks?: readonly Callbacks[];
}

const FIT_CHECKS = {
  epochs: optional(positiveInteger),
  batchSize: optional(positiveInteger),
  validationSplit: optional(fraction),
  validationData: {
    expected: 'a list [x, y]',
    fits: (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 2),
  },
  shuffle: optional(boolean),
  seed: optional(nonNegativeInteger),
  classWeight: {
    expected: 'an object of finite numbers of 0 or above by class',
    fits: (value: unknown) =>
      value === undefined ||
      (typeof value === 'object' &&
        value !== null &&
        Object.entries(value).every(
          ([label, weight]) => /^-?\d+$/.test(label) && Number.isFinite(weight) && weight >= 0,
        )),
  },
  callbacks: {
    expected: 'a list of objects',
    fits: (value: unknown) =>
      value === undefined ||
      (Array.isArray(value) && value.every((callback) => typeof callback === 'object' && callback !== null)),
  },
};

/** A compiled model, as training and evaluation see it. */
export interface Trainable {
  readonly model: TrainedModel;
  readonly compiled: Compiled;
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Computes the outputs of a batch with the masks of their steps. */
  run(inputs: readonly Tensor[]): readonly Prediction[];
}

/** The names, ranks and dtypes of a model's inputs. */
export const inputSpecs = (inputs: readonly SymbolicTensor[]): TensorSpec[] =>
  inputs.map(({ name, shape, dtype }) => ({ name, rank: 1 + shape.length, dtype }));

/** The names, ranks and dtypes of a model's targets, which depend on the losses. */
const targetSpecs = ({ compiled, outputs }: Trainable): TensorSpec[] =>
  outputs.map(({ name, shape }, index) => {
    const { lossName } = compiled.outputs[index];
    const areClasses = lossName !== undefined && takesClasses(lossName);
    const isColumn = lossName !== undefined && !areClasses && shape[shape.length - 1] === 1;
    return { name, rank: 1 + shape.length, dtype: areClasses ? 'i32' : 'f32', isColumn };
  });

const readDataset = (where: string, trainable: Trainable, x: Rows, y: Rows): Promise<ArrayDataset> =>
  ArrayDataset.read(where, [x, inputSpecs(trainable.inputs)], [y, targetSpecs(trainable)]);

/** Rows of a dataset. */
interface Subset {
  readonly dataset: ArrayDataset;
  readonly rows: Uint32Array;
}

/** Implements `Model.fit`. */
export async function fitModel(
  trainable: Trainable,
  x: Rows,
  y: Rows,
  options: FitOptions,
): Promise<Record<string, number[]>> {
  const checked = checkOptions('fit', options, FIT_CHECKS);
  const { epochs = 1, batchSize = 32, shuffle = true, seed = 0, classWeight, callbacks = [] } = checked;
  expectCallbacks(callbacks);
  const { dataset, count, validation } = await readTrainingData(trainable, x, y, checked);
  const weightsOf = classWeight === undefined ? undefined : classWeights(trainable, dataset, classWeight);
  const { model } = trainable;
  const batches = Math.ceil(count / batchSize);
  const history: Record<string, number[]> = {};
  return inMode(model, 'train', async () => {
    for (const callback of callbacks) await callback.onTrainBegin?.(model, { epochs, batches });
    for (let epoch = 0; epoch < epochs; epoch++) {
      const rows = epochOrder(count, shuffle ? seed : undefined, epoch);
      const onBatch = async (batch: number, logs: Logs) => {
        for (const callback of callbacks) await callback.onBatchEnd?.({ epoch, epochs, batch, batches, logs });
      };
      const training = await trainEpoch(trainable, { dataset, rows }, batchSize, weightsOf, onBatch);
      const evaluated = validation.rows.length === 0 ? {} : await evaluateSubset(trainable, validation, batchSize);
      const validationLogs = Object.entries(evaluated).map(([name, value]) => [`val_${name}`, value] as const);
      const logs: Logs = { ...training, ...Object.fromEntries(validationLogs) };
      for (const [name, value] of Object.entries(logs)) history[name] = [...(history[name] ?? []), value];
      const answers = [];
      for (const callback of callbacks) answers.push(await callback.onEpochEnd?.(epoch, logs, model));
      if (answers.includes('stop')) break;
    }
    for (const callback of callbacks) await callback.onTrainEnd?.(model);
    return history;
  });
}

/**
 * Reads the rows of `fit`: the dataset, whose first `count` rows are trained on, and the rows for validation.
 * @throws TesseraError if both kinds of validation are given, or no row is left to train on.
 */
async function readTrainingData(
  trainable: Trainable,
  x: Rows,
  y: Rows,
  { validationSplit, validationData, callbacks = [] }: FitOptions,
): Promise<{ dataset: ArrayDataset; count: number; validation: Subset }> {
  if (validationData !== undefined && validationSplit !== undefined)
    throw new TesseraError('fit: validationData and validationSplit exclude each other; give one of them');
  const dataset = await readDataset('fit', trainable, x, y);
  if (validationData !== undefined) {
    const given = await readDataset('fit', trainable, ...validationData);
    return { dataset, count: dataset.count, validation: { dataset: given, rows: range(0, given.count) } };
  }
  const split = validationSplit ?? 0;
  // The number of training rows is rounded down, as in Keras and TF.js, but not for the rounding error of 10 · (1 -
  // 0.9).
  const count = Math.floor(dataset.count * (1 - split) + 1e-9);
  if (count === 0)
    throw new TesseraError(`fit: validationSplit ${split} of ${dataset.count} rows leaves none to train on`);
  const warning = missingClasses(trainable.compiled, dataset, count);
  if (warning !== undefined) for (const callback of callbacks) callback.onWarning?.(warning);
  return { dataset, count, validation: { dataset, rows: range(count, dataset.count) } };
}

/** Takes an optimizer's step on each batch of the rows, and returns loss and metrics of the epoch. */
async function trainEpoch(
  trainable: Trainable,
  { dataset, rows }: Subset,
  batchSize: number,
  weightsOf: ((rows: Uint32Array) => Tensor) | undefined,
  onBatch: (batch: number, logs: Logs) => Promise<void>,
): Promise<Logs> {
  const running = new RunningMetrics();
  const onRead = (batch: number) => onBatch(batch, running.logs());
  for (const batch of batchesOf(rows, batchSize)) {
    const { loss, metrics } = lossOfBatch(trainable, dataset, batch, weightsOf?.(batch));
    await trainable.compiled.optimizer.step(loss, { also: metrics.map(({ sums }) => sums) });
    await running.add(loss, metrics, batch.length, onRead);
  }
  await running.finish(onRead);
  return running.logs();
}

/** Implements `Model.evaluate`. */
export async function evaluateModel(trainable: Trainable, x: Rows, y: Rows, batchSize: number): Promise<Logs> {
  const dataset = await readDataset('evaluate', trainable, x, y);
  return evaluateSubset(trainable, { dataset, rows: range(0, dataset.count) }, batchSize);
}

/** Loss and metrics over rows of a dataset, in inference mode. */
function evaluateSubset(trainable: Trainable, { dataset, rows }: Subset, batchSize: number): Promise<Logs> {
  return inMode(trainable.model, 'eval', async () => {
    const running = new RunningMetrics();
    for (const batch of batchesOf(rows, batchSize)) {
      const { loss, metrics } = lossOfBatch(trainable, dataset, batch);
      await startReading([loss, ...metrics.map(({ sums }) => sums)]);
      await running.add(loss, metrics, batch.length);
    }
    await running.finish();
    return running.logs();
  });
}

/** The loss of a batch, including the regularizers' penalty, and the sums of its metrics. */
function lossOfBatch(trainable: Trainable, dataset: ArrayDataset, batch: Uint32Array, weights?: Tensor) {
  const { inputs, targets } = dataset.batch(batch);
  const { loss, metrics } = lossAndMetrics(trainable.compiled, trainable.run(inputs), targets, weights);
  const penalty = trainable.model.penalty();
  return { loss: penalty === undefined ? loss : loss.add(penalty), metrics };
}

/** Runs a function with the model in some mode, and restores the modes of all its modules afterwards. */
export async function inMode<T>(model: Module, mode: 'train' | 'eval', run: () => Promise<T>): Promise<T> {
  const modes = [...model.modules()].map((module) => [module, module.training] as const);
  model[mode]();
  try {
    return await run();
  } finally {
    // A module comes before its submodules, whose mode it sets too.
    for (const [module, training] of modes) if (module.training !== training) module[training ? 'train' : 'eval']();
  }
}

/** A function that gives the weights of the losses of a batch by the classes of its targets. */
function classWeights(
  { outputs }: Trainable,
  dataset: ArrayDataset,
  classWeight: Readonly<Record<number, number>>,
): (rows: Uint32Array) => Tensor {
  if (outputs.length !== 1) throw new TesseraError('fit: classWeight needs a model of one output');
  const classes = outputs[0].shape[outputs[0].shape.length - 1];
  const unknown = Object.keys(classWeight).find(
    (label) => classes > 1 && !(Number(label) >= 0 && Number(label) < classes),
  );
  if (unknown !== undefined)
    throw new TesseraError(
      `fit: classWeight has a weight of class ${unknown}; expected classes from 0 to ${classes - 1}`,
    );
  const { values, shape } = dataset.classes();
  const width = values.length / dataset.count;
  const weights = Float32Array.from(values, (label) => classWeight[label] ?? 1);
  return (rows) =>
    tensor(copyRows(weights, rows, new Float32Array(rows.length * width)), [rows.length, ...shape.slice(1)]);
}

/**
 * A warning if a class occurs in the held-out rows only: where rows are sorted by class, `validationSplit` can take all
 * rows of the last classes away from training.
 */
function missingClasses({ outputs }: Compiled, dataset: ArrayDataset, count: number): string | undefined {
  const [{ lossName }] = outputs;
  if (outputs.length !== 1 || count === dataset.count || lossName === undefined || !/cross/i.test(lossName))
    return undefined;
  const { values } = dataset.classes();
  const end = (count * values.length) / dataset.count;
  const trained = new Set(values.subarray(0, end));
  const missing = [...new Set(values.subarray(end))].filter((label) => !trained.has(label)).sort((a, b) => a - b);
  if (missing.length === 0) return undefined;
  return (
    `fit: no row to train on has class ${missing.slice(0, 10).join(', ')}: ` +
    'validationSplit holds out the last rows; shuffle the rows before fit'
  );
}
