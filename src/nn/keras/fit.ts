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
import { RowSet, type Rows, type Slot } from './array-dataset.js';
import { type Callbacks, expectCallbacks, type Logs, type TrainedModel } from './callbacks.js';
import { type Compiled, judge, type Result } from './compile.js';
import { takesClasses } from './losses.js';
import { Tally } from './running-metrics.js';
import type { SymbolicTensor } from './symbols.js';

/** Options of `fit`. */
export interface FitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /**
   * The share of the rows, from the end, that is held out: of few rows at least one. Callbacks are warned of a class
   * that none of the others has. Not with `validationData`.
   */
  readonly validationSplit?: number;
  /** Inputs and targets to be judged by after each epoch. */
  readonly validationData?: readonly [x: Rows, y: Rows];
  /** Shuffles the rows anew for each epoch, by the seed. Default true. */
  readonly shuffle?: boolean;
  /** Of the order of the rows. Default 0. */
  readonly seed?: number;
  /** The weight of a loss, by the class of its target; 1 for classes without. For models of one output. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** Called in this order. */
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
        Object.entries(value).every(([key, one]) => /^-?\d+$/.test(key) && Number.isFinite(one) && one >= 0)),
  },
  callbacks: {
    expected: 'a list of objects',
    fits: (value: unknown) =>
      value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null)),
  },
};

/** What training and judging need of a compiled model. */
export interface Trainable {
  readonly model: TrainedModel;
  readonly compiled: Compiled;
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  run(inputs: readonly Tensor[]): readonly Result[];
}

/** What stands for inputs. */
export const inputSlots = (inputs: readonly SymbolicTensor[]): Slot[] =>
  inputs.map(({ name, shape, dtype }) => ({ name, rank: 1 + shape.length, dtype }));

/** What stands for targets, by the losses. */
const targetSlots = ({ compiled, outputs }: Trainable): Slot[] =>
  outputs.map(({ name, shape }, index) => {
    const { lossName } = compiled.outputs[index];
    const classes = lossName !== undefined && takesClasses(lossName);
    const isColumn = lossName !== undefined && !classes && shape[shape.length - 1] === 1;
    return { name, rank: 1 + shape.length, dtype: classes ? 'i32' : 'f32', isColumn };
  });

const readRows = (what: string, on: Trainable, x: Rows, y: Rows): Promise<RowSet> =>
  RowSet.read(what, [x, inputSlots(on.inputs)], [y, targetSlots(on)]);

/** `Model.fit`. */
export async function train(on: Trainable, x: Rows, y: Rows, options: FitOptions): Promise<Record<string, number[]>> {
  const checked = checkOptions('fit', options, FIT_CHECKS);
  const { epochs = 1, batchSize = 32, validationSplit = 0, shuffle = true, seed = 0, callbacks = [] } = checked;
  const { validationData, classWeight } = checked;
  if (validationData !== undefined && options.validationSplit !== undefined)
    throw new TesseraError('fit: validationData and validationSplit both say what is held out; give one of them');
  expectCallbacks(callbacks);
  const rows = await readRows('fit', on, x, y);
  const held = validationData === undefined ? rows : await readRows('fit', on, ...validationData);
  // As Keras and TF.js count: the rows that train are rounded down. What floats lose in 10 · (1 - 0.9) does not count.
  const kept = Math.floor(rows.count * (1 - validationSplit) + 1e-9);
  if (kept === 0)
    throw new TesseraError(`fit: validationSplit ${validationSplit} of ${rows.count} rows leaves none to train on`);
  const heldRows = validationData === undefined ? range(kept, rows.count) : range(0, held.count);
  const warning = validationData === undefined ? missingClasses(on.compiled, rows, kept) : undefined;
  if (warning !== undefined) for (const one of callbacks) one.onWarning?.(warning);
  const weightOf = classWeight === undefined ? undefined : classWeights(on, rows, classWeight);
  const batches = Math.ceil(kept / batchSize);
  const history: Record<string, number[]> = {};
  return inMode(on.model, 'train', async () => {
    for (const one of callbacks) await one.onTrainBegin?.(on.model, { epochs, batches });
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = epochOrder(kept, shuffle ? seed : undefined, epoch);
      const tally = new Tally();
      const tell = async (batch: number) => {
        for (const one of callbacks) await one.onBatchEnd?.({ epoch, epochs, batch, batches, logs: tally.logs() });
      };
      for (const batch of batchesOf(order, batchSize)) {
        const { loss, parts } = judgeRows(on, rows, batch, weightOf?.(batch));
        await on.compiled.optimizer.step(loss, { also: parts.map(({ sums }) => sums) });
        await tally.add(loss, parts, batch.length, tell);
      }
      await tally.finish(tell);
      const validation = heldRows.length === 0 ? {} : await judgeAll(on, held, heldRows, batchSize);
      const logs = {
        ...tally.logs(),
        ...Object.fromEntries(Object.entries(validation).map(([name, value]) => [`val_${name}`, value])),
      };
      for (const [name, value] of Object.entries(logs)) history[name] = [...(history[name] ?? []), value];
      const answers = [];
      for (const one of callbacks) answers.push(await one.onEpochEnd?.(epoch, logs, on.model));
      if (answers.includes('stop')) break;
    }
    for (const one of callbacks) await one.onTrainEnd?.(on.model);
    return history;
  });
}

