import { TesseraError } from '../../gpu/errors.js';
import { ctcLaunches, LOG_ZERO } from '../../launch/ctc.js';
import { full } from '../create.js';
import { anything, checkOptions, nonNegativeInteger, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { checkIndices, expectRank, expectShape, expectType, hostValues } from './checks.js';
import { defineOp } from './define.js';
import { where } from './elementwise.js';
import { concat } from './movement.js';
import { arange } from './range.js';
import { stack } from './rearrange.js';
import { softmax } from './softmax.js';
import { takeAlongAxis } from './take.js';

const inputs = ['emissions', 'labels', 'inputLengths', 'targetLengths'] as const;
const outputTypes = ([emissions]: readonly Tensor[]) =>
  [
    { shape: [emissions.shape[0]], dtype: 'f32' },
    { shape: emissions.shape, dtype: 'f32' },
  ] as const;

/** Computes the loss and the forward scores of `ctcRows` from its emissions, the log probabilities of its states. */
export const ctcOp = defineOp({
  name: 'ctc',
  inputs,
  shape: outputTypes,
  dispatch: ([emissions, labels, input_lengths, target_lengths], [loss, scores]) =>
    ctcLaunches({ emissions, labels, input_lengths, target_lengths, loss, scores }, { fromEnd: false }),
  // The loss falls by the probability that the alignment is in a state: forward and backward scores, normalized.
  vjp: ({ inputs: [emissions, labels, inputLengths, targetLengths], outputs: [loss, forward], outputGrad: dloss }) => {
    const [batch, time] = emissions.shape;
    const [, backward] = ctcBackwardOp.all(emissions, labels, inputLengths, targetLengths);
    const state = softmax(forward.add(backward).sub(emissions.maximum(LOG_ZERO)));
    const slope = where(loss.isFinite(), dloss.neg(), Number.NaN).reshape([batch, 1, 1]);
    const counts = isFrameOf(inputLengths, time).and(dloss.notEqual(0).reshape([batch, 1, 1]));
    return [where(counts, state.mul(slope), 0), null, null, null];
  },
});

/** Computes the backward scores of `ctcRows`, from the last frame to the first. Error ≤ 1e-5·|y| + 1e-5. */
export const ctcBackwardOp = defineOp({
  name: 'ctcBackward',
  inputs,
  shape: outputTypes,
  dispatch: ([emissions, labels, input_lengths, target_lengths], [loss, scores]) =>
    ctcLaunches({ emissions, labels, input_lengths, target_lengths, loss, scores }, { fromEnd: true }),
  vjp: 'it is a fused gradient, without a second derivative',
});

/** Options of `ctcRows`. */
export interface CtcOptions {
  /** The number of frames of each sample, (batch) of i32. Default: all of them. */
  readonly inputLengths?: Tensor;
  /** The number of labels of each sample, (batch) of i32; those behind are padding. Default: all of them. */
  readonly targetLengths?: Tensor;
  /** The class that stands for no label. Default 0. */
  readonly blank?: number;
}

/**
 * Computes connectionist temporal classification (Graves et al. 2006) of each sample: -log of the probability of its
 * labels, summed over all their alignments with the frames. logits (batch, time, classes), targets (batch, labels) of
 * i32 -> (batch).
 *
 *   loss[b] = -log Σ_alignments Π_t p[b, t, alignment[t]],   p = softmax(logits)
 *
 * An alignment gives each frame a label or the blank; without blanks, and with repeated labels between blanks taken as
 * one, it is the targets. If there is none, because frames are too few, the loss is ∞ and its gradient NaN, as in
 * PyTorch. A sample whose loss has a gradient of 0 gets a gradient of 0. A label known only on the device that is no
 * class, or a length out of range, makes loss and gradient NaN. Error ≤ 1e-5·|y| + 1e-5.
 *
 * @throws TesseraError if shapes or dtypes do not match, or a label or length known on the host is out of range.
 */
export function ctcRows(logits: Tensor, targets: Tensor, options: CtcOptions = {}): Tensor {
  return ctcRowsOf('ctcRows', logits, targets, options);
}

/** `ctcRows`, whose errors begin with the name of the function that the user called. */
export function ctcRowsOf(op: string, logits: Tensor, targets: Tensor, options: CtcOptions): Tensor {
  const given = checkOptions(op, options, {
    inputLengths: optional(anything),
    targetLengths: optional(anything),
    blank: optional(nonNegativeInteger),
  });
  expectRank(op, 'logits', logits, 3, 'batch, time, classes');
  expectType(op, 'logits', logits, 'f32');
  const [batch, time, classes] = logits.shape;
  expectRank(op, 'targets', targets, 2, 'batch, labels');
  expectType(op, 'targets', targets, 'i32');
  const longest = targets.shape[1];
  expectShape(op, 'targets', targets, [batch, longest]);
  const { blank = 0, inputLengths = full([batch], time, 'i32'), targetLengths = full([batch], longest, 'i32') } = given;
  if (blank >= classes)
    throw new TesseraError(`${op}: blank ${blank} is out of range: expected 0 to ${classes - 1} (${classes} classes)`);
  for (const [name, lengths, most, of] of [
    ['inputLengths', inputLengths, time, 'frames'],
    ['targetLengths', targetLengths, longest, 'labels'],
  ] as const) {
    expectType(op, name, lengths, 'i32');
    expectShape(op, name, lengths, [batch]);
    checkIndices(op, name, lengths, { count: most + 1, of });
  }
  checkLabels(op, targets, given.targetLengths, classes, blank);
  // Padding may hold anything: it becomes blanks. A negative label is no class, and must not count from the end.
  const isLabel = arange(longest).less(targetLengths.reshape([batch, 1]));
  const labels = where(isLabel, where(targets.less(0), classes, targets), blank);
  const blanks = full([batch, longest], blank, 'i32');
  const states = concat([stack([blanks, labels], 2).reshape([batch, 2 * longest]), full([batch, 1], blank, 'i32')], 1);
  const perFrame = states.reshape([batch, 1, 2 * longest + 1]).broadcastTo([batch, time, 2 * longest + 1]);
  const logProbabilities = where(isFrameOf(inputLengths, time), logits, 0).logSoftmax();
  return ctcOp(takeAlongAxis(logProbabilities, perFrame, 2), states, inputLengths, targetLengths);
}

/** Whether each of `time` frames belongs to a sample rather than to its padding: (batch, time, 1). */
const isFrameOf = (inputLengths: Tensor, time: number): Tensor =>
  arange(time)
    .less(inputLengths.reshape([-1, 1]))
    .expandDims(-1);

/** @throws TesseraError if a label known on the host is no class, or the blank. Those behind their lengths are padding. */
function checkLabels(
  op: string,
  targets: Tensor,
  targetLengths: Tensor | undefined,
  classes: number,
  blank: number,
): void {
  const longest = targets.shape[1];
  const lengths = targetLengths === undefined ? undefined : hostValues(targetLengths);
  if (targetLengths !== undefined && lengths === undefined) return;
  hostValues(targets)?.forEach((label, at) => {
    const [row, column] = [Math.floor(at / longest), at % longest];
    const isLabel = column < (lengths?.[row] ?? longest);
    if (!isLabel || (label >= 0 && label < classes && label !== blank)) return;
    throw new TesseraError(
      `${op}: label ${label} at [${row}, ${column}] is ${label === blank ? 'the blank' : 'out of range'}: expected 0 to ${classes - 1} other than the blank ${blank}`,
    );
  });
}
