import { checkIndices } from '../tensor/graph/define.js';
import { crossEntropyRows, softplus, type Tensor, where } from '../tensor/index.js';

/*
 * The losses of each row, before any mean over the batch: outputs and targets (batch, ..., features) give (batch, ...).
 * `losses.ts` averages them; `keras/losses.ts` gives them Keras's names.
 *
 * Losses of classes take logits, or probabilities. Of probabilities that come straight from softmax or sigmoid they go
 * back to the logits: log softmax(x) is exact where the log of rounded probabilities is not, and its gradient does not
 * vanish where a prediction is certain and wrong. Other probabilities are kept within [1e-7, 1 - 1e-7], as in Keras.
 */

/** What the outputs are: logits or, by default, probabilities. */
export interface FromLogits {
  readonly fromLogits?: boolean;
}

const EPSILON = 1e-7;
const inside = (p: Tensor): Tensor => p.clip(EPSILON, 1 - EPSILON);

/** The mean over the last axis; a vector has none beside the batch. */
const meanOfLast = (x: Tensor): Tensor => (x.rank <= 1 ? x : x.mean(-1));

/** What an activation was applied to, where a tensor is its result, or that in another shape with the same last axis. */
function beforeActivation(y: Tensor, activation: 'softmax' | 'sigmoid'): Tensor | undefined {
  const { source } = y;
  if (source.kind !== 'op') return undefined;
  const [x] = source.inputs;
  if (source.op.name === activation) return x;
  if (source.op.name !== 'reshape' || x.shape.at(-1) !== y.shape.at(-1)) return undefined;
  return beforeActivation(x, activation)?.reshape(y.shape);
}

/** log p, up to a term that all classes of a row share. */
function logits(output: Tensor, { fromLogits = false }: FromLogits): Tensor {
  return fromLogits ? output : (beforeActivation(output, 'softmax') ?? inside(output).log());
}

/** log p. */
function logProbabilities(output: Tensor, { fromLogits = false }: FromLogits): Tensor {
  const x = fromLogits ? output : beforeActivation(output, 'softmax');
  return x?.logSoftmax() ?? inside(output).log();
}

/** -Σ t·log p over classes; t one-hot or probabilities. */
export const categoricalCrossEntropyRows = (output: Tensor, t: Tensor, options: FromLogits = {}): Tensor =>
  t.mul(logProbabilities(output, options)).sum(-1).neg();

/**
 * -log p of the target's class: output (batch, ..., classes), t of i32 without the axis of classes. Probabilities are
 * divided by their sum, as in Keras.
 * @throws TesseraError if a target that the host knows is not a class. Of one that it does not know loss and gradient
 * are NaN.
 */
export function sparseCategoricalCrossEntropyRows(output: Tensor, t: Tensor, options: FromLogits = {}): Tensor {
  const x = logits(output, options);
  const classes = x.shape[x.rank - 1];
  checkIndices('sparseCategoricalCrossentropy', 'label', t, { count: classes, of: 'classes' });
  return crossEntropyRows(x.reshape([-1, classes]), t.reshape([t.size])).reshape(x.shape.slice(0, -1));
}

/** -t·log p - (1-t)·log(1-p), averaged over the last axis. From logits it is t·softplus(-x) + (1-t)·softplus(x). */
export function binaryCrossEntropyRows(output: Tensor, t: Tensor, { fromLogits = false }: FromLogits = {}): Tensor {
  const x = fromLogits ? output : beforeActivation(output, 'sigmoid');
  if (x !== undefined) return meanOfLast(t.mul(softplus(x.neg())).add(t.neg().add(1).mul(softplus(x))));
  const p = inside(output);
  const no = t.neg().add(1).mul(p.neg().add(1).log());
  return meanOfLast(t.mul(p.log()).add(no).neg());
}

/** Σ t·log(t / p) over classes; t are probabilities. */
export function klDivergenceRows(output: Tensor, t: Tensor, options: FromLogits = {}): Tensor {
  const logTargets = where(t.greater(0), t, 1).log();
  return t.mul(logTargets.sub(logProbabilities(output, options))).sum(-1);
}

/** (x - t)², averaged over the last axis. */
export const squaredErrorRows = (x: Tensor, t: Tensor): Tensor => meanOfLast(x.sub(t).square());

/** |x - t|, averaged over the last axis. */
export const absoluteErrorRows = (x: Tensor, t: Tensor): Tensor => meanOfLast(x.sub(t).abs());

/** d²/2 where |d| ≤ delta, else delta·(|d| - delta/2), with d = x - t; averaged over the last axis. */
export function huberRows(x: Tensor, t: Tensor, delta = 1): Tensor {
  const distance = x.sub(t).abs();
  const near = distance.minimum(delta);
  return meanOfLast(near.square().mul(0.5).add(distance.sub(near).mul(delta)));
}

/** p - t·log p, for counts; averaged over the last axis. */
export const poissonRows = (p: Tensor, t: Tensor): Tensor => meanOfLast(p.sub(t.mul(p.add(EPSILON).log())));

/** max(1 - t·x, 0), t being -1 or 1; averaged over the last axis. */
export const hingeRows = (x: Tensor, t: Tensor): Tensor => meanOfLast(t.mul(x).neg().add(1).relu());

/** x divided by its length along the last axis; zeros stay zeros. */
export const normalizeLength = (x: Tensor): Tensor => x.div(x.norm(-1, { keepDims: true }).maximum(1e-12));

/** The cosine of the angle between x and t. */
export const cosineRows = (x: Tensor, t: Tensor): Tensor => normalizeLength(x).mul(normalizeLength(t)).sum(-1);
