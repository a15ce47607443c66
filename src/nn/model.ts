import { Generator } from '../tensor/generator.js';
import { readBack, type Tensor, TesseraError, tensor, type Variable } from '../tensor/index.js';
import { SymbolicTensor } from './functional.js';
import { crossEntropy, meanAbsoluteError, meanSquaredError } from './losses.js';
import { Module } from './module.js';
import { Adam, type Optimizer, RMSprop, SGD } from './optimizers.js';

/** A loss by Keras's name: of a model's output and the targets. Outputs are what the last layer gives: probabilities. */
export const losses = {
  /** -Σ t·log p, targets one-hot or probabilities (batch, classes). */
  categoricalCrossentropy: (output: Tensor, targets: Tensor): Tensor =>
    targets
      .mul(output.clip(1e-7, 1 - 1e-7).log())
      .sum(-1)
      .mean()
      .neg(),
  /** The same of classes (batch) of i32, from logits. */
  sparseCategoricalCrossentropyFromLogits: (output: Tensor, targets: Tensor): Tensor => crossEntropy(output, targets),
  meanSquaredError,
  meanAbsoluteError,
} as const;

/** A metric by Keras's name: of a model's output and the targets, averaged over the batch. */
export const metrics = {
  /** The share of rows whose largest output is the target's: targets one-hot, or classes of i32. */
  accuracy: (output: Tensor, targets: Tensor): Tensor =>
    output
      .argmax(-1)
      .equal(targets.dtype === 'i32' ? targets : targets.argmax(-1))
      .cast('f32')
      .mean(),
  meanAbsoluteError,
} as const;

const optimizers = {
  adam: (parameters: Variable[]): Optimizer => new Adam(parameters),
  sgd: (parameters: Variable[]): Optimizer => new SGD(parameters),
  rmsprop: (parameters: Variable[]): Optimizer => new RMSprop(parameters),
} as const;

type Pair = (output: Tensor, targets: Tensor) => Tensor;

export interface CompileOptions {
  /** By name with Keras's settings, or made from the model's parameters. */
  readonly optimizer?: keyof typeof optimizers | ((parameters: Variable[]) => Optimizer);
  readonly loss: keyof typeof losses | Pair;
  readonly metrics?: readonly (keyof typeof metrics)[];
}

/** Numbers of an epoch by name: `loss`, the metrics, and with `val_` before it what the held-out rows gave. */
export type Logs = Readonly<Record<string, number>>;

export interface Callbacks {
  onBatchEnd?(step: { epoch: number; batch: number; batches: number; logs: Logs }): void;
  /** Returning 'stop' ends training. */
  onEpochEnd?(epoch: number, logs: Logs): undefined | 'stop';
}

export interface FitOptions {
  readonly epochs?: number;
  readonly batchSize?: number;
  /** The share of the rows, from the end, that is held out. */
  readonly validationSplit?: number;
  /** Shuffles the rows anew for each epoch, by the seed. Default true. */
  readonly shuffle?: boolean;
  readonly seed?: number;
  readonly callbacks?: readonly Callbacks[];
}

/** Inputs or targets: tensors made from arrays, rows first. */
export type Rows = Tensor | readonly Tensor[];

/** A model of layers between symbols (see functional.ts): forward, and Keras's compile, fit, evaluate, predict. */
export class Model extends Module {
  readonly inputs: readonly SymbolicTensor[];
  readonly output: SymbolicTensor;
  readonly layers: readonly Module[];
  #compiled: { optimizer: Optimizer; loss: Pair; metrics: readonly (keyof typeof metrics)[] } | undefined;

  /** @throws TesseraError if the output depends on an input that is not among the inputs. */
  constructor({ inputs, outputs }: { inputs: SymbolicTensor | readonly SymbolicTensor[]; outputs: SymbolicTensor }) {
    super();
    this.inputs = inputs instanceof SymbolicTensor ? [inputs] : inputs;
    this.output = outputs;
    const found = new Set<Module>();
    const seen = new Set<SymbolicTensor>();
    const visit = (symbol: SymbolicTensor): void => {
      if (seen.has(symbol)) return;
      seen.add(symbol);
      if (symbol.compute === undefined && !this.inputs.includes(symbol))
        throw new TesseraError(`Model: the output depends on '${symbol.name}', which is not among the inputs`);
      for (const one of symbol.inputs) visit(one);
      if (symbol.module !== undefined) found.add(symbol.module);
    };
    visit(outputs);
    this.layers = [...found];
  }

