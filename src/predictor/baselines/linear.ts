import { Adam, cosineDecay } from '../../nn/index.js';
import { binaryCrossEntropyRows } from '../../nn/row-losses.js';
import { batchesOf, epochOrder, range } from '../../tensor/batches.js';
import {
  crossEntropyRows,
  Generator,
  gather,
  type Tensor,
  TesseraError,
  tensor,
  Variable,
} from '../../tensor/index.js';
import { anything, checkOptions, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { frequenciesOf } from '../baselines.js';
import { allRows } from '../metrics/metric.js';
import { type NumericPredictions, type NumericTarget, outputsPerRow, predictionsOf } from '../metrics/predictions.js';
import { metricFunction } from '../metrics.js';
import { type EncodeRows, LinearFeatures, type LinearRows } from './features.js';

/** The rows of a split, numbered from 0. */
export interface SplitRows {
  readonly size: number;
  /** The tensors of some of them. */
  readonly encode: EncodeRows;
  /** Class ids or numbers (size), or tags (size, tags). */
  readonly targets: ArrayLike<number>;
}

/** Options of `linearBaseline`. */
export interface LinearOptions {
  /** The seed of the order of the rows. */
  readonly seed: number;
  /** The samples a second of each field of sounds, by its name. Default: there are none. */
  readonly sampleRates?: Readonly<Record<string, number>>;
  /** The number of training steps. Default: enough for 20 epochs, within 400 to 2,000. */
  readonly steps?: number;
  /** Called after each step with the number done and the total; an error that it throws ends the training. */
  readonly onStep?: (step: number, steps: number) => void;
}

/** The predictions of the linear baseline. */
export interface LinearBaseline {
  readonly validation: NumericPredictions;
  readonly test: NumericPredictions;
  /** The strength of the L2 penalty that was best on the validation rows: 1 / C in scikit-learn. */
  readonly penalty: number;
  /** The number of training rows that were used: all, unless they are too many to be kept in memory. */
  readonly trainedRows: number;
}

/** The strengths of the L2 penalty that are tried. */
const PENALTIES = [0.1, 1, 10, 100];
/** The strength where there are no validation rows to choose by. */
const DEFAULT_PENALTY = 1;
const BATCH = 256;
const LEARNING_RATE = 0.1;
/** Bounds on memory: of the weights, and of the training rows that are kept. */
const MAXIMUM_WEIGHTS = 2 ** 22;
const MAXIMUM_ROWS = 100_000;

/**
 * A linear model of bags of words, thumbnails, sounds' bands, numbers and categories (see `LinearFeatures`): softmax regression for
 * classes, logistic regression for each tag, ridge regression for numbers. It minimizes
 *
 *   mean loss + penalty / (2 · rows) · ‖W‖²
 *
 * as scikit-learn does with C = 1 / penalty, by Adam with a cosine schedule, for four penalties at once, and keeps the
 * one with the lowest loss on the validation rows. Of more than 100,000 training rows a random 100,000 are used.
 *
 * @throws TesseraError if an option is unknown or invalid, or there are no training rows.
 */
export async function linearBaseline(
  target: NumericTarget,
  splits: { readonly train: SplitRows; readonly validation: SplitRows; readonly test: SplitRows },
  options: LinearOptions,
): Promise<LinearBaseline> {
  const {
    seed,
    sampleRates = {},
    steps: chosen,
    onStep,
  } = checkOptions('linearBaseline', options, {
    seed: nonNegativeInteger,
    sampleRates: anything,
    steps: optional(positiveInteger),
    onStep: anything,
  });
  const { train, validation, test } = splits;
  if (train.size === 0) throw new TesseraError('linearBaseline: there are no training rows; expected at least one');
  const order = new Generator(seed).fork('linear baseline').permutation(train.size);
  const used = order.subarray(0, MAXIMUM_ROWS).sort();
  const width = outputsPerRow(target) * PENALTIES.length;
  const { features, rows } = await LinearFeatures.learn(train.encode, used, {
    maximumWidth: Math.floor(MAXIMUM_WEIGHTS / width),
    sampleRates,
  });
  const model = new LinearModels(target, features, pick(train.targets, used, target));
  const steps = chosen ?? Math.min(2000, Math.max(400, Math.ceil((20 * rows.size) / BATCH)));
  const optimizer = new Adam(model.parameters, { learningRate: cosineDecay(LEARNING_RATE, steps) });
  for (let step = 0, epoch = 0; step < steps; epoch++)
    for (const batch of batchesOf(epochOrder(rows.size, seed, epoch), BATCH)) {
      if (step === steps) break;
      await optimizer.step(model.loss(rows, batch, rows.size));
      step++;
      onStep?.(step, steps);
    }
  const [onValidation, onTest] = [await model.predict(features, validation), await model.predict(features, test)];
  const best = lowestLoss(onValidation);
  return { validation: onValidation[best], test: onTest[best], penalty: PENALTIES[best], trainedRows: rows.size };
}

function lowestLoss(candidates: readonly NumericPredictions[]): number {
  if (candidates[0].targets.length === 0) return PENALTIES.indexOf(DEFAULT_PENALTY);
  const losses = candidates.map(lossOf);
  return losses.indexOf(Math.min(...losses));
}

/** The loss that the model was trained to minimize, on the host. */
function lossOf(predictions: NumericPredictions): number {
  const { task, targets, outputs } = predictions;
  if (task !== 'tags')
    return metricFunction(predictions, task === 'regression' ? 'rmse' : 'logLoss')(allRows(targets.length));
  let sum = 0;
  for (let at = 0; at < targets.length; at++)
    sum -= Math.log(Math.max(1e-15, targets[at] === 1 ? outputs[at] : 1 - outputs[at]));
  return sum;
}

const pick = (targets: ArrayLike<number>, rows: Uint32Array, target: NumericTarget): Float32Array => {
  const width = target.task === 'tags' ? target.tags.length : 1;
  return Float32Array.from(
    { length: rows.length * width },
    (_, at) => targets[rows[Math.floor(at / width)] * width + (at % width)],
  );
};

/** One linear model for each penalty, side by side: outputs (batch, penalties, outputs). */
class LinearModels {
  readonly #target: NumericTarget;
  readonly #outputs: number;
  /** The targets of the training rows; numbers are standardized. */
  readonly #targets: Float32Array;
  readonly #centre: number;
  readonly #spread: number;
  readonly #words: Variable | undefined;
  readonly #dense: Variable;
  readonly #bias: Variable;

  constructor(target: NumericTarget, { sparseWidth, denseWidth }: LinearFeatures, targets: Float32Array) {
    this.#target = target;
    this.#outputs = outputsPerRow(target);
    const width = PENALTIES.length * this.#outputs;
    const isNumber = target.task === 'regression';
    this.#centre = isNumber ? frequenciesOf(target, targets)[0] : 0;
    const variance = targets.reduce((sum, value) => sum + (value - this.#centre) ** 2, 0) / targets.length;
    this.#spread = isNumber && variance > 0 ? Math.sqrt(variance) : 1;
    this.#targets = isNumber ? targets.map((value) => (value - this.#centre) / this.#spread) : targets;
    const zero = (rows: number, name: string) => new Variable(new Float32Array(rows * width), [rows, width], name);
    this.#words = sparseWidth === 0 ? undefined : zero(sparseWidth, 'words');
    this.#dense = zero(denseWidth, 'dense');
    this.#bias = zero(1, 'bias');
  }

  get parameters(): Variable[] {
    return [...this.#weights, this.#bias];
  }

  get #weights(): Variable[] {
    return this.#words === undefined ? [this.#dense] : [this.#words, this.#dense];
  }

  /** The penalized mean loss of some training rows, added up over the models. */
  loss(rows: LinearRows, batch: Uint32Array, trainedRows: number): Tensor {
    const outputs = this.#forward(rows, batch);
    const penalty = tensor(PENALTIES.map((strength) => strength / (2 * trainedRows))).reshape([PENALTIES.length, 1]);
    const squares = this.#weights.map((weights) =>
      weights.square().sum(0).reshape([PENALTIES.length, this.#outputs]).mul(penalty).sum(),
    );
    return squares.reduce(
      (sum, term) => sum.add(term),
      this.#meanLoss(outputs, pick(this.#targets, batch, this.#target)),
    );
  }

  #meanLoss(outputs: Tensor, targets: Float32Array): Tensor {
    const [batch, models, width] = outputs.shape;
    switch (this.#target.task) {
      case 'classification': {
        const labels = Int32Array.from({ length: batch * models }, (_, at) => targets[Math.floor(at / models)]);
        return crossEntropyRows(outputs.reshape([batch * models, width]), tensor(labels))
          .sum()
          .div(batch);
      }
      case 'tags': {
        const expected = tensor(targets, [batch, 1, width]).broadcastTo(outputs.shape);
        return binaryCrossEntropyRows(outputs, expected, { fromLogits: true })
          .sum()
          .mul(width / batch);
      }
      case 'regression':
        return outputs
          .sub(tensor(targets, [batch, 1, 1]))
          .square()
          .sum()
          .div(2 * batch);
    }
  }

  /** Logits or standardized numbers (batch, penalties, outputs). */
  #forward({ offsets, indices, values, dense }: LinearRows, batch: Uint32Array): Tensor {
    const width = this.#dense.shape[0];
    const numbers = new Float32Array(batch.length * width);
    for (const [at, row] of batch.entries()) numbers.set(dense.subarray(row * width, (row + 1) * width), at * width);
    const fromNumbers = tensor(numbers, [batch.length, width]).matmul(this.#dense).add(this.#bias);
    const shape = [batch.length, PENALTIES.length, this.#outputs];
    if (this.#words === undefined) return fromNumbers.reshape(shape);
    // Entries are padded to a power of two, so that few shapes need a plan.
    const longest = batch.reduce((most, row) => Math.max(most, offsets[row + 1] - offsets[row]), 1);
    const length = 2 ** Math.ceil(Math.log2(longest));
    const [ids, weights] = [new Int32Array(batch.length * length), new Float32Array(batch.length * length)];
    batch.forEach((row, at) => {
      ids.set(indices.subarray(offsets[row], offsets[row + 1]), at * length);
      weights.set(values.subarray(offsets[row], offsets[row + 1]), at * length);
    });
    const gathered = gather(this.#words, tensor(ids, [batch.length, length]));
    const fromWords = gathered.mul(tensor(weights, [batch.length, length, 1])).sum(1);
    return fromNumbers.add(fromWords).reshape(shape);
  }

  /** The predictions of each model for the rows of a split. */
  async predict(features: LinearFeatures, { size, encode, targets }: SplitRows): Promise<NumericPredictions[]> {
    const outputs = PENALTIES.map(() => new Float32Array(size * this.#outputs));
    for (const batch of batchesOf(range(0, size), BATCH)) {
      const rows = await features.of(encode, batch);
      const values = await this.#activate(this.#forward(rows, range(0, rows.size))).data();
      for (let at = 0; at < values.length; at++) {
        const [row, model] = [
          Math.floor(at / this.#outputs / PENALTIES.length),
          Math.floor(at / this.#outputs) % PENALTIES.length,
        ];
        outputs[model][(batch[0] + row) * this.#outputs + (at % this.#outputs)] = values[at];
      }
    }
    return outputs.map((own) => predictionsOf(this.#target, targets, own));
  }

  #activate(outputs: Tensor): Tensor {
    switch (this.#target.task) {
      case 'classification':
        return outputs.softmax();
      case 'tags':
        return outputs.sigmoid();
      case 'regression':
        return outputs.mul(this.#spread).add(this.#centre);
    }
  }
}
