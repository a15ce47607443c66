import { TesseraError } from '../../gpu/errors.js';
import { sizeOf } from '../../launch/shape.js';
import { full } from '../create.js';
import { broadcastShapes, formatShape, normalizeAxes, sameShape } from '../graph/shape.js';
import { anything, type Checks, checkOptions, nonNegative, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectRank, expectType } from './checks.js';
import { layerNormOp } from './layer-norm.js';
import { reshape } from './movement.js';
import type { Axes } from './reduce.js';
import { withoutMean } from './statistics.js';

/*
 * Normalizations, y = (x - mean) / √(variance + epsilon) · scale + shift, which differ in the axes that mean and
 * variance are computed over. Variances are population variances.
 */

/** Options of normalizations. */
export interface NormOptions {
  /** The factor of the normalized values; it broadcasts to x. Default: none. */
  readonly scale?: Tensor;
  /** The term added last; it broadcasts to x. Default: none. */
  readonly shift?: Tensor;
  /** Added to the variance. Default 1e-3, as in Keras. */
  readonly epsilon?: number;
}

const EPSILON = 1e-3;
const NORM_CHECKS: Checks<NormOptions> = { scale: anything, shift: anything, epsilon: optional(nonNegative) };

/** @throws TesseraError if x, scale or shift is not f32, or scale or shift does not broadcast to x. */
function checkNorm(op: string, x: Tensor, { scale, shift }: NormOptions): void {
  expectType(op, 'x', x, 'f32');
  if (scale !== undefined) expectBroadcast(op, 'scale', scale, x);
  if (shift !== undefined) expectBroadcast(op, 'shift', shift, x);
}

/** @throws TesseraError if a tensor is not f32 or does not broadcast to x. */
function expectBroadcast(op: string, name: string, given: Tensor, x: Tensor): void {
  expectType(op, name, given, 'f32');
  if (!sameShape(broadcastShapes(`${op}: ${name}`, given.shape, x.shape), x.shape))
    throw new TesseraError(
      `${op}: ${name} ${formatShape(given.shape)} does not broadcast to x ${formatShape(x.shape)}`,
    );
}

/** Computes deviation / √(variance + epsilon) · scale + shift. */
function apply(deviation: Tensor, variance: Tensor, { scale, shift, epsilon = EPSILON }: NormOptions): Tensor {
  const normal = deviation.div(variance.add(epsilon).sqrt());
  const scaled = scale === undefined ? normal : normal.mul(scale);
  return shift === undefined ? scaled : scaled.add(shift);
}

/** Normalizes with mean and variance over axes. */
function normalized(x: Tensor, axes: Axes, options: NormOptions): { y: Tensor; mean: Tensor; variance: Tensor } {
  const { deviation, mean } = withoutMean(x, axes);
  const variance = deviation.square().mean(axes, { keepDims: true });
  return { y: apply(deviation, variance, options), mean, variance };
}

/**
 * Computes layer normalization, y = (x - mean) / √(variance + epsilon) · scale + shift, with mean and variance over the
 * last axis or the given ones (Ba, Kiros and Hinton 2016). Error ≤ 4e-6·|y| + 1e-5.
 * @throws TesseraError if x is not f32, or scale or shift does not broadcast to x.
 */
export function layerNorm(x: Tensor, given: NormOptions & { axes?: Axes } = {}): Tensor {
  const { axes = -1, ...options } = checkOptions('layerNorm', given, { ...NORM_CHECKS, axes: anything });
  checkNorm('layerNorm', x, options);
  const own = normalizeAxes('layerNorm', axes, x.rank);
  const areLast = own.length > 0 && own.every((axis, at) => axis === x.rank - own.length + at);
  return areLast ? normalizeRows(x, own.length, 1, options) : normalized(x, axes, options).y;
}

/** Normalizes over the last `axes` axes with one kernel. */
function normalizeRows(x: Tensor, axes: number, centered: 0 | 1, options: NormOptions): Tensor {
  const { scale, shift, epsilon = EPSILON } = options;
  const shape = x.shape.slice(x.rank - axes);
  const cols = sizeOf(shape);
  const isRow = (given?: Tensor): boolean => given === undefined || sameShape(given.shape, shape);
  const row = (neutral: number, given = full(shape, neutral)): Tensor => reshape(given, [cols]);
  const normalize = (scale?: Tensor, shift?: Tensor): Tensor => {
    const rows = reshape(x, [sizeOf(x.shape.slice(0, x.rank - axes)), cols]);
    return reshape(layerNormOp(rows, row(1, scale), row(0, shift), { centered, epsilon }), x.shape);
  };
  if (isRow(scale) && isRow(shift)) return normalize(scale, shift);
  // Scale or shift of another shape, such as a scalar, is applied by ops that broadcast.
  const scaled = scale === undefined ? normalize() : normalize().mul(scale);
  return shift === undefined ? scaled : scaled.add(shift);
}

