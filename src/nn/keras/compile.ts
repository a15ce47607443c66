import { type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { anything, checkOptions, finite, listOf, lookUp, optional } from '../../tensor/options.js';
import { expectAlike } from '../losses.js';
import type { Precision } from '../module.js';
import { Optimizer } from '../optimizers.js';
import { losses, type RowFunction, takesClasses } from './losses.js';
import { beginsWith, type Metric, meanOf, metrics, weigh } from './metrics.js';
import { optimizers } from './optimizers.js';
import type { Part } from './running-metrics.js';
import type { SymbolicTensor } from './symbols.js';

type LossLike = keyof typeof losses | RowFunction;
type MetricLike = keyof typeof metrics | RowFunction | Metric;

/** How a model is trained and judged. */
export interface CompileOptions {
  /**
   * By name with Keras's options; an optimizer of the model's parameters, `new Adam(model.parameters())`; or a function
   * that makes one of them. Default 'adam'.
   */
  readonly optimizer?: keyof typeof optimizers | Optimizer | ((parameters: readonly Variable[]) => Optimizer);
  /** By name, or a function that gives a number for each row or step; a list has one for each output. */
  readonly loss: LossLike | readonly LossLike[];
  /** The weights of the losses of several outputs. Default 1 each. */
  readonly lossWeights?: readonly number[];
  /** By name, functions that give a number for each row or step, or `Metric` objects; of each output. */
  readonly metrics?: readonly MetricLike[];
  /**
   * 'mixed' has its products take f16, and gives an optimizer named here a dynamic loss scale. Default: as
   * `usePrecision` said, or f32.
   */
  readonly precision?: Precision;
}

/** One output: what it is judged by, and under which names. */
interface Judged {
  /** The loss's name, where it has one. */
  readonly lossName: string | undefined;
  readonly loss: RowFunction;
  readonly lossWeight: number;
  /** The name of its own loss in the logs, where it is not the only output. */
  readonly logName: string | undefined;
  readonly metrics: readonly { readonly name: string; readonly metric: Metric }[];
}

/** What `compile` makes of its options. */
export interface Compiled {
  readonly optimizer: Optimizer;
  readonly outputs: readonly Judged[];
}

/** What a model gave for an output, and the mask of its steps. */
export interface Result {
  readonly value: Tensor;
  readonly mask: Tensor | undefined;
}

/**
 * @throws TesseraError if an option is unknown, there are not as many losses as outputs, or a name stands for two
 * numbers.
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
    precision: anything,
  });
  const own: readonly LossLike[] = isList(loss) ? loss : outputs.map(() => loss);
  const weights = lossWeights ?? outputs.map(() => 1);
  if (own.length !== outputs.length || weights.length !== outputs.length)
    throw new TesseraError(
      `compile: ${outputs.length} outputs need as many losses and lossWeights, got ${own.length} and ${weights.length}`,
    );
  const named = (given ?? []).map(metricOf);
  const metricNames = unique(named.map(({ name }) => name));
  const outputNames = unique(outputs.map(({ name }) => name));
  const judged = outputs.map((_, index) => {
    const prefix = outputs.length > 1 ? `${outputNames[index]}_` : '';
    const one = own[index];
    return {
      lossName: typeof one === 'string' ? one : undefined,
      loss: lossOf(one),
      lossWeight: weights[index],
      logName: outputs.length > 1 ? `${prefix}loss` : undefined,
      metrics: named.map(({ metric }, at) => ({ name: prefix + metricNames[at], metric })),
    };
  });
  expectFree(
    judged.flatMap(({ logName, metrics }) => [
      ...(logName === undefined ? [] : [logName]),
      ...metrics.map(({ name }) => name),
    ]),
  );
  return { optimizer: optimizerOf(optimizer ?? 'adam', parameters, precision), outputs: judged };
}

const isList = (loss: CompileOptions['loss']): loss is readonly LossLike[] => Array.isArray(loss);

/** Names, where those that were there before get a number. */
function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let number = 1; taken.has(own); number++) own = `${name}_${number}`;
    taken.add(own);
    return own;
  });
}

