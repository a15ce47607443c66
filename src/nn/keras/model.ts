import { startReading } from '../../tensor/evaluate.js';
import { Generator } from '../../tensor/generator.js';
import { type Tensor, TesseraError, tensor, type Variable } from '../../tensor/index.js';
import { expectAlike } from '../losses.js';
import { aligned, Module, type Precision } from '../module.js';
import type { Optimizer } from '../optimizers.js';
import { lookUp } from '../options.js';
import { batchesOf, RowSet, type Rows, range } from './array-dataset.js';
import type { Callbacks, Logs } from './callbacks.js';
import { losses, type Metric, meanOf, metrics, optimizers, type RowFunction } from './named.js';
import { Tally } from './running-metrics.js';
import { type Call, SymbolicTensor } from './symbols.js';

type LossLike = keyof typeof losses | RowFunction;
type MetricLike = keyof typeof metrics | RowFunction;

/** How a model is trained and judged. */
export interface CompileOptions {
  /** By name with Keras's settings, or made from the model's parameters. Default 'adam'. */
  readonly optimizer?: keyof typeof optimizers | ((parameters: readonly Variable[]) => Optimizer);
  /** By name, or a function of its own that gives a number for each row; a list has one for each output. */
  readonly loss: LossLike | readonly LossLike[];
  /** What the losses of several outputs count. Default 1 each. */
  readonly lossWeights?: readonly number[];
  /** By name, or functions of their own, which give a number for each row and have a name; of each output. */
  readonly metrics?: readonly MetricLike[];
  /**
   * 'mixed' has its products take f16, and gives an optimizer named here a dynamic loss scale. Default: as `usePrecision`
   * said, or f32.
   */
  readonly precision?: Precision;
}

/** On what, for how long, and who is told. */
export interface FitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** The share of the rows, from the end, that is held out. */
  readonly validationSplit?: number;
  /** Inputs and targets to be judged by after each epoch. */
  readonly validationData?: readonly [x: Rows, y: Rows];
  /** Shuffles the rows anew for each epoch, by the seed. Default true. */
  readonly shuffle?: boolean;
  /** Of the order of the rows. Default 0. */
  readonly seed?: number;
  /** What the loss of a row counts, by the class of its target; 1 for classes without. For models of one output. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** Called in this order. */
  readonly callbacks?: readonly Callbacks[];
}

/** What a model gives: a tensor for one output, a list for several. */
type Values<Outputs> = Outputs extends SymbolicTensor ? Tensor : readonly Tensor[];

interface Compiled {
  readonly optimizer: Optimizer;
  readonly losses: readonly RowFunction[];
  readonly lossWeights: readonly number[];
  readonly metrics: readonly (readonly [name: string, metric: Metric])[];
}

/** A model of layers between symbols (see functional.ts): forward, and Keras's compile, fit, evaluate, predict. */
export class Model<Outputs extends SymbolicTensor | readonly SymbolicTensor[] = SymbolicTensor> extends Module {
  /** What `forward` takes, in this order. */
  readonly inputs: readonly SymbolicTensor[];
  /** What `forward` gives, in this order. */
  readonly outputs: readonly SymbolicTensor[];
  /** All layers, each once, in the order in which they compute. */
  readonly layers: readonly Module[];
  readonly #calls: readonly Call[];
  readonly #single: boolean;
  #compiled: Compiled | undefined;

