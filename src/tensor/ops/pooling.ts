import { TesseraError } from '../../gpu/errors.js';
import { ones } from '../create.js';
import { formatShape } from '../graph/shape.js';
import { boolean, checkOptions, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectRank, expectType } from './checks.js';
import { conv2d, pairOf } from './conv2d.js';
import { maxPool2d, POOL_CHECKS, type PoolOptions, windowsOf } from './max-pool.js';
import { concat } from './movement.js';

/*
 * Pooling composed of other ops, channels last. An average is a depthwise convolution with equal weights.
 */

/** Windows of more pixels are summed along one axis, then along the other. */
const LARGE_WINDOW = 64;

/** Options of `averagePool2d`. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether the mean includes the zeros of the padding (ONNX's count_include_pad). Default false, as in Keras. */
  readonly countPadding?: boolean;
}

/**
 * Computes the mean of each window: (batch, height, width, channels) -> (batch, out height, out width, channels).
 * Error ≤ 1e-6·Σ|terms|, or 4e-6·Σ|terms| for windows of several hundred pixels in height or width.
 * @throws TesseraError if x is not of rank 4, or the padded image is smaller than the window.
 */
export function averagePool2d(x: Tensor, options: AveragePoolOptions = {}): Tensor {
  const { countPadding = false, ...windowOptions } = checkOptions('averagePool2d', options, {
    ...POOL_CHECKS,
    countPadding: optional(boolean),
  });
  expectRank('averagePool2d', 'x', x, 4, 'batch, height, width, channels');
  expectType('averagePool2d', 'x', x, 'f32');
  const { windows, borders } = windowsOf('averagePool2d', x, windowOptions);
  const [height, width] = windows.size;
  const channels = x.shape[3];
  const sum = (image: Tensor, groups: number): Tensor => {
    if (height * width <= LARGE_WINDOW)
      return conv2d(image, ones([height, width, 1, groups]), { stride: windows.stride, padding: borders, groups });
    const [down, across] = windows.stride;
    const [rows, columns] = borders;
    // Summing along one axis, then the other, takes fewer additions and rounds less.
    const vertical = conv2d(image, ones([height, 1, 1, groups]), {
      stride: [down, 1],
      padding: [rows, [0, 0]],
      groups,
    });
    return conv2d(vertical, ones([1, width, 1, groups]), { stride: [1, across], padding: [[0, 0], columns], groups });
  };
  const padded = borders.flat().some((one) => one > 0);
  if (!padded && height === x.shape[1] && width === x.shape[2]) return x.mean([1, 2], { keepDims: true });
  if (countPadding || !padded) return sum(x, channels).mul(1 / (height * width));
  return sum(x, channels).div(sum(ones([1, x.shape[1], x.shape[2], 1]), 1));
}

/** Computes the mean over all pixels: (batch, height, width, channels) -> (batch, channels). Error ≤ 1e-6·Σ|terms|. */
export function globalAveragePool2d(x: Tensor): Tensor {
  expectRank('globalAveragePool2d', 'x', x, 4, 'batch, height, width, channels');
  return x.mean([1, 2]);
}

/** Computes the maximum over all pixels: (batch, height, width, channels) -> (batch, channels). Exact. */
export function globalMaxPool2d(x: Tensor): Tensor {
  expectRank('globalMaxPool2d', 'x', x, 4, 'batch, height, width, channels');
  return x.max([1, 2]);
}

/** Returns `count` windows that cover `size` pixels, [⌊i·size/count⌋, ⌈(i+1)·size/count⌉), as in PyTorch. */
function splits(size: number, count: number): [begin: number, end: number][] {
  return Array.from({ length: count }, (_, index) => [
    Math.floor((index * size) / count),
    Math.ceil(((index + 1) * size) / count),
  ]);
}

function outputOf(op: string, x: Tensor, output: number | readonly [number, number]): readonly [number, number] {
  expectRank(op, 'x', x, 4, 'batch, height, width, channels');
  if (x.shape[1] === 0 || x.shape[2] === 0) throw new TesseraError(`${op}: x ${formatShape(x.shape)} has no pixels`);
  return pairOf(op, output);
}

/** Reduces the windows of adaptive pooling along one axis, then along the other. */
const reduceWindows = (x: Tensor, output: readonly [number, number], reduce: (window: Tensor, axis: 1 | 2) => Tensor) =>
  ([1, 2] as const).reduce((y, axis) => {
    const windows = splits(y.shape[axis], output[axis - 1]).map(([begin, end]) =>
      y.slice(axis === 1 ? [0, begin] : [0, 0, begin], [y.shape[0], ...(axis === 1 ? [end] : [y.shape[1], end])]),
    );
    return concat(
      windows.map((window) => reduce(window, axis)),
      axis,
    );
  }, x);

/**
 * Computes means of windows such that the output has the given size, as in PyTorch: (batch, height, width, channels) ->
 * (batch, out height, out width, channels). Error ≤ 1e-6·Σ|terms|.
 */
export function adaptiveAveragePool2d(x: Tensor, output: number | readonly [number, number]): Tensor {
  const pair = outputOf('adaptiveAveragePool2d', x, output);
  const [height, width] = [x.shape[1], x.shape[2]];
  if (height % pair[0] === 0 && width % pair[1] === 0)
    return averagePool2d(x, { size: [height / pair[0], width / pair[1]] });
  return reduceWindows(x, pair, (window, axis) => window.mean(axis, { keepDims: true }));
}

/**
 * Computes maxima of windows such that the output has the given size, as in PyTorch: (batch, height, width, channels)
 * -> (batch, out height, out width, channels). Exact.
 */
export function adaptiveMaxPool2d(x: Tensor, output: number | readonly [number, number]): Tensor {
  const pair = outputOf('adaptiveMaxPool2d', x, output);
  const [height, width] = [x.shape[1], x.shape[2]];
  if (height % pair[0] === 0 && width % pair[1] === 0)
    return maxPool2d(x, { size: [height / pair[0], width / pair[1]] });
  return reduceWindows(x, pair, (window, axis) => window.max(axis, { keepDims: true }));
}