  /** The output for a batch of each input. @throws TesseraError if inputs are missing or have other shapes. */
  forward(...values: readonly Tensor[]): Tensor {
    if (values.length !== this.inputs.length)
      throw new TesseraError(`Model: expected ${this.inputs.length} inputs, got ${values.length}`);
    const known = new Map<SymbolicTensor, Tensor>();
    this.inputs.forEach(({ shape, dtype, name }, index) => {
      const value = values[index]!;
      if (value.dtype !== dtype || value.shape.slice(1).join() !== shape.join())
        throw new TesseraError(
          `Model: input ${index} ('${name}') must be ${dtype} [batch, ${shape.join(', ')}], got ${value.describe()}`,
        );
      known.set(this.inputs[index]!, value);
    });
    const computed = (symbol: SymbolicTensor): Tensor => {
      const value = known.get(symbol) ?? symbol.compute!(...symbol.inputs.map(computed));
      known.set(symbol, value);
      return value;
    };
    return computed(this.output);
  }

  /** Says how it is to be trained and judged. */
  compile({ optimizer = 'adam', loss, metrics: named = [] }: CompileOptions): this {
    const parameters = this.parameters();
    this.#compiled = {
      optimizer: typeof optimizer === 'string' ? optimizers[optimizer](parameters) : optimizer(parameters),
      loss: typeof loss === 'string' ? losses[loss] : loss,
      metrics: named,
    };
    return this;
  }

  /**
   * Trains on rows of inputs and targets. Returns the history: for each name of the logs a number for each epoch.
   * @throws TesseraError if it was not compiled, the rows differ in number, or there are none.
   */
  async fit(x: Rows, y: Tensor, options: FitOptions = {}): Promise<Record<string, number[]>> {
    const { epochs = 1, batchSize = 32, validationSplit = 0, shuffle = true, seed = 0, callbacks = [] } = options;
    const { optimizer, loss, metrics: named } = this.#expectCompiled('fit');
    const inputs = listOf(x);
    const count = countOf('fit', [...inputs, y]);
    const kept = count - Math.floor(validationSplit * count);
    if (!(validationSplit >= 0 && validationSplit < 1) || kept === 0)
      throw new TesseraError(`fit: validationSplit must lie within [0, 1) and leave rows, got ${validationSplit}`);
    const held = Uint32Array.from({ length: count - kept }, (_, row) => kept + row);
    const history: Record<string, number[]> = {};
    for (let epoch = 0; epoch < epochs; epoch++) {
      this.train();
      const order = shuffle
        ? new Generator(seed, epoch).permutation(kept)
        : Uint32Array.from({ length: kept }, (_, row) => row);
      const sums = new Sums();
      const batches = Math.ceil(kept / batchSize);
      for (let batch = 0; batch < batches; batch++) {
        const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        const targets = take(y, rows);
        const output = this.forward(...inputs.map((one) => take(one, rows)));
        const values = { loss: loss(output, targets), ...metricsOf(named, output, targets) };
        await optimizer.step(values.loss, { also: Object.values(values).slice(1) });
        await sums.add(values, rows.length);
        for (const one of callbacks) one.onBatchEnd?.({ epoch, batch, batches, logs: sums.means() });
      }
      const logs = {
        ...sums.means(),
        ...(held.length > 0 ? prefixed('val_', await this.#evaluate(inputs, y, held, batchSize)) : {}),
      };
      for (const [name, value] of Object.entries(logs)) history[name] = [...(history[name] ?? []), value];
      if (callbacks.map((one) => one.onEpochEnd?.(epoch, logs)).includes('stop')) break;
    }
    this.eval();
    return history;
  }

  /** Loss and metrics over rows. */
  async evaluate(x: Rows, y: Tensor, { batchSize = 32 }: { batchSize?: number } = {}): Promise<Logs> {
    this.#expectCompiled('evaluate');
    const inputs = listOf(x);
    const count = countOf('evaluate', [...inputs, y]);
    return this.#evaluate(
      inputs,
      y,
      Uint32Array.from({ length: count }, (_, row) => row),
      batchSize,
    );
  }

  async #evaluate(inputs: readonly Tensor[], y: Tensor, order: Uint32Array, size: number): Promise<Logs> {
    const { loss, metrics: named } = this.#expectCompiled('evaluate');
    this.eval();
    const sums = new Sums();
    for (let begin = 0; begin < order.length; begin += size) {
      const rows = order.subarray(begin, begin + size);
      const targets = take(y, rows);
      const output = this.forward(...inputs.map((one) => take(one, rows)));
      const values = { loss: loss(output, targets), ...metricsOf(named, output, targets) };
      await readBack(Object.values(values));
      await sums.add(values, rows.length);
    }
    return sums.means();
  }

  /** The outputs for rows of inputs, on the host: (rows, ...). */
  async predict(x: Rows, { batchSize = 32 }: { batchSize?: number } = {}): Promise<Tensor> {
    const inputs = listOf(x);
    const count = countOf('predict', inputs);
    this.eval();
    const width = this.output.shape.reduce((product, size) => product * size, 1);
    const values = new Float32Array(count * width);
    for (let begin = 0; begin < count; begin += batchSize) {
      const rows = Uint32Array.from({ length: Math.min(batchSize, count - begin) }, (_, row) => begin + row);
      values.set(await this.forward(...inputs.map((one) => take(one, rows))).data(), begin * width);
    }
    return tensor(values, [count, ...this.output.shape]);
  }

  #expectCompiled(what: string) {
    if (this.#compiled === undefined) throw new TesseraError(`${what}: call compile({ optimizer, loss }) first`);
    return this.#compiled;
  }
}

