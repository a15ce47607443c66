import { TesseraError } from '../../gpu/errors.js';
import { type ConvSizes, conv2dFilterGradient, conv2dForward, conv2dInputGradient } from '../../kernels/conv2d.js';
import { defineOp, expectRank, expectType, type Op } from '../define.js';
import { launch } from '../graph.js';
import { formatShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { reduceLaunches } from './reduce.js';

export interface Conv2dOptions {
  /** Of the window, in pixels: one for both axes, or [height, width]. Default 1. */
  readonly stride?: number | readonly [number, number];
  /** 'valid' (default): none. 'same': outputs = ceil(inputs / stride), the odd pixel after. Or [[top, bottom], [left, right]]. */
  readonly padding?: 'valid' | 'same' | readonly [readonly [number, number], readonly [number, number]];
}

/** Everything that is needed to place windows, beside the shapes. */
interface Geometry {
  readonly inputShape: Shape;
  readonly kernelShape: Shape;
  readonly stride: readonly [number, number];
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
}

function outputShape({ inputShape, kernelShape, stride, padding }: Geometry): Shape {
  const along = (axis: 0 | 1) =>
    Math.floor((inputShape[1 + axis]! + padding[axis][0] + padding[axis][1] - kernelShape[axis]!) / stride[axis]) + 1;
  return [inputShape[0]!, along(0), along(1), kernelShape[3]!];
}

function sizesOf(geometry: Geometry): ConvSizes {
  const [batch, in_height, in_width, in_channels] = geometry.inputShape as [number, number, number, number];
  const [kernel_height, kernel_width, , out_channels] = geometry.kernelShape as [number, number, number, number];
  const [, out_height, out_width] = outputShape(geometry) as [number, number, number, number];
  return {
    ...{ batch, in_height, in_width, in_channels, kernel_height, kernel_width, out_height, out_width, out_channels },
    ...{ stride_height: geometry.stride[0], stride_width: geometry.stride[1] },
    ...{
      pad_top: geometry.padding[0][0],
      pad_left: geometry.padding[1][0],
      chunks: 1,
      chunk_length: batch * out_height,
    },
  };
}

export const conv2dOp: Op<readonly ['x', 'kernel'], Geometry> = defineOp({
  name: 'conv2d',
  inputs: ['x', 'kernel'],
  epilogue: true,
  shape: (_, geometry: Geometry) => outputShape(geometry),
  dispatch: ([x, w], [y], { attributes }) => [launch(conv2dForward, { x: x!, w: w!, y: y! }, sizesOf(attributes))],
  vjp: ({ inputs: [x, w], outputGrad: dy, attributes }) => [
    conv2dInputGradientOp(dy, w!, attributes),
    conv2dFilterGradientOp(x!, dy, attributes),
  ],
});

/** Linear in dy and in w, like the convolution itself; so its gradients are the other two. */
export const conv2dInputGradientOp: Op<readonly ['dy', 'kernel'], Geometry> = defineOp({
  name: 'conv2d_input_gradient',
  inputs: ['dy', 'kernel'],
  epilogue: true,
  shape: (_, { inputShape }: Geometry) => inputShape,
  dispatch: ([dy, w], [dx], { attributes }) => [
    launch(conv2dInputGradient, { dy: dy!, w: w!, dx: dx! }, sizesOf(attributes)),
  ],
  vjp: ({ inputs: [dy, w], outputGrad, attributes }) => [
    conv2dOp(outputGrad, w!, attributes),
    conv2dFilterGradientOp(outputGrad, dy!, attributes),
  ],
});

/** How many rows of pixels one invocation of the filter's gradient should walk at most. */
const CHUNK_ROWS = 16;

export const conv2dFilterGradientOp: Op<readonly ['x', 'dy'], Geometry> = defineOp({
  name: 'conv2d_filter_gradient',
  inputs: ['x', 'dy'],
  shape: (_, { kernelShape }: Geometry) => kernelShape,
  dispatch: ([x, dy], [dw], { attributes, temporary }) => {
    const whole = sizesOf(attributes);
    const chunks = Math.max(1, Math.ceil(whole.chunk_length / CHUNK_ROWS));
    if (chunks === 1) return [launch(conv2dFilterGradient, { x: x!, dy: dy!, dw: dw! }, whole)];
    const partial = temporary([chunks, dw!.length]);
    return [
      launch(conv2dFilterGradient, { x: x!, dy: dy!, dw: partial }, { ...whole, chunks, chunk_length: CHUNK_ROWS }),
      ...reduceLaunches('sum', partial, dw!, { outer: 1, n: chunks, inner: dw!.length }, { temporary }),
    ];
  },
  vjp: ({ inputs: [x, dy], outputGrad, attributes }) => [
    conv2dInputGradientOp(dy!, outputGrad, attributes),
    conv2dOp(x!, outputGrad, attributes),
  ],
});

/**
 * Convolution (cross-correlation, as in every such library), channels last:
 * x (batch, height, width, in), kernel (height, width, in, out) -> (batch, out height, out width, out).
 *
 * @throws TesseraError if ranks or channels do not fit, or the window is larger than the padded image.
 */
export function conv2d(x: Tensor, kernel: Tensor, { stride = 1, padding = 'valid' }: Conv2dOptions = {}): Tensor {
  expectRank('conv2d', 'x', x, 4, 'batch, height, width, channels');
  expectRank('conv2d', 'kernel', kernel, 4, 'height, width, in, out');
  for (const [name, operand] of Object.entries({ x, kernel })) expectType('conv2d', name, operand, 'f32');
  if (x.shape[3] !== kernel.shape[2]) {
    throw new TesseraError(
      `conv2d: channels differ: x ${formatShape(x.shape)} has ${x.shape[3]}, kernel ${formatShape(kernel.shape)} takes ${kernel.shape[2]}`,
    );
  }
  const strides = strideOf('conv2d', stride);
  const geometry: Geometry = {
    inputShape: x.shape,
    kernelShape: kernel.shape,
    stride: strides,
    padding: [0, 1].map((axis) =>
      paddingOf(padding, axis as 0 | 1, x.shape, kernel.shape, strides),
    ) as unknown as Geometry['padding'],
  };
  const [, height, width] = outputShape(geometry) as [number, number, number, number];
  if (height < 1 || width < 1) {
    throw new TesseraError(
      `conv2d: a window of ${formatShape(kernel.shape.slice(0, 2))} is larger than the padded image of x ${formatShape(x.shape)}`,
    );
  }
  return conv2dOp(x, kernel, geometry);
}

/** @throws TesseraError if a stride is not a whole number of at least 1. */
export function strideOf(op: string, stride: number | readonly [number, number]): readonly [number, number] {
  const pair = typeof stride === 'number' ? ([stride, stride] as const) : stride;
  if (!pair.every((one) => Number.isInteger(one) && one >= 1)) {
    throw new TesseraError(`${op}: strides and windows are whole numbers from 1, got ${JSON.stringify(stride)}`);
  }
  return pair;
}

function paddingOf(
  padding: Conv2dOptions['padding'],
  axis: 0 | 1,
  input: Shape,
  kernel: Shape,
  stride: readonly [number, number],
): readonly [number, number] {
  if (padding === 'valid' || padding === undefined) return [0, 0];
  if (padding === 'same') {
    const size = input[1 + axis]!;
    const outputs = Math.ceil(size / stride[axis]);
    const total = Math.max(0, (outputs - 1) * stride[axis] + kernel[axis]! - size);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  const pair = padding[axis];
  if (pair?.length !== 2 || !pair.every((one) => Number.isInteger(one) && one >= 0)) {
    throw new TesseraError(
      `conv2d: padding must be 'valid', 'same' or [[top, bottom], [left, right]] from 0, got ${JSON.stringify(padding)}`,
    );
  }
  return pair;
}