/** @throws TesseraError if two numbers of the logs had one name. */
function expectFree(names: readonly string[]): void {
  const odd = names.find((name, index) => name === 'loss' || name.startsWith('val_') || names.indexOf(name) < index);
  if (odd !== undefined)
    throw new TesseraError(
      `compile: the name '${odd}' stands for another number of the logs; give the metric or the output another name`,
    );
}

/** A loss, which looks at the targets first where it has a name. */
function lossOf(given: LossLike): RowFunction {
  if (typeof given === 'function') return given;
  const loss = lookUp<RowFunction>('compile', 'loss', losses, given);
  if (takesClasses(given)) return loss;
  return (output, targets) => {
    expectAlike(given, output, targets);
    return loss(output, targets);
  };
}

function metricOf(given: MetricLike): { name: string; metric: Metric } {
  if (typeof given === 'string') return { name: given, metric: lookUp<Metric>('compile', 'metric', metrics, given) };
  if (typeof given === 'function') return { name: given.name || 'metric', metric: meanOf(given) };
  if (typeof given?.sums !== 'function' || typeof given.value !== 'function')
    throw new TesseraError(`compile: a metric is a name, a function of (output, targets) or a Metric, got ${given}`);
  const inTable = Object.entries<Metric>(metrics).find(([, metric]) => metric === given);
  return { name: given.name ?? inTable?.[0] ?? 'metric', metric: given };
}

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
  const made = typeof given === 'function' && !isClass(given) ? given(parameters) : given;
  if (!(made instanceof Optimizer))
    throw new TesseraError(
      'compile: optimizer must be a name, an optimizer such as new Adam(model.parameters()), or a function that makes one ' +
        `of the parameters; got ${typeof given === 'function' ? given.name || 'a function that gives none' : given}`,
    );
  const foreign = made.parameters.find((parameter) => !parameters.includes(parameter));
  if (foreign !== undefined)
    throw new TesseraError(`compile: the optimizer changes '${foreign.name}', which is no parameter of this model`);
  return made;
}

/** Whether it is a class such as `Adam`, which was not made. */
const isClass = (given: object): boolean => 'prototype' in given && given.prototype instanceof Optimizer;

/**
 * The loss of a batch, and what each loss and metric adds to its sum. Padded steps count in none of them; `weights`
 * multiply the losses of rows or steps.
 */
export function judge(
  { outputs }: Compiled,
  results: readonly Result[],
  targets: readonly Tensor[],
  weights?: Tensor,
): { loss: Tensor; parts: readonly Part[] } {
  const each = outputs.map((judged, index) => {
    const { value, mask } = results[index];
    const own = weighted(judged.loss(value, targets[index]), value.shape[0], weights);
    // The loss is the same mean, so that rows count alike in the logs.
    const mean = meanOf(() => own);
    const sums = mean.sums(own, own, mask);
    const loss = mask === undefined || !beginsWith(own, mask) ? own.mean() : ratioOf(sums);
    const parts = judged.metrics.map(({ name, metric }) => ({
      ...{ name, metric },
      sums: metric.sums(value, targets[index], mask),
    }));
    const ownPart = judged.logName === undefined ? [] : [{ name: judged.logName, metric: mean, sums }];
    return { loss: loss.mul(judged.lossWeight), parts: [...ownPart, ...parts] };
  });
  return {
    loss: each.map(({ loss }) => loss).reduce((sum, one) => sum.add(one)),
    parts: each.flatMap(({ parts }) => parts),
  };
}

/** Σ / count of a mean's sums; 0 where nothing counts. */
function ratioOf(sums: Tensor): Tensor {
  const [sum, count] = [sums.slice([0], [1]), sums.slice([1], [2])];
  return sum.div(count.maximum(1)).reshape([]);
}

/** Losses times weights. @throws TesseraError if there is no loss for each row. */
function weighted(own: Tensor, rows: number, weights: Tensor | undefined): Tensor {
  if (own.shape[0] !== rows)
    throw new TesseraError(`Model: a loss must give a number for each row, [${rows}]; got ${own.describe()}`);
  if (weights !== undefined && !beginsWith(own, weights))
    throw new TesseraError(`fit: classWeight has weights ${weights.describe()}, but the loss is ${own.describe()}`);
  return weigh(own, weights);
}
