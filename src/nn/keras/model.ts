import { batchesOf, range } from '../../tensor/batches.js';
import { startReading } from '../../tensor/evaluate.js';
import { type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { anything, checkOptions, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { Module } from '../module.js';
import type { Optimizer } from '../optimizers.js';
import { RowSet, type Rows } from './array-dataset.js';
import type { Logs } from './callbacks.js';
import { type Compiled, type CompileOptions, compiled, type Result } from './compile.js';
import { evaluateRows, type FitOptions, inMode, inputSlots, type Trainable, train } from './fit.js';
import { LayerGraph } from './graph.js';
import { summaryOf } from './summary.js';
import { SymbolicTensor } from './symbols.js';

export type { FitOptions } from './fit.js';

/** What a model gives: a tensor for one output, a list for several. */
type Values<Outputs> = Outputs extends SymbolicTensor ? Tensor : readonly Tensor[];

/** Options of a `Model`. */
interface ModelOptions<Outputs> {
  /** What `forward` takes. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** What `forward` gives. */
  readonly outputs: Outputs;
  /** Draws the parameters of layers without a generator. Default 0. */
  readonly seed?: number;
}

/** Options of `evaluate` and `predict`. */
interface BatchOptions {
  /** Default 32. */
  readonly batchSize?: number;
}

const batchSizeOf = (where: string, options: BatchOptions): number =>
  checkOptions(where, options, { batchSize: optional(positiveInteger) }).batchSize ?? 32;

/** A model of layers between symbols (see symbols.ts): forward, and Keras's compile, fit, evaluate, predict. */
export class Model<Outputs extends SymbolicTensor | readonly SymbolicTensor[] = SymbolicTensor> extends Module {
  /** What `forward` takes, in this order. */
  readonly inputs: readonly SymbolicTensor[];
  /** What `forward` gives, in this order. */
  readonly outputs: readonly SymbolicTensor[];
  /** All layers, each once, in the order in which they compute. */
  readonly layers: readonly Module[];
  readonly #graph: LayerGraph;
  readonly #single: boolean;
  #compiled: Compiled | undefined;

  /**
   * The layers between some symbols. Those made without a generator draw their parameters by the seed.
   * @throws TesseraError if an output depends on an input that is not among the inputs.
   */
  constructor(options: ModelOptions<Outputs>) {
    super();
    const checks = { inputs: anything, outputs: anything, seed: optional(nonNegativeInteger) };
    const { inputs, outputs, seed = 0 } = checkOptions('Model', options, checks);
    this.inputs = symbolsOf('inputs', inputs);
    this.#single = outputs instanceof SymbolicTensor;
    this.outputs = symbolsOf('outputs', outputs);
    this.#graph = new LayerGraph(this.inputs, this.outputs);
    this.layers = this.#graph.layers;
    this.initialize(seed);
  }

  /** The outputs for a batch of each input. @throws TesseraError if inputs are missing or have other shapes. */
  forward(...values: readonly Tensor[]): Values<Outputs> {
    return this.#given(this.#graph.run(values, this.outputs));
  }

  #given(outputs: readonly Tensor[]): Values<Outputs> {
    return (this.#single ? outputs[0] : outputs) as Values<Outputs>;
  }

  /** A table of its layers in the order in which they compute: result, inputs, parameters; and the totals. */
  override summary(): string {
    return summaryOf(this, this.#graph);
  }

  /**
   * Says how it is to be trained and judged. Losses of probabilities go back to the logits of the softmax or sigmoid
   * that gave them, so that a prediction that is certain and wrong has a gradient.
   * @throws TesseraError if an option is unknown, or there are not as many losses as outputs.
   */
  compile(options: CompileOptions): this {
    const precision = options?.precision ?? this.precision;
    this.#compiled = compiled(options, this.outputs, this.parameters(), precision);
    this.usePrecision(precision);
    return this;
  }

  /** What `compile` made or was given. @throws TesseraError before that. */
  get optimizer(): Optimizer {
    return this.#expectCompiled('optimizer').optimizer;
  }

  /**
   * Trains on rows of inputs and targets: tensors, nested arrays or typed arrays. Returns the history: for each name of
   * the logs a number for each epoch. Its mode is afterwards what it was.
   * @throws TesseraError if it was not compiled, the rows differ in number, there are none, or an option is unknown or
   * not what it can be.
   */
  async fit(x: Rows, y: Rows, options: FitOptions = {}): Promise<Record<string, number[]>> {
    return train(this.#trainable('fit'), x, y, options);
  }

  /** Loss and metrics over rows. Its mode is afterwards what it was. */
  async evaluate(x: Rows, y: Rows, options: BatchOptions = {}): Promise<Logs> {
    const batchSize = batchSizeOf('evaluate', options);
    return evaluateRows(this.#trainable('evaluate'), x, y, batchSize);
  }

  /** The outputs for rows of inputs, on the host: (rows, ...) each. Its mode is afterwards what it was. */
  async predict(x: Rows, options: BatchOptions = {}): Promise<Values<Outputs>> {
    const batchSize = batchSizeOf('predict', options);
    const rows = await RowSet.read('predict', [x, inputSlots(this.inputs)]);
    return inMode(this, 'eval', async () => {
      const widths = this.outputs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
      const values = widths.map((width) => new Float32Array(rows.count * width));
      for (const batch of batchesOf(range(0, rows.count), batchSize)) {
        const outputs = this.#graph.run(rows.take(batch).inputs, this.outputs);
        await startReading(outputs);
        for (const [index, output] of outputs.entries())
          values[index].set(await output.data(), batch[0] * widths[index]);
      }
      return this.#given(values.map((one, index) => tensor(one, [rows.count, ...this.outputs[index].shape])));
    });
  }

  #trainable(what: string): Trainable {
    const { inputs, outputs } = this;
    return {
      model: this,
      compiled: this.#expectCompiled(what),
      inputs,
      outputs,
      run: (values) => this.#judged(values),
    };
  }

  /** The outputs with their masks. */
  #judged(values: readonly Tensor[]): Result[] {
    const masks = this.outputs.flatMap(({ mask }) => mask ?? []);
    const results = this.#graph.run(values, [...this.outputs, ...masks]);
    return this.outputs.map(({ mask }, index) => ({
      value: results[index],
      mask: mask === undefined ? undefined : results[this.outputs.length + masks.indexOf(mask)],
    }));
  }

  #expectCompiled(what: string): Compiled {
    if (this.#compiled === undefined) throw new TesseraError(`${what}: call compile({ optimizer, loss }) first`);
    return this.#compiled;
  }
}

function symbolsOf(what: string, given: SymbolicTensor | readonly SymbolicTensor[]): readonly SymbolicTensor[] {
  const list = given instanceof SymbolicTensor ? [given] : given;
  if (!Array.isArray(list) || list.length === 0 || !list.every((one) => one instanceof SymbolicTensor))
    throw new TesseraError(`Model: ${what} must be symbols, which input() and layers make; got ${given}`);
  return list;
}
