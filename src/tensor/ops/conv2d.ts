import { TesseraError } from '../../gpu/errors.js';
import {
  type ConvGeometry,
  conv2dFilterBackwardLaunches,
  conv2dInputBackwardLaunches,
  conv2dLaunches,
} from '../../launch/conv2d.js';
import type { Shape } from '../../launch/shape.js';
import { formatShape } from '../graph/shape.js';
import { anything, type Checks, checkOptions, oneOf, optional, positiveInteger, shown, size2d } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectRank, expectSameType, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { cast } from './elementwise.js';

/** Options of `conv2d`. */
export interface Conv2dOptions {
  /** The step of the window in pixels: one number for both axes, or [height, width]. Default 1. */
  readonly stride?: number | readonly [number, number];
  /**
   * The zeros around the image: 'valid' (default) for none; 'same' for an output of ceil(input / stride) pixels, with
   * the odd zero after the image; or [[top, bottom], [left, right]].
   */
  readonly padding?: 'valid' | 'same' | readonly [readonly [number, number], readonly [number, number]];
  /** The distance between the pixels of a window: one number for both axes, or [height, width]. Default 1. */
  readonly dilation?: number | readonly [number, number];
  /** The number of groups that are convolved separately; it divides the input and the output channels. Default 1. */
  readonly groups?: number;
}

const CONV2D_CHECKS: Checks<Conv2dOptions> = {
  stride: optional(size2d),
  padding: anything,
  dilation: optional(size2d),
  groups: optional(positiveInteger),
};

/** Options of `conv2dTranspose`; stride and dilation are those of the convolution that it transposes. */
export interface Conv2dTransposeOptions extends Pick<Conv2dOptions, 'stride' | 'dilation'> {
  /** The padding of the convolution that it transposes. Default 'valid'. */
  readonly padding?: 'valid' | 'same';
}

/** The positions of the windows, and both shapes, as the operands of a gradient have only one of them. */
interface Geometry extends ConvGeometry {
  readonly inputShape: Shape;
  readonly kernelShape: Shape;
}

/** Returns the size of a dilated window in pixels. */
const spanOf = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

function outputShape({ inputShape, kernelShape, stride, padding, dilation }: Geometry): Shape {
  const along = (axis: 0 | 1) => {
    const padded = inputShape[1 + axis] + padding[axis][0] + padding[axis][1];
    return Math.floor((padded - spanOf(kernelShape[axis], dilation[axis])) / stride[axis]) + 1;
  };
  return [inputShape[0], along(0), along(1), kernelShape[3]];
}

/** Computes `conv2d` for a given geometry. */
export const conv2dOp: Op<readonly ['x', 'kernel'], Geometry> = defineOp({
  name: 'conv2d',
  inputs: ['x', 'kernel'],
  epilogue: true,
  acceptsF16: true,
  shape: (_, geometry: Geometry) => ({ shape: outputShape(geometry), dtype: 'f32' }),
  dispatch: ([x, w], [y], { attributes, ...context }) => conv2dLaunches(x, w, y, attributes, context),
  vjp: ({ inputs: [x, w], outputGrad, attributes }) => {
    const dy = cast(outputGrad, x.dtype);
    return [conv2dInputBackwardOp(dy, w, attributes), conv2dFilterBackwardOp(x, dy, attributes)];
  },
});

/**
 * Computes the gradient of `conv2d` with respect to x. Like the convolution it is linear in both operands, so its own
 * gradients are the convolution and the gradient of the kernel. Error ≤ 1e-6·Σ|terms|.
 */
export const conv2dInputBackwardOp: Op<readonly ['dy', 'kernel'], Geometry> = defineOp({
  name: 'conv2dInputBackward',
  inputs: ['dy', 'kernel'],
  epilogue: true,
  acceptsF16: true,
  shape: (_, { inputShape }: Geometry) => ({ shape: inputShape, dtype: 'f32' }),
  dispatch: ([dy, w], [dx], { attributes, ...context }) => conv2dInputBackwardLaunches(dy, w, dx, attributes, context),
  vjp: ({ inputs: [dy, w], outputGrad, attributes }) => {
    const dx = cast(outputGrad, dy.dtype);
    return [conv2dOp(dx, w, attributes), conv2dFilterBackwardOp(dx, dy, attributes)];
  },
});