/** `Model.evaluate`. */
export async function evaluateRows(on: Trainable, x: Rows, y: Rows, batchSize: number): Promise<Logs> {
  const rows = await readRows('evaluate', on, x, y);
  return judgeAll(on, rows, range(0, rows.count), batchSize);
}

/** Loss and metrics over rows. */
function judgeAll(on: Trainable, rows: RowSet, order: Uint32Array, size: number): Promise<Logs> {
  return inMode(on.model, 'eval', async () => {
    const tally = new Tally();
    for (const batch of batchesOf(order, size)) {
      const { loss, parts } = judgeRows(on, rows, batch);
      await startReading([loss, ...parts.map(({ sums }) => sums)]);
      await tally.add(loss, parts, batch.length);
    }
    await tally.finish();
    return tally.logs();
  });
}

/** The loss of some rows with what regularizers add, and the sums of losses and metrics. */
function judgeRows(on: Trainable, rows: RowSet, batch: Uint32Array, weights?: Tensor) {
  const { inputs, targets } = rows.take(batch);
  const { loss, parts } = judge(on.compiled, on.run(inputs), targets, weights);
  const penalty = on.model.penalty();
  return { loss: penalty === undefined ? loss : loss.add(penalty), parts };
}

/** Does something in a mode; afterwards each part of the model has the mode that it had. */
export async function inMode<T>(model: Module, mode: 'train' | 'eval', work: () => Promise<T>): Promise<T> {
  const before = [...model.modules()].map((module) => [module, module.training] as const);
  model[mode]();
  try {
    return await work();
  } finally {
    // A module comes before its parts, whose mode it sets too.
    for (const [module, training] of before) if (module.training !== training) module[training ? 'train' : 'eval']();
  }
}

/** The weights of the losses of a batch. */
function classWeights(on: Trainable, rows: RowSet, classWeight: Readonly<Record<number, number>>) {
  if (on.outputs.length !== 1) throw new TesseraError('fit: classWeight needs a model of one output');
  const { values, shape } = rows.classes();
  const width = values.length / rows.count;
  const weights = Float32Array.from(values, (label) => classWeight[label] ?? 1);
  return (batch: Uint32Array): Tensor =>
    tensor(copyRows(weights, batch, new Float32Array(batch.length * width)), [batch.length, ...shape.slice(1)]);
}

/** Rows that are sorted by class may leave a class for validation alone: the model never sees it. */
function missingClasses({ outputs }: Compiled, rows: RowSet, kept: number): string | undefined {
  const [{ lossName }] = outputs;
  if (outputs.length !== 1 || kept === rows.count || lossName === undefined || !/cross/i.test(lossName))
    return undefined;
  const { values } = rows.classes();
  const trained = (kept * values.length) / rows.count;
  const seen = new Set(values.subarray(0, trained));
  const missing = [...new Set(values.subarray(trained))].filter((one) => !seen.has(one)).sort((a, b) => a - b);
  if (missing.length === 0) return undefined;
  return `fit: no row to train on has class ${missing.slice(0, 10).join(', ')}: validationSplit takes the last rows; shuffle them before`;
}
