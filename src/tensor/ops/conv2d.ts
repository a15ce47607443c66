import { TesseraError } from '../../gpu/errors.js';
import {
  type ConvGeometry,
  conv2dFilterBackwardLaunches,
  conv2dInputBackwardLaunches,
  conv2dLaunches,
} from '../../launch/conv2d.js';
import type { Shape } from '../../launch/shape.js';
import { defineOp, expectRank, expectSameType, expectType, type Op } from '../graph/define.js';
import { formatShape } from '../graph/shape.js';
import { anything, type Checks, checkOptions, oneOf, optional, positiveInteger, size2d } from '../options.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';

export interface Conv2dOptions {
  /** Of the window, in pixels: one for both axes, or [height, width]. Default 1. */
  readonly stride?: number | readonly [number, number];
  /** 'valid' (default): none. 'same': outputs = ceil(inputs / stride), the odd pixel after. Or [[top, bottom], [left, right]]. */
  readonly padding?: 'valid' | 'same' | readonly [readonly [number, number], readonly [number, number]];
  /** Distance of the pixels that a window takes. Default 1: neighbours. */
  readonly dilation?: number | readonly [number, number];
  /** Splits the channels into groups that do not see each other; it divides both numbers of channels. Default 1. */
  readonly groups?: number;
}

const CONV2D_CHECKS: Checks<Conv2dOptions> = {
  stride: optional(size2d),
  padding: anything,
  dilation: optional(size2d),
  groups: optional(positiveInteger),
};

/** Of a transposed convolution; each as for the convolution. */
export interface Conv2dTransposeOptions extends Pick<Conv2dOptions, 'stride' | 'dilation'> {
  /** Default 'valid'. */
  readonly padding?: 'valid' | 'same';
}

/** Where the windows lie, and the shapes of which a gradient knows only one. */
interface Geometry extends ConvGeometry {
  readonly inputShape: Shape;
  readonly kernelShape: Shape;
}

/** How many pixels a window spans. */
const spanOf = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

function outputShape({ inputShape, kernelShape, stride, padding, dilation }: Geometry): Shape {
  const along = (axis: 0 | 1) => {
    const padded = inputShape[1 + axis] + padding[axis][0] + padding[axis][1];
    return Math.floor((padded - spanOf(kernelShape[axis], dilation[axis])) / stride[axis]) + 1;
  };
  return [inputShape[0], along(0), along(1), kernelShape[3]];
}

/** `conv2d` of a geometry. */
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

/** Linear in dy and in w, like the convolution itself; so its gradients are the other two. Error ≤ 1e-6·Σ|terms|. */
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

/** The gradient of `conv2d` for the kernel. Error ≤ 1e-6·Σ|terms|. */
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
 * Convolution (cross-correlation, as in every such library), channels last:
 * x (batch, height, width, in), kernel (height, width, in / groups, out) -> (batch, out height, out width, out).
 * Operands of f16, without groups, are multiplied and summed as f32, and give f32.
 * Error ≤ 1e-6·Σ|terms|, 1e-4·Σ|terms| where thousands of terms are of one sign: they are summed in one accumulator.
 *
 * @throws TesseraError if ranks, dtypes or channels do not fit, or the window is larger than the padded image.
 */
export function conv2d(x: Tensor, kernel: Tensor, options: Conv2dOptions = {}): Tensor {
  checkOptions('conv2d', options, CONV2D_CHECKS);
  expectRank('conv2d', 'x', x, 4, 'batch, height, width, channels');
  expectRank('conv2d', 'kernel', kernel, 4, 'height, width, in / groups, out');
  const { groups = 1 } = options;
  // Groups share little: their kernel reads f32 alone.
  const types = groups === 1 ? (['f32', 'f16'] as const) : (['f32'] as const);
  for (const [name, operand] of Object.entries({ x, kernel })) expectType('conv2d', name, operand, ...types);
  expectSameType('conv2d', x, kernel);
  if (!Number.isInteger(groups) || groups < 1 || kernel.shape[3] % groups !== 0) {
    throw new TesseraError(`conv2d: ${groups} groups do not divide the ${kernel.shape[3]} channels of the output`);
  }
  if (x.shape[3] !== kernel.shape[2] * groups) {
    throw new TesseraError(
      `conv2d: channels differ: x ${formatShape(x.shape)} has ${x.shape[3]}, kernel ${formatShape(kernel.shape)} takes ${kernel.shape[2] * groups}`,
    );
  }
  const geometry = geometryOf('conv2d', x.shape, kernel.shape, options);
  const [, height, width] = outputShape(geometry);
  if (height < 1 || width < 1) {
    throw new TesseraError(
      `conv2d: a window of ${formatShape(kernel.shape.slice(0, 2))} is larger than the padded image of x ${formatShape(x.shape)}`,
    );
  }
  return conv2dOp(x, kernel, geometry);
}

/**
 * The transpose of a convolution, which makes images larger: the gradient of conv2d with respect to its input, as a
 * layer. x (batch, height, width, in), kernel (height, width, out, in) -> (batch, out height, out width, out), where
 * out = in · stride for 'same' and in · stride + max(window - stride, 0) for 'valid' padding, as in Keras.
 * Error ≤ 1e-6·Σ|terms|, 1e-4·Σ|terms| where thousands of terms are of one sign: they are summed in one accumulator.
 *
 * @throws TesseraError if ranks, dtypes or channels do not fit.
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

export interface Conv1dOptions {
  readonly stride?: number;
  /** 'causal' puts all padding before: an output sees no later input. */
  readonly padding?: 'valid' | 'same' | 'causal';
  readonly dilation?: number;
  readonly groups?: number;
}

/**
 * Convolution along time: x (batch, time, in), kernel (window, in / groups, out) -> (batch, out time, out). Error ≤
 * 1e-6·Σ|terms|.
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
  const before = spanOf(kernel.shape[0], dilation) - 1;
  const y = conv2d(x.expandDims(1), kernel.expandDims(0), {
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

/** @throws TesseraError if a stride, window or dilation is not a positive integer. */
export function pairOf(op: string, sizes: number | readonly [number, number]): readonly [number, number] {
  const pair = typeof sizes === 'number' ? ([sizes, sizes] as const) : sizes;
  if (!pair.every((one) => Number.isInteger(one) && one >= 1)) {
    throw new TesseraError(`${op}: strides, dilations and windows are positive integers, got ${JSON.stringify(sizes)}`);
  }
  return pair;
}

/** Padding before and after along an axis: `size` pixels and windows of `span`. */
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
      `${op}: padding must be 'valid', 'same' or [[top, bottom], [left, right]] from 0, got ${JSON.stringify(padding)}`,
    );
  }
  return pair;
}