  /**
   * The layers between some symbols. Those made without a generator draw their parameters by the seed.
   * @throws TesseraError if an output depends on an input that is not among the inputs.
   */
  constructor({
    inputs,
    outputs,
    seed = 0,
  }: {
    inputs: SymbolicTensor | readonly SymbolicTensor[];
    outputs: Outputs;
    seed?: number;
  }) {
    super();
    this.inputs = inputs instanceof SymbolicTensor ? [inputs] : inputs;
    this.#single = outputs instanceof SymbolicTensor;
    this.outputs = outputs instanceof SymbolicTensor ? [outputs] : outputs;
    const [seen, calls] = [new Set<Call>(), new Set<Call>()];
    const visit = ({ call, name }: SymbolicTensor, given: boolean): void => {
      if (call === undefined && !given)
        throw new TesseraError(`Model: the output depends on '${name}', which is not among the inputs`);
      if (given || seen.has(call!)) return;
      seen.add(call!);
      for (const one of call!.inputs) visit(one, this.inputs.includes(one));
      calls.add(call!);
    };
    for (const one of this.outputs) visit(one, this.inputs.includes(one));
    this.#calls = [...calls];
    this.layers = [...new Set(this.#calls.flatMap(({ module }) => module ?? []))];
    this.initialize(seed);
  }

  /** The outputs for a batch of each input. @throws TesseraError if inputs are missing or have other shapes. */
  forward(...values: readonly Tensor[]): Values<Outputs> {
    const outputs = this.#run(values);
    return (this.#single ? outputs[0] : outputs) as Values<Outputs>;
  }

  #run(values: readonly Tensor[]): readonly Tensor[] {
    if (values.length !== this.inputs.length)
      throw new TesseraError(`Model: expected ${this.inputs.length} inputs, got ${values.length}`);
    this.inputs.forEach(({ shape, dtype, name }, index) => {
      const value = values[index];
      if (value.dtype !== dtype || value.shape.slice(1).join() !== shape.join())
        throw new TesseraError(
          `Model: input ${index} ('${name}') must be ${dtype} [batch, ${shape.join(', ')}], got ${value.describe()}`,
        );
    });
    const known = new Map<Call, readonly Tensor[]>();
    const evaluated = (symbol: SymbolicTensor): Tensor => {
      const given = this.inputs.indexOf(symbol);
      if (given >= 0) return values[given];
      const call = symbol.call!;
      const results = known.get(call) ?? call.compute(...call.inputs.map(evaluated));
      known.set(call, results);
      return results[symbol.index];
    };
    return this.outputs.map(evaluated);
  }

  /** A table of its layers in the order in which they compute: result, what they take, parameters; and the totals. */
  override summary(): string {
    const names = new Map<Call | SymbolicTensor, string>();
    const nameOf = (one: Call | SymbolicTensor): string => {
      const before = [...names.keys()].filter(({ name }) => name === one.name).length;
      return before === 0 ? one.name : `${one.name}_${before}`;
    };
    const sizeOf = (shape: readonly number[]) => `[batch, ${shape.join(', ')}]`.replace(', ]', ']');
    const rows = [['layer', 'result', 'from', 'parameters']];
    for (const one of this.inputs) {
      names.set(one, nameOf(one));
      rows.push([names.get(one)!, sizeOf(one.shape), '', '0']);
    }
    const counted = new Set<Module>();
    for (const call of this.#calls) {
      names.set(call, nameOf(call));
      const from = call.inputs.map((one) => names.get(this.inputs.includes(one) ? one : one.call!)!);
      const own = call.module === undefined || counted.has(call.module) ? [] : call.module.namedVariables().values();
      if (call.module !== undefined) counted.add(call.module);
      const count = [...own].reduce((sum, { size }) => sum + size, 0);
      rows.push([names.get(call)!, sizeOf(call.shape), from.join(', '), count.toLocaleString('en-US')]);
    }
    const variables = [...new Set(this.namedVariables().values())];
    const total = (some: readonly Variable[]) => some.reduce((sum, { size }) => sum + size, 0).toLocaleString('en-US');
    rows.push(['total', '', '', total(variables)]);
    rows.push(['trainable', '', '', total(variables.filter(({ trainable }) => trainable))]);
    return aligned(rows).join('\n');
  }

  /** Says how it is to be trained and judged. @throws TesseraError if there are not as many losses as outputs. */
  compile({
    optimizer = 'adam',
    loss,
    lossWeights,
    metrics: named = [],
    precision = this.precision,
  }: CompileOptions): this {
    this.usePrecision(precision);
    const parameters = this.parameters();
    const count = this.outputs.length;
    const given = (Array.isArray(loss) ? loss : this.outputs.map(() => loss)) as readonly LossLike[];
    const weights = lossWeights ?? this.outputs.map(() => 1);
    if (given.length !== count || weights.length !== count)
      throw new TesseraError(
        `compile: ${count} outputs need as many losses and lossWeights, got ${given.length} and ${weights.length}`,
      );
    this.#compiled = {
      optimizer:
        typeof optimizer === 'string'
          ? lookUp(
              'compile',
              'optimizer',
              optimizers,
              optimizer,
            )(parameters, precision === 'mixed' ? { lossScale: 'dynamic' } : {})
          : optimizer(parameters),
      losses: given.map((one) => (typeof one === 'string' ? lossOf(one) : one)),
      lossWeights: weights,
      metrics: named.map((one) =>
        typeof one === 'string'
          ? ([one, lookUp<Metric>('compile', 'metric', metrics, one)] as const)
          : ([one.name || 'metric', meanOf(one)] as const),
      ),
    };
    return this;
  }

  /** What `compile` made. @throws TesseraError before that. */
  get optimizer(): Optimizer {
    return this.#expectCompiled('optimizer').optimizer;
  }

  /**
   * Trains on rows of inputs and targets. Returns the history: for each name of the logs a number for each epoch.
   * @throws TesseraError if it was not compiled, the rows differ in number, there are none, or a setting is no number
   * that it can be.
   */
  async fit(x: Rows, y: Rows, options: FitOptions = {}): Promise<Record<string, number[]>> {
    const { epochs = 1, batchSize = 32, validationSplit = 0, shuffle = true, seed = 0, callbacks = [] } = options;
    const { optimizer } = this.#expectCompiled('fit');
    expectCount('fit', 'batchSize', batchSize);
    expectCount('fit', 'epochs', epochs);
    const rows = new RowSet('fit', x, y);
    const kept = rows.count - Math.floor(validationSplit * rows.count);
    if (!(validationSplit >= 0 && validationSplit < 1) || kept === 0)
      throw new TesseraError(`fit: validationSplit must lie within [0, 1) and leave rows, got ${validationSplit}`);
    const { validationData } = options;
    const held = validationData === undefined ? rows : new RowSet('fit', ...validationData);
    const heldRows = validationData === undefined ? range(kept, rows.count) : range(0, held.count);
    const weightOf = this.#weights(rows, options.classWeight);
    const history: Record<string, number[]> = {};
    for (let epoch = 0; epoch < epochs; epoch++) {
      this.train();
      const order = shuffle ? new Generator(seed, epoch).permutation(kept) : range(0, kept);
      const batches = Math.ceil(kept / batchSize);
      const tally = new Tally();
      const tell = (batch: number) => {
        for (const one of callbacks) one.onBatchEnd?.({ epoch, epochs, batch, batches, logs: tally.logs() });
      };
      for (const batch of batchesOf(order, batchSize)) {
        const { loss, parts } = this.#judge(rows, batch, weightOf?.(batch));
        await optimizer.step(loss, { also: parts.map(({ sums }) => sums) });
        await tally.add(loss, parts, batch.length, tell);
      }
      await tally.finish(tell);
      const validation = heldRows.length === 0 ? {} : await this.#evaluate(held, heldRows, batchSize);
      const logs = {
        ...tally.logs(),
        ...Object.fromEntries(Object.entries(validation).map(([name, value]) => [`val_${name}`, value])),
      };
      for (const [name, value] of Object.entries(logs)) history[name] = [...(history[name] ?? []), value];
      const answers = [];
      for (const one of callbacks) answers.push(await one.onEpochEnd?.(epoch, logs, this));
      if (answers.includes('stop')) break;
    }
    for (const one of callbacks) await one.onTrainEnd?.(this);
    this.eval();
    return history;
  }

  /** What a row's loss counts, for the rows of a batch; undefined where all count the same. */
  #weights(rows: RowSet, classWeight: FitOptions['classWeight']): ((batch: Uint32Array) => Tensor) | undefined {
    if (classWeight === undefined) return undefined;
    if (!this.#single) throw new TesseraError('fit: classWeight needs a model of one output');
    const weights = Float32Array.from(rows.classes(), (label) => classWeight[label] ?? 1);
    return (batch) => tensor(Float32Array.from(batch, (row) => weights[row]));
  }

  /** The loss of some rows, and what each loss and metric adds to its sum. */
  #judge(rows: RowSet, batch: Uint32Array, weights?: Tensor) {
    const { losses, lossWeights, metrics } = this.#expectCompiled('fit');
    const { inputs, targets } = rows.take(batch);
    const outputs = this.#run(inputs);
    if (targets.length !== outputs.length)
      throw new TesseraError(`Model: ${outputs.length} outputs need as many targets, got ${targets.length}`);
    const several = outputs.length > 1;
    const each = outputs.map((output, index) => {
      const given = losses[index](output, targets[index]);
      if (given.shape.length !== 1 || given.shape[0] !== batch.length)
        throw new TesseraError(
          `Model: a loss must give a number for each row, [${batch.length}]; got ${given.describe()}`,
        );
      const own = weights === undefined ? given : given.mul(weights);
      const name = several ? `${this.#outputName(index)}_` : '';
      const judged = metrics.map(([metric, one]) => ({
        name: name + metric,
        sums: one.sums(output, targets[index]),
        metric: one,
      }));
      return { mean: own.mean(), parts: [...(several ? [meanPart(`${name}loss`, own)] : []), ...judged] };
    });
    const total = each.map(({ mean }, index) => mean.mul(lossWeights[index])).reduce((sum, one) => sum.add(one));
    const penalty = this.penalty();
    return {
      loss: penalty === undefined ? total : total.add(penalty),
      parts: each.flatMap(({ parts }) => parts),
    };
  }