/**
 * Computes root mean square normalization, y = x / √(mean(x²) + epsilon) · scale, over the last axis (Zhang and
 * Sennrich 2019). Epsilon defaults to 1e-6. Error ≤ 4e-6·|y| + 1e-5. @throws TesseraError if x is not f32, or scale
 * does not broadcast to x.
 */
export function rmsNorm(x: Tensor, options: Omit<NormOptions, 'shift'> = {}): Tensor {
  const { shift: _, ...checks } = NORM_CHECKS;
  const { scale, epsilon = 1e-6 } = checkOptions('rmsNorm', options, checks);
  checkNorm('rmsNorm', x, { scale });
  return normalizeRows(x, 1, 0, { scale, epsilon });
}

/**
 * Computes group normalization, y = (x - mean) / √(variance + epsilon) · scale + shift, with mean and variance over the
 * pixels and each group of consecutive channels of a sample: x (batch, ..., channels) (Wu and He 2018).
 * Error ≤ 4e-6·|y| + 1e-5.
 * @throws TesseraError if the number of groups does not divide the channels.
 */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  checkOptions('groupNorm', options, NORM_CHECKS);
  checkNorm('groupNorm', x, options);
  const channels = x.shape.at(-1) ?? 0;
  if (x.rank < 2 || !Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new TesseraError(`groupNorm: ${groups} groups do not divide the channels of ${formatShape(x.shape)}`);
  }
  const pixels = sizeOf(x.shape.slice(1, -1));
  const grouped = reshape(x, [x.shape[0], pixels, groups, channels / groups]);
  const { scale, shift, ...rest } = options;
  const normal = reshape(normalized(grouped, [1, 3], rest).y, x.shape);
  const scaled = scale === undefined ? normal : normal.mul(scale);
  return shift === undefined ? scaled : scaled.add(shift);
}

/**
 * Computes instance normalization, y = (x - mean) / √(variance + epsilon) · scale + shift, with mean and variance over
 * the pixels of each channel of a sample: x (batch, ..., channels) (Ulyanov et al. 2016). Error ≤ 4e-6·|y| + 1e-5.
 * @throws TesseraError if x is of rank below 3, or scale or shift does not broadcast to x.
 */
export function instanceNorm(x: Tensor, options: NormOptions = {}): Tensor {
  checkOptions('instanceNorm', options, NORM_CHECKS);
  checkNorm('instanceNorm', x, options);
  if (x.rank < 3) throw new TesseraError(`instanceNorm: expected (batch, ..., channels), got ${formatShape(x.shape)}`);
  const pixels = x.shape.map((_, axis) => axis).slice(1, -1);
  return normalized(x, pixels, options).y;
}

/**
 * Computes batch normalization, y = (x - mean) / √(variance + epsilon) · scale + shift, for x (..., channels), and
 * returns mean and variance too (Ioffe and Szegedy 2015). In training they are those of each channel of the batch,
 * which the caller can average; at inference, pass their running averages as `statistics`. Error ≤ 4e-6·|y| + 1e-5.
 * @throws TesseraError if x is of rank below 2, or a tensor does not broadcast to x.
 */
export function batchNorm(
  x: Tensor,
  given: NormOptions & { statistics?: { mean: Tensor; variance: Tensor } } = {},
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const { statistics, ...options } = checkOptions('batchNorm', given, { ...NORM_CHECKS, statistics: anything });
  expectType('batchNorm', 'x', x, 'f32');
  if (x.rank < 2) expectRank('batchNorm', 'x', x, 2, 'batch, channels');
  checkNorm('batchNorm', x, options);
  if (statistics !== undefined) {
    for (const name of ['mean', 'variance'] as const) expectBroadcast('batchNorm', name, statistics[name], x);
    return { y: apply(x.sub(statistics.mean), statistics.variance, options), ...statistics };
  }
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  const { y, mean, variance } = normalized(x, axes, options);
  const channels = x.shape.slice(-1);
  return { y, mean: reshape(mean, channels), variance: reshape(variance, channels) };
}
