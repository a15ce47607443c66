import { tensorOf } from '../tensor/factory.js';
import {
  type CtcOptions,
  crossEntropyRows,
  full,
  softplus,
  type Tensor,
  TesseraError,
  where,
} from '../tensor/index.js';
import { checkIndices, expectType } from '../tensor/ops/checks.js';
import { ctcRowsOf } from '../tensor/ops/ctc.js';

/*
 * Losses of each row, not averaged over the batch: outputs and targets (batch, ..., features) give (batch, ...).
 * `losses.ts` averages them; `keras/losses.ts` gives them Keras's names.
 *
 * Classification losses take logits or probabilities. From probabilities that softmax or sigmoid has just computed they
 * go back to the logits: log softmax(x) keeps precision where the log of rounded probabilities does not, and its
 * gradient does not vanish for confident wrong predictions. Other probabilities are clipped to [1e-7, 1 - 1e-7], as in
 * Keras.
 */

/** Options of losses of logits or probabilities. */
export interface FromLogits {
  /** Whether the outputs are logits. Default false: they are probabilities. */
  readonly fromLogits?: boolean;
}

const EPSILON = 1e-7;
const clipped = (p: Tensor): Tensor => p.clip(EPSILON, 1 - EPSILON);

/** The mean over the last axis; a vector, whose only axis is the batch, is returned unchanged. */
const meanOfLast = (x: Tensor): Tensor => (x.rank <= 1 ? x : x.mean(-1));

/** The input of an activation whose result y is, possibly reshaped with the same last axis; undefined if y is none. */
function beforeActivation(y: Tensor, activation: 'softmax' | 'sigmoid'): Tensor | undefined {
  const { source } = y;
  if (source.kind !== 'op') return undefined;
  const [x] = source.inputs.map(tensorOf);
  if (source.op.name === activation) return x;
  if (source.op.name !== 'reshape' || x.shape.at(-1) !== y.shape.at(-1)) return undefined;
  return beforeActivation(x, activation)?.reshape(y.shape);
}

/** The logits: log p up to a constant for each row. */
function logits(output: Tensor, { fromLogits = false }: FromLogits): Tensor {
  return fromLogits ? output : (beforeActivation(output, 'softmax') ?? clipped(output).log());
}

/** The log probabilities, log p. */
function logProbabilities(output: Tensor, { fromLogits = false }: FromLogits): Tensor {
  const x = fromLogits ? output : beforeActivation(output, 'softmax');
  return x?.logSoftmax() ?? clipped(output).log();
}

/**
 * Categorical cross-entropy -Σ_k t[k]·log p[k]: output and targets (batch, ..., classes), targets one-hot or
 * probabilities.
 */
export const categoricalCrossEntropyRows = (output: Tensor, t: Tensor, options: FromLogits = {}): Tensor =>
  t.mul(logProbabilities(output, options)).sum(-1).neg();

/**
 * Sparse categorical cross-entropy -log p[t]: output (batch, ..., classes), targets t (batch, ...) of i32.
 * Probabilities are normalized to sum 1, as in Keras.
 * @throws TesseraError if a target known on the host is out of range. One known only on the device makes loss and
 * gradient NaN.
 */
export function sparseCategoricalCrossEntropyRows(output: Tensor, t: Tensor, options: FromLogits = {}): Tensor {
  const name = `sparseCategoricalCrossentropy${options.fromLogits ? 'FromLogits' : ''}`;
  expectType(name, 'predictions', output, 'f32');
  expectType(name, 'labels', t, 'i32');
  const x = logits(output, options);
  const classes = x.shape[x.rank - 1];
  // As in Keras, labels may have a last axis of size 1.
  if (t.size * classes !== x.size)
    throw new TesseraError(`${name}: ${t.describe()} is not one label for each row of ${x.describe()}`);
  checkIndices(name, 'label', t, { count: classes, of: 'classes' });
  return crossEntropyRows(x.reshape([-1, classes]), t.reshape([t.size])).reshape(x.shape.slice(0, -1));
}