/** Ends training when a number has not fallen (or risen, for `mode` 'max') for so many epochs. */
export function earlyStopping({
  monitor = 'val_loss',
  patience = 0,
  mode = 'min',
}: {
  monitor?: string;
  patience?: number;
  mode?: 'min' | 'max';
} = {}): Callbacks {
  let best = Number.POSITIVE_INFINITY;
  let waited = 0;
  return {
    onEpochEnd(_, logs) {
      const value = logs[monitor];
      if (value === undefined)
        throw new TesseraError(`earlyStopping: there is no '${monitor}'; there are ${Object.keys(logs).join(', ')}`);
      const height = mode === 'min' ? value : -value;
      waited = height < best ? 0 : waited + 1;
      best = Math.min(best, height);
      return waited > patience ? 'stop' : undefined;
    },
  };
}

/** Means over an epoch, weighted by the rows of each batch. */
class Sums {
  #rows = 0;
  readonly #sums: Record<string, number> = {};

  async add(values: Readonly<Record<string, Tensor>>, rows: number): Promise<void> {
    this.#rows += rows;
    for (const [name, value] of Object.entries(values))
      this.#sums[name] = (this.#sums[name] ?? 0) + rows * (await value.item());
  }

  means(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#rows]));
  }
}

const metricsOf = (named: readonly (keyof typeof metrics)[], output: Tensor, targets: Tensor): Record<string, Tensor> =>
  Object.fromEntries(named.map((name) => [name, metrics[name](output, targets)]));

const prefixed = (prefix: string, logs: Logs): Logs =>
  Object.fromEntries(Object.entries(logs).map(([name, value]) => [prefix + name, value]));

const listOf = (x: Rows): readonly Tensor[] => (Array.isArray(x) ? x : [x as Tensor]);

function countOf(what: string, tensors: readonly Tensor[]): number {
  const counts = new Set(tensors.map(({ shape }) => shape[0] ?? 0));
  if (counts.size !== 1 || counts.has(0)) {
    const shapes = tensors.map((one) => one.describe()).join(', ');
    throw new TesseraError(`${what}: expected as many rows of each, and at least one; got ${shapes}`);
  }
  return tensors[0]!.shape[0]!;
}

/** Rows of a tensor that was made from an array, as a new one. */
function take(x: Tensor, rows: Uint32Array): Tensor {
  const values = x.host ?? (x.source.kind === 'data' ? x.source.data : undefined);
  if (values === undefined)
    throw new TesseraError(`fit: rows come from arrays; read ${x.describe()} with data() first`);
  const width = x.size / x.shape[0]!;
  const taken = values.slice(0, rows.length * width);
  rows.forEach((row, at) => {
    taken.set(values.subarray(row * width, (row + 1) * width), at * width);
  });
  return tensor(taken, [rows.length, ...x.shape.slice(1)], x.dtype);
}