/** Computes the gradient of `conv2d` with respect to the kernel. Error ≤ 1e-6·Σ|terms|. */
export const conv2dFilterBackwardOp: Op<readonly ['x', 'dy'], Geometry> = defineOp({
  name: 'conv2dFilterBackward',
  inputs: ['x', 'dy'],
  acceptsF16: true,
  shape: (_, { kernelShape }: Geometry) => ({ shape: kernelShape, dtype: 'f32' }),
  dispatch: ([x, dy], [dw], { attributes, ...context }) => conv2dFilterBackwardLaunches(x, dy, dw, attributes, context),
  vjp: ({ inputs: [x, dy], outputGrad, attributes }) => {
    const dw = cast(outputGrad, x.dtype);
    return [conv2dInputBackwardOp(dy, dw, attributes), conv2dOp(x, dw, attributes)];
  },
});

/**
 * Computes the 2-D convolution (strictly, cross-correlation) of images, channels last: x (batch, height, width, in),
 * kernel (height, width, in / groups, out) -> (batch, out height, out width, out). f16 operands, which need groups = 1,
 * accumulate in f32 and give f32.
 * Error ≤ 1e-6·Σ|terms|, or 1e-4·Σ|terms| for sums of thousands of terms of the same sign, which share one accumulator.
 *
 * @throws TesseraError if ranks, dtypes or channels do not match, or the window is larger than the padded image.
 */
export function conv2d(x: Tensor, kernel: Tensor, options: Conv2dOptions = {}): Tensor {
  checkOptions('conv2d', options, CONV2D_CHECKS);
  expectRank('conv2d', 'x', x, 4, 'batch, height, width, channels');
  expectRank('conv2d', 'kernel', kernel, 4, 'height, width, in / groups, out');
  expectOperands('conv2d', x, kernel, options.groups);
  return convolve('conv2d', x, kernel, options);
}

/** @throws TesseraError if dtypes, channels and groups of a convolution do not match. */
function expectOperands(op: string, x: Tensor, kernel: Tensor, groups = 1): void {
  // The kernel for several groups reads f32 only.
  const types = groups === 1 ? (['f32', 'f16'] as const) : (['f32'] as const);
  for (const [name, operand] of Object.entries({ x, kernel })) expectType(op, name, operand, ...types);
  expectSameType(op, x, kernel);
  const [inputs, outputs] = kernel.shape.slice(-2);
  if (!Number.isInteger(groups) || groups < 1 || outputs % groups !== 0) {
    throw new TesseraError(`${op}: ${groups} groups do not divide the ${outputs} output channels`);
  }
  const channels = x.shape[x.rank - 1];
  if (channels !== inputs * groups) {
    throw new TesseraError(
      `${op}: channels differ: x ${formatShape(x.shape)} has ${channels}, kernel ${formatShape(kernel.shape)} takes ${inputs * groups}`,
    );
  }
}

/** @throws TesseraError if the window is larger than the padded image. */
function convolve(op: string, x: Tensor, kernel: Tensor, options: Conv2dOptions): Tensor {
  const geometry = geometryOf(op, x.shape, kernel.shape, options);
  const [, height, width] = outputShape(geometry);
  if (height < 1 || width < 1) {
    throw new TesseraError(
      `${op}: a window of ${formatShape(kernel.shape.slice(0, 2))} is larger than the padded image of x ${formatShape(x.shape)}`,
    );
  }
  return conv2dOp(x, kernel, geometry);
}

/**
 * Computes the transposed 2-D convolution, the gradient of `conv2d` with respect to its input, which upsamples images:
 * x (batch, height, width, in), kernel (height, width, out, in) -> (batch, out height, out width, out). As in Keras, an
 * axis of n pixels becomes n · stride for 'same' padding and n · stride + max(window - stride, 0) for 'valid' padding.
 * Error ≤ 1e-6·Σ|terms|, or 1e-4·Σ|terms| for sums of thousands of terms of the same sign, which share one accumulator.
 *
 * @throws TesseraError if ranks, dtypes or channels do not match.
 */
