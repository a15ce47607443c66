import { type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { anything, checkOptions, finite, listOf, lookUp, oneOf, optional } from '../../tensor/options.js';
import { type Precision, uniqueNames } from '../module.js';
import { Optimizer } from '../optimizers.js';
import { losses, type RowFunction } from './losses.js';
import { beginsWith, type Metric, meanMetric, metrics, weigh } from './metrics.js';
import { optimizers } from './optimizers.js';
import type { BatchSums } from './running-metrics.js';
import type { SymbolicTensor } from './symbols.js';

type LossLike = keyof typeof losses | RowFunction;
type MetricLike = keyof typeof metrics | RowFunction | Metric;

/** Options of `Model.compile`. */
export interface CompileOptions {
  /**
   * The optimizer: a name, which stands for Keras's defaults; an optimizer of the model's parameters, such as
   * `new Adam(model.parameters())`; or a function from the parameters to an optimizer. Default 'adam'.
   */
  readonly optimizer?: keyof typeof optimizers | Optimizer | ((parameters: readonly Variable[]) => Optimizer);
  /**
   * The loss: a name, or a function from outputs and targets to a number for each row or step. For several outputs, one
   * loss for all of them or a list with one for each.
   */
  readonly loss: LossLike | readonly LossLike[];
  /** The weights of the outputs' losses in the total loss. Default: 1 for each. */
  readonly lossWeights?: readonly number[];
  /**
   * The metrics of each output: names, functions from outputs and targets to a number for each row or step, whose mean
   * is taken, or `Metric` objects. Default: none.
   */
  readonly metrics?: readonly MetricLike[];
  /**
   * The precision of the model. 'mixed' computes products in f16, and an optimizer given by name uses a dynamic loss
   * scale. Default: the model's current precision.
   */
  readonly precision?: Precision;
}

/** The loss and metrics of an output. */
interface CompiledOutput {
  /** The name of the loss, if it was given by name. */
  readonly lossName: string | undefined;
  readonly loss: RowFunction;
  readonly lossWeight: number;
  /** The name of the output's loss in the logs, if the model has several outputs. */
  readonly logName: string | undefined;
  readonly metrics: readonly { readonly name: string; readonly metric: Metric }[];
}

/** The training configuration that `compile` derives from its options. */
export interface Compiled {
  readonly optimizer: Optimizer;
  readonly outputs: readonly CompiledOutput[];
}

/** The value of an output for a batch, and the mask of its steps. */
export interface Prediction {
  readonly value: Tensor;
  readonly mask: Tensor | undefined;
}

/**
 * Implements `Model.compile`.
 * @throws TesseraError if an option is unknown, the number of losses is not that of the outputs, or two numbers of the
 * logs would have the same name.
 */
export function compiled(
  options: CompileOptions,
  outputs: readonly SymbolicTensor[],
  parameters: readonly Variable[],
  precision: Precision,
): Compiled {
  const {
    optimizer,
    loss,
    lossWeights,
    metrics: given,
  } = checkOptions('compile', options, {
    optimizer: anything,
    loss: anything,
    lossWeights: optional(listOf(finite)),
    metrics: { expected: 'a list', fits: (value) => value === undefined || Array.isArray(value) },
    precision: optional(oneOf('f32', 'mixed')),
  });
  const lossList: readonly LossLike[] = isList(loss) ? loss : outputs.map(() => loss);
  const weights = lossWeights ?? outputs.map(() => 1);
  if (lossList.length !== outputs.length || weights.length !== outputs.length)
    throw new TesseraError(
      `compile: expected ${outputs.length} losses and lossWeights, one for each output, ` +
        `got ${lossList.length} and ${weights.length}`,
    );
  const named = (given ?? []).map(metricOf);
  const metricNames = uniqueNames(named.map(({ name }) => name));
  const outputNames = uniqueNames(outputs.map(({ name }) => name));
  const compiledOutputs = outputs.map((_, index) => {
    const prefix = outputs.length > 1 ? `${outputNames[index]}_` : '';
    const outputLoss = lossList[index];
    return {
      lossName: typeof outputLoss === 'string' ? outputLoss : undefined,
      loss: lossOf(outputLoss),
      lossWeight: weights[index],
      logName: outputs.length > 1 ? `${prefix}loss` : undefined,
      metrics: named.map(({ metric }, position) => ({ name: prefix + metricNames[position], metric })),
    };
  });
  expectDistinct(
    compiledOutputs.flatMap(({ logName, metrics }) => [
      ...(logName === undefined ? [] : [logName]),
      ...metrics.map(({ name }) => name),
    ]),
  );
  return { optimizer: optimizerOf(optimizer ?? 'adam', parameters, precision), outputs: compiledOutputs };
}

const isList = (loss: CompileOptions['loss']): loss is readonly LossLike[] => Array.isArray(loss);

/** @throws TesseraError if two numbers of the logs would have the same name. */
function expectDistinct(names: readonly string[]): void {
  const taken = names.find((name, index) => name === 'loss' || name.startsWith('val_') || names.indexOf(name) < index);
  if (taken !== undefined)
    throw new TesseraError(
      `compile: the name '${taken}' is already taken in the logs; give the metric or the output another name`,
    );
}

const lossOf = (given: LossLike): RowFunction =>
  typeof given === 'function' ? given : lookUp<RowFunction>('compile', 'loss', losses, given);

/** A metric with its name in the logs. */
function metricOf(given: MetricLike): { name: string; metric: Metric } {
  if (typeof given === 'string') return { name: given, metric: lookUp<Metric>('compile', 'metric', metrics, given) };
  if (typeof given === 'function') return { name: given.name || 'metric', metric: meanMetric(given) };
  if (typeof given?.sums !== 'function' || typeof given.value !== 'function')
    throw new TesseraError(
      `compile: a metric must be a name, a function of (output, targets) or a Metric, got ${given}`,
    );
  const entry = Object.entries<Metric>(metrics).find(([, metric]) => metric === given);
  return { name: given.name ?? entry?.[0] ?? 'metric', metric: given };
}

/** The optimizer as an object. @throws TesseraError if it is none, or changes a parameter of another model. */
function optimizerOf(
  given: NonNullable<CompileOptions['optimizer']>,
  parameters: readonly Variable[],
  precision: Precision,
): Optimizer {
  if (typeof given === 'string')
    return lookUp<(typeof optimizers)[keyof typeof optimizers]>(
      'compile',
      'optimizer',
      optimizers,
      given,
    )(parameters, precision === 'mixed' ? { lossScale: 'dynamic' } : {});
  const optimizer = typeof given === 'function' && !isClass(given) ? given(parameters) : given;
  if (!(optimizer instanceof Optimizer))
    throw new TesseraError(
      'compile: optimizer must be a name, an optimizer such as new Adam(model.parameters()), or a function from ' +
        `the parameters to one; got ${typeof given === 'function' ? given.name || 'a function that returns none' : given}`,
    );
  const foreign = optimizer.parameters.find((parameter) => !parameters.includes(parameter));
  if (foreign !== undefined)
    throw new TesseraError(`compile: the optimizer updates '${foreign.name}', which is not a parameter of this model`);
  return optimizer;
}

/** Whether the value is an optimizer class, such as `Adam`, instead of an instance. */
const isClass = (given: object): boolean => 'prototype' in given && given.prototype instanceof Optimizer;

/**
 * The total loss of a batch, and the sums of all losses and metrics for the logs. Masked steps contribute to none of
 * them; `weights` multiply the losses of rows or steps.
 */
export function lossAndMetrics(
  { outputs }: Compiled,
  predictions: readonly Prediction[],
  targets: readonly Tensor[],
  weights?: Tensor,
): { loss: Tensor; metrics: readonly BatchSums[] } {
  const perOutput = outputs.map((output, index) => {
    const { value, mask } = predictions[index];
    const rows = weighted(output.loss(value, targets[index]), value.shape[0], weights);
    // The sums of the mean loss, in which all rows of the epoch count alike, whatever their batch.
    const mean = meanMetric(() => rows);
    const sums = mean.sums(rows, rows, mask);
    const loss = mask === undefined || !beginsWith(rows, mask) ? rows.mean() : ratioOf(sums);
    const metrics = output.metrics.map(({ name, metric }) => ({
      name,
      metric,
      sums: metric.sums(value, targets[index], mask),
    }));
    const ownLoss = output.logName === undefined ? [] : [{ name: output.logName, metric: mean, sums }];
    return { loss: loss.mul(output.lossWeight), metrics: [...ownLoss, ...metrics] };
  });
  return {
    loss: perOutput.map(({ loss }) => loss).reduce((total, loss) => total.add(loss)),
    metrics: perOutput.flatMap(({ metrics }) => metrics),
  };
}

/** Σ / count of the sums of a mean, as a scalar; 0 if the count is 0. */
function ratioOf(sums: Tensor): Tensor {
  const [sum, count] = [sums.slice([0], [1]), sums.slice([1], [2])];
  return sum.div(count.maximum(1)).reshape([]);
}

/** Multiplies the losses of rows or steps by their weights. @throws TesseraError if there is no loss for each row. */
function weighted(losses: Tensor, rows: number, weights: Tensor | undefined): Tensor {
  if (losses.shape[0] !== rows)
    throw new TesseraError(`Model: a loss must return a number for each row, [${rows}]; got ${losses.describe()}`);
  if (weights !== undefined && !beginsWith(losses, weights))
    throw new TesseraError(`fit: classWeight has weights ${weights.describe()}, but the loss is ${losses.describe()}`);
  return weigh(losses, weights);
}