  /** The name of an output: its layer's, with a number where it is not the only one. */
  #outputName(index: number): string {
    const { name } = this.outputs[index];
    const before = this.outputs.slice(0, index).filter((other) => other.name === name).length;
    return before === 0 ? name : `${name}_${before}`;
  }

  /** Loss and metrics over rows. */
  async evaluate(x: Rows, y: Rows, { batchSize = 32 }: { batchSize?: number } = {}): Promise<Logs> {
    this.#expectCompiled('evaluate');
    expectCount('evaluate', 'batchSize', batchSize);
    const rows = new RowSet('evaluate', x, y);
    return this.#evaluate(rows, range(0, rows.count), batchSize);
  }

  async #evaluate(rows: RowSet, order: Uint32Array, size: number): Promise<Logs> {
    this.eval();
    const tally = new Tally();
    for (const batch of batchesOf(order, size)) {
      const { loss, parts } = this.#judge(rows, batch);
      await startReading([loss, ...parts.map(({ sums }) => sums)]);
      await tally.add(loss, parts, batch.length);
    }
    await tally.finish();
    return tally.logs();
  }

  /** The outputs for rows of inputs, on the host: (rows, ...) each. */
  async predict(x: Rows, { batchSize = 32 }: { batchSize?: number } = {}): Promise<Values<Outputs>> {
    expectCount('predict', 'batchSize', batchSize);
    const rows = new RowSet('predict', x);
    this.eval();
    const widths = this.outputs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    const values = widths.map((width) => new Float32Array(rows.count * width));
    for (const batch of batchesOf(range(0, rows.count), batchSize)) {
      const outputs = this.#run(rows.take(batch).inputs);
      await startReading(outputs);
      for (const [index, output] of outputs.entries()) values[index].set(await output.data(), batch[0] * widths[index]);
    }
    const outputs = values.map((one, index) => tensor(one, [rows.count, ...this.outputs[index].shape]));
    return (this.#single ? outputs[0] : outputs) as Values<Outputs>;
  }

  #expectCompiled(what: string): Compiled {
    if (this.#compiled === undefined) throw new TesseraError(`${what}: call compile({ optimizer, loss }) first`);
    return this.#compiled;
  }
}

/** A loss by its name, which looks at the targets first. */
function lossOf(name: keyof typeof losses): RowFunction {
  const loss = lookUp<RowFunction>('compile', 'loss', losses, name);
  return (output, targets) => {
    if (!name.startsWith('sparse')) expectAlike(name, output, targets);
    return loss(output, targets);
  };
}

/** A mean over rows as a part of the logs. */
function meanPart(name: string, rows: Tensor) {
  const metric = meanOf(() => rows);
  return { name, metric, sums: metric.sums(rows, rows) };
}

function expectCount(what: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new TesseraError(`${what}: ${name} must be a whole number from 1, got ${value}`);
}