/**
 * Binary cross-entropy -t·log p - (1 - t)·log(1 - p), averaged over the last axis; from logits x it is computed as
 * t·softplus(-x) + (1 - t)·softplus(x).
 */
export function binaryCrossEntropyRows(output: Tensor, t: Tensor, { fromLogits = false }: FromLogits = {}): Tensor {
  const x = fromLogits ? output : beforeActivation(output, 'sigmoid');
  if (x !== undefined) return meanOfLast(t.mul(softplus(x.neg())).add(t.neg().add(1).mul(softplus(x))));
  const p = clipped(output);
  const negative = t.neg().add(1).mul(p.neg().add(1).log());
  return meanOfLast(t.mul(p.log()).add(negative).neg());
}

/** Kullback-Leibler divergence Σ_k t[k]·log(t[k] / p[k]) over the last axis, of target probabilities t. */
export function klDivergenceRows(output: Tensor, t: Tensor, options: FromLogits = {}): Tensor {
  const logTargets = where(t.greater(0), t, 1).log();
  return t.mul(logTargets.sub(logProbabilities(output, options))).sum(-1);
}

/** Squared error (x - t)², averaged over the last axis. */
export const squaredErrorRows = (x: Tensor, t: Tensor): Tensor => meanOfLast(x.sub(t).square());

/** Absolute error |x - t|, averaged over the last axis. */
export const absoluteErrorRows = (x: Tensor, t: Tensor): Tensor => meanOfLast(x.sub(t).abs());

/** Huber loss, averaged over the last axis: d²/2 where |d| ≤ delta, else delta·(|d| - delta/2), with d = x - t. */
export function huberRows(x: Tensor, t: Tensor, delta = 1): Tensor {
  const error = x.sub(t).abs();
  const quadratic = error.minimum(delta);
  return meanOfLast(quadratic.square().mul(0.5).add(error.sub(quadratic).mul(delta)));
}

/** Poisson loss p - t·log p for counts t, averaged over the last axis. */
export const poissonRows = (p: Tensor, t: Tensor): Tensor => meanOfLast(p.sub(t.mul(p.add(EPSILON).log())));

/** Hinge loss max(1 - t·x, 0) for targets t of -1 or 1, averaged over the last axis. */
export const hingeRows = (x: Tensor, t: Tensor): Tensor => meanOfLast(t.mul(x).neg().add(1).relu());

/** Options of `ctc`. */
export interface CtcLossOptions extends CtcOptions {
  /**
   * Whether samples without an alignment, whose loss is ∞, count as 0 and contribute nothing to the gradients. Default
   * false.
   */
  readonly zeroInfinity?: boolean;
}

/**
 * Connectionist temporal classification of each sample (`ctcRows`), divided by the number of its labels, at least 1:
 * logits (batch, time, classes), targets (batch, labels) of i32 -> (batch). `op` begins the errors.
 */
export function ctcPerLabelRows(
  op: string,
  logits: Tensor,
  targets: Tensor,
  { zeroInfinity = false, ...options }: CtcLossOptions,
): Tensor {
  const rows = ctcRowsOf(op, logits, targets, options);
  const lengths = options.targetLengths ?? full([rows.size], targets.shape[1], 'i32');
  const perLabel = rows.div(lengths.maximum(1).cast('f32'));
  return zeroInfinity ? where(rows.equal(Number.POSITIVE_INFINITY), 0, perLabel) : perLabel;
}

/** L2 normalization along the last axis, x / √Σx²; zero vectors stay zero. */
export function l2Normalize(x: Tensor): Tensor {
  expectType('l2Normalize', 'x', x, 'f32');
  return x.div(x.norm(-1, { keepDims: true }).maximum(1e-12));
}

/** Cosine similarity x·t / (|x|·|t|) over the last axis. */
export const cosineRows = (x: Tensor, t: Tensor): Tensor => l2Normalize(x).mul(l2Normalize(t)).sum(-1);
