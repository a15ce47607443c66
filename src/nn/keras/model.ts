import { batchesOf, range } from '../../tensor/batches.js';
import { startReading } from '../../tensor/evaluate.js';
import { type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { anything, checkOptions, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { Module } from '../module.js';
import type { Optimizer } from '../optimizers.js';
import { ArrayDataset, type Rows } from './array-dataset.js';
import type { Logs } from './callbacks.js';
import { type Compiled, type CompileOptions, compiled, type Prediction } from './compile.js';
import { evaluateModel, type FitOptions, fitModel, inMode, inputSpecs, type Trainable } from './fit.js';
import { LayerGraph } from './graph.js';
import { summaryOf } from './summary.js';
import { SymbolicTensor } from './symbols.js';

export type { FitOptions } from './fit.js';

/** The outputs of a model: a tensor for one output, a list for several. */
type Values<Outputs> = Outputs extends SymbolicTensor ? Tensor : readonly Tensor[];

/** Options of a `Model`. */
interface ModelOptions<Outputs> {
  /** The symbolic inputs, whose values `forward` takes. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** The symbolic outputs, whose values `forward` returns. */
  readonly outputs: Outputs;
  /** The seed of the initial values of layers that were given no generator. Default 0. */
  readonly seed?: number;
}

/** Options of `Model.evaluate` and `Model.predict`. */
interface BatchOptions {
  /** The number of rows of a batch. Default 32. */
  readonly batchSize?: number;
}

const batchSizeOf = (where: string, options: BatchOptions): number =>
  checkOptions(where, options, { batchSize: optional(positiveInteger) }).batchSize ?? 32;

/** A model built from symbolic tensors (see symbols.ts), with Keras's `compile`, `fit`, `evaluate` and `predict`. */
export class Model<Outputs extends SymbolicTensor | readonly SymbolicTensor[] = SymbolicTensor> extends Module {
  /** The symbolic inputs, in the order in which `forward` takes their values. */
  readonly inputs: readonly SymbolicTensor[];
  /** The symbolic outputs, in the order in which `forward` returns their values. */
  readonly outputs: readonly SymbolicTensor[];
  /** All layers, each once, in topological order. */
  readonly layers: readonly Module[];
  readonly #graph: LayerGraph;
  readonly #hasSingleOutput: boolean;
  #compiled: Compiled | undefined;

  /**
   * Collects the layers between the inputs and the outputs, and draws the parameters of those without a generator.
   * @throws TesseraError if an output depends on an input that is not among the inputs.
   */
  constructor(options: ModelOptions<Outputs>) {
    super();
    const checks = { inputs: anything, outputs: anything, seed: optional(nonNegativeInteger) };
    const { inputs, outputs, seed = 0 } = checkOptions('Model', options, checks);
    this.inputs = symbolsOf('inputs', inputs);
    this.#hasSingleOutput = outputs instanceof SymbolicTensor;
    this.outputs = symbolsOf('outputs', outputs);
    this.#graph = new LayerGraph(this.inputs, this.outputs);
    this.layers = this.#graph.layers;
    this.initialize(seed);
  }

  /** Computes the outputs for a batch. @throws TesseraError if inputs are missing or have other shapes. */
  forward(...values: readonly Tensor[]): Values<Outputs> {
    return this.#unwrapped(this.#graph.run(values, this.outputs));
  }

  /** The outputs as the caller expects them: a single one is not wrapped in a list. */
  #unwrapped(outputs: readonly Tensor[]): Values<Outputs> {
    return (this.#hasSingleOutput ? outputs[0] : outputs) as Values<Outputs>;
  }

  /** A table of the layers in topological order, with output shape, inputs and number of parameters, and the totals. */
  override summary(): string {
    return summaryOf(this, this.#graph);
  }

  /**
   * Configures the model for training and evaluation. Losses of probabilities go back to the logits of the softmax or
   * sigmoid that computed them, so that confident wrong predictions keep their gradient.
   * @throws TesseraError if an option is unknown, or the number of losses is not that of the outputs.
   */
  compile(options: CompileOptions): this {
    const precision = options?.precision ?? this.precision;
    this.#compiled = compiled(options, this.outputs, this.parameters(), precision);
    this.usePrecision(precision);
    return this;
  }

  /** The optimizer that `compile` was given or made. @throws TesseraError if the model is not compiled. */
  get optimizer(): Optimizer {
    return this.#expectCompiled('optimizer').optimizer;
  }

  /**
   * Trains the model on rows of inputs x and targets y: tensors, nested arrays or typed arrays. Returns the history:
   * for each name of the logs its values in all epochs. The model's mode is restored afterwards.
   * @throws TesseraError if the model is not compiled, the numbers of rows differ or are 0, or an option is unknown or
   * out of range.
   */
  async fit(x: Rows, y: Rows, options: FitOptions = {}): Promise<Record<string, number[]>> {
    return fitModel(this.#trainable('fit'), x, y, options);
  }

  /** Computes loss and metrics over rows, in inference mode. The model's mode is restored afterwards. */
  async evaluate(x: Rows, y: Rows, options: BatchOptions = {}): Promise<Logs> {
    const batchSize = batchSizeOf('evaluate', options);
    return evaluateModel(this.#trainable('evaluate'), x, y, batchSize);
  }

  /**
   * Computes the outputs (rows, ...) for rows of inputs, in inference mode. The model's mode is restored afterwards.
   */
  async predict(x: Rows, options: BatchOptions = {}): Promise<Values<Outputs>> {
    const batchSize = batchSizeOf('predict', options);
    const dataset = await ArrayDataset.read('predict', [x, inputSpecs(this.inputs)]);
    return inMode(this, 'eval', async () => {
      const widths = this.outputs.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
      const values = widths.map((width) => new Float32Array(dataset.count * width));
      for (const batch of batchesOf(range(0, dataset.count), batchSize)) {
        const outputs = this.#graph.run(dataset.batch(batch).inputs, this.outputs);
        await startReading(outputs);
        for (const [index, output] of outputs.entries())
          values[index].set(await output.data(), batch[0] * widths[index]);
      }
      return this.#unwrapped(values.map((data, index) => tensor(data, [dataset.count, ...this.outputs[index].shape])));
    });
  }

  #trainable(method: string): Trainable {
    const { inputs, outputs } = this;
    return {
      model: this,
      compiled: this.#expectCompiled(method),
      inputs,
      outputs,
      run: (values) => this.#predictions(values),
    };
  }

  /** The outputs of a batch with their masks. */
  #predictions(values: readonly Tensor[]): Prediction[] {
    const masks = this.outputs.flatMap(({ mask }) => mask ?? []);
    const results = this.#graph.run(values, [...this.outputs, ...masks]);
    return this.outputs.map(({ mask }, index) => ({
      value: results[index],
      mask: mask === undefined ? undefined : results[this.outputs.length + masks.indexOf(mask)],
    }));
  }

  #expectCompiled(method: string): Compiled {
    if (this.#compiled === undefined) throw new TesseraError(`${method}: call compile({ optimizer, loss }) first`);
    return this.#compiled;
  }
}

/** The symbols as a list. @throws TesseraError if there are none, or a value is not a symbol. */
function symbolsOf(kind: string, given: SymbolicTensor | readonly SymbolicTensor[]): readonly SymbolicTensor[] {
  const list = given instanceof SymbolicTensor ? [given] : given;
  if (!Array.isArray(list) || list.length === 0 || !list.every((symbol) => symbol instanceof SymbolicTensor))
    throw new TesseraError(`Model: ${kind} must be symbols, which input() and layers return; got ${given}`);
  return list;
}