export function conv2dTranspose(x: Tensor, kernel: Tensor, options: Conv2dTransposeOptions = {}): Tensor {
  const {
    stride = 1,
    padding = 'valid',
    dilation = 1,
  } = checkOptions('conv2dTranspose', options, {
    stride: optional(size2d),
    padding: optional(oneOf('valid', 'same')),
    dilation: optional(size2d),
  });
  expectRank('conv2dTranspose', 'x', x, 4, 'batch, height, width, channels');
  expectRank('conv2dTranspose', 'kernel', kernel, 4, 'height, width, out, in');
  for (const [name, operand] of Object.entries({ x, kernel }))
    expectType('conv2dTranspose', name, operand, 'f32', 'f16');
  expectSameType('conv2dTranspose', x, kernel);
  if (x.shape[3] !== kernel.shape[3]) {
    throw new TesseraError(
      `conv2dTranspose: channels differ: x ${formatShape(x.shape)} has ${x.shape[3]}, kernel ${formatShape(kernel.shape)} takes ${kernel.shape[3]}`,
    );
  }
  const strides = pairOf('conv2dTranspose', stride);
  const dilations = pairOf('conv2dTranspose', dilation);
  const along = (axis: 0 | 1) => {
    const longer = Math.max(spanOf(kernel.shape[axis], dilations[axis]) - strides[axis], 0);
    return x.shape[1 + axis] * strides[axis] + (padding === 'same' ? 0 : longer);
  };
  const output = [x.shape[0], along(0), along(1), kernel.shape[2]];
  return conv2dInputBackwardOp(
    x,
    kernel,
    geometryOf('conv2dTranspose', output, kernel.shape, { stride, padding, dilation }),
  );
}

/** Options of `conv1d`. */
export interface Conv1dOptions {
  /** The step of the window. Default 1. */
  readonly stride?: number;
  /** 'valid' (default), 'same', or 'causal': all padding comes first, so that an output depends on no later input. */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** The distance between the time steps of a window. Default 1. */
  readonly dilation?: number;
  /** The number of groups of channels that are convolved separately. Default 1. */
  readonly groups?: number;
}

/**
 * Computes the 1-D convolution of sequences: x (batch, time, in), kernel (window, in / groups, out) -> (batch, out
 * time, out). Error ≤ 1e-6·Σ|terms|.
 * @throws TesseraError if ranks, dtypes or channels do not match, or the window is larger than the padded sequence.
 */
export function conv1d(x: Tensor, kernel: Tensor, options: Conv1dOptions = {}): Tensor {
  const {
    stride = 1,
    padding = 'valid',
    dilation = 1,
    groups = 1,
  } = checkOptions('conv1d', options, {
    stride: optional(positiveInteger),
    padding: optional(oneOf('valid', 'same', 'causal')),
    dilation: optional(positiveInteger),
    groups: optional(positiveInteger),
  });
  expectRank('conv1d', 'x', x, 3, 'batch, time, channels');
  expectRank('conv1d', 'kernel', kernel, 3, 'window, in / groups, out');
  expectOperands('conv1d', x, kernel, groups);
  const before = spanOf(kernel.shape[0], dilation) - 1;
  const y = convolve('conv1d', x.expandDims(1), kernel.expandDims(0), {
    stride: [1, stride],
    padding:
      padding === 'causal'
        ? [
            [0, 0],
            [before, 0],
          ]
        : padding,
    dilation: [1, dilation],
    groups,
  });
  return y.squeeze(1);
}

function geometryOf(op: string, inputShape: Shape, kernelShape: Shape, options: Conv2dOptions): Geometry {
  const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = options;
  const [strides, dilations] = [pairOf(op, stride), pairOf(op, dilation)];
  const along = (axis: 0 | 1) => {
    const span = spanOf(kernelShape[axis], dilations[axis]);
    return paddingOf(op, padding, axis, inputShape[1 + axis], span, strides[axis]);
  };
  return { inputShape, kernelShape, stride: strides, padding: [along(0), along(1)], dilation: dilations, groups };
}

/** Expands a stride, window or dilation to [height, width]. @throws TesseraError if it is not of positive integers. */
export function pairOf(op: string, sizes: number | readonly [number, number]): readonly [number, number] {
  const pair = typeof sizes === 'number' ? ([sizes, sizes] as const) : sizes;
  if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((one) => Number.isInteger(one) && one >= 1)) {
    throw new TesseraError(`${op}: strides, dilations and windows must be positive integers, got ${shown(sizes)}`);
  }
  return pair;
}

/** Returns the padding before and after an axis of `size` pixels, for windows of `span` pixels. */
export function paddingOf(
  op: string,
  padding: Conv2dOptions['padding'],
  axis: 0 | 1,
  size: number,
  span: number,
  stride: number,
): readonly [number, number] {
  if (padding === 'valid' || padding === undefined) return [0, 0];
  if (padding === 'same') {
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  const pair = padding[axis];
  if (pair?.length !== 2 || !pair.every((one) => Number.isInteger(one) && one >= 0)) {
    throw new TesseraError(
      `${op}: padding must be 'valid', 'same' or non-negative integers [[top, bottom], [left, right]], got ${JSON.stringify(padding)}`,
    );
  }
  return pair;
}
