import { conv1d, conv2dTranspose, type Tensor, TesseraError } from '../../tensor/index.js';
import { checkOptions, oneOf, optional, positiveInteger, size2d } from '../options.js';
import { AFFINE_CHECKS, AffineLayer, type AffineOptions } from './affine.js';

const pair = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

/** Options of a convolution of images, beside its sizes. */
interface Conv2DSettings extends AffineOptions {
  /** Height and width of the kernel, or one number for both. */
  readonly kernelSize: number | readonly [number, number];
  /** Pixels between windows. Default 1. */
  readonly stride?: number | readonly [number, number];
  /** 'same' keeps height and width at stride 1. Default 'valid': none. */
  readonly padding?: 'valid' | 'same';
  /** Pixels between the elements of a window. Default 1. */
  readonly dilation?: number | readonly [number, number];
}

const CONV_2D_CHECKS = {
  ...AFFINE_CHECKS,
  kernelSize: size2d,
  stride: optional(size2d),
  padding: optional(oneOf('valid', 'same')),
  dilation: optional(size2d),
};

/** Options of a `Conv2D`. */
export interface Conv2DOptions extends Conv2DSettings {
  /** Channels of x. */
  readonly inputs: number;
  /** Channels of y: how many kernels there are. */
  readonly outputs: number;
  /** Splits the channels into groups that are convolved apart. Default 1. */
  readonly groups?: number;
}

/**
 * Convolution in two dimensions, channels last, one dispatch:
 *
 *   y[n, i, j, o] = activation( Σ_{a, b, c} x[n, i·stride + a·dilation, j·stride + b·dilation, c] · W[a, b, c, o] + b[o] )
 *
 * x (batch, height, width, inputs) -> y (batch, height', width', outputs), with height' = ⌈height / stride⌉ for padding
 * 'same' and ⌊(height - dilation · (kernelSize - 1) - 1) / stride⌋ + 1 for 'valid'.
 * W `kernel` (kernel height, kernel width, inputs / groups, outputs) starts Glorot uniform, b `bias` (outputs) zero.
 */
export class Conv2D extends AffineLayer {
  readonly #options: Conv2DOptions;

  /** @throws TesseraError if the groups do not divide inputs and outputs. */
  constructor(options: Conv2DOptions) {
    const name = new.target.name;
    const { inputs, outputs, kernelSize, groups } = checkOptions(name, options, {
      ...CONV_2D_CHECKS,
      inputs: positiveInteger,
      outputs: positiveInteger,
      groups: optional(positiveInteger),
    });
    super([...pair(kernelSize), channelsOfGroup(name, inputs, outputs, groups), outputs], outputs, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = this.#options;
    const [image, kernel] = this.operands(x, groups);
    return this.finish(image.conv2d(kernel, { stride, padding, dilation, groups }));
  }
}

/** Options of a `DepthwiseConv2D`. */
export interface DepthwiseConv2DOptions extends Conv2DSettings {
  /** Channels of x. */
  readonly inputs: number;
  /** Channels of y for each of x. Default 1. */
  readonly multiplier?: number;
}

/**
 * A convolution of each channel by itself: a `Conv2D` with as many groups as inputs.
 *
 * x (batch, height, width, inputs) -> y (batch, height', width', inputs · multiplier).
 * W `kernel` (kernel height, kernel width, 1, inputs · multiplier), b `bias` (inputs · multiplier).
 */
export class DepthwiseConv2D extends Conv2D {
  constructor(options: DepthwiseConv2DOptions) {
    const { multiplier = 1, ...others } = checkOptions('DepthwiseConv2D', options, {
      ...CONV_2D_CHECKS,
      inputs: positiveInteger,
      multiplier: optional(positiveInteger),
    });
    super({ ...others, outputs: others.inputs * multiplier, groups: others.inputs });
  }
}

/** Options of a `Conv2DTranspose`. */
export interface Conv2DTransposeOptions extends Conv2DSettings {
  /** Channels of x. */
  readonly inputs: number;
  /** Channels of y. */
  readonly outputs: number;
}

/**
 * The transpose of a convolution, which enlarges images by its stride: the gradient of a `Conv2D` with respect to its
 * input, as a layer of its own.
 *
 * x (batch, height, width, inputs) -> y (batch, height', width', outputs), with height' = height · stride for padding
 * 'same' and height · stride + max(kernelSize - stride, 0) for 'valid'.
 * W `kernel` (kernel height, kernel width, outputs, inputs) starts Glorot uniform, b `bias` (outputs) zero.
 */
export class Conv2DTranspose extends AffineLayer {
  readonly #options: Conv2DTransposeOptions;

  constructor(options: Conv2DTransposeOptions) {
    const { inputs, outputs, kernelSize } = checkOptions('Conv2DTranspose', options, {
      ...CONV_2D_CHECKS,
      inputs: positiveInteger,
      outputs: positiveInteger,
    });
    super([...pair(kernelSize), outputs, inputs], outputs, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1 } = this.#options;
    const [image, kernel] = this.operands(x);
    return this.finish(conv2dTranspose(image, kernel, { stride, padding, dilation }));
  }
}

/** Options of a `Conv1D`. */
export interface Conv1DOptions extends AffineOptions {
  /** Channels of x. */
  readonly inputs: number;
  /** Channels of y. */
  readonly outputs: number;
  /** Steps that the kernel spans. */
  readonly kernelSize: number;
  /** Steps between windows. Default 1. */
  readonly stride?: number;
  /** 'causal': an output depends on no later step. Default 'valid'. */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: number;
  /** Splits the channels into groups that are convolved apart. Default 1. */
  readonly groups?: number;
}

/**
 * Convolution along time:
 *
 *   y[n, t, o] = activation( Σ_{a, c} x[n, t·stride + a·dilation, c] · W[a, c, o] + b[o] )
 *
 * x (batch, time, inputs) -> y (batch, time', outputs). W `kernel` (kernelSize, inputs / groups, outputs) starts Glorot
 * uniform, b `bias` (outputs) zero.
 */
export class Conv1D extends AffineLayer {
  readonly #options: Conv1DOptions;

  /** @throws TesseraError if the groups do not divide inputs and outputs. */
  constructor(options: Conv1DOptions) {
    const { inputs, outputs, kernelSize, groups } = checkOptions('Conv1D', options, {
      ...AFFINE_CHECKS,
      inputs: positiveInteger,
      outputs: positiveInteger,
      kernelSize: positiveInteger,
      stride: optional(positiveInteger),
      padding: optional(oneOf('valid', 'same', 'causal')),
      dilation: optional(positiveInteger),
      groups: optional(positiveInteger),
    });
    super([kernelSize, channelsOfGroup('Conv1D', inputs, outputs, groups), outputs], outputs, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = this.#options;
    const [sequence, kernel] = this.operands(x, groups);
    return this.finish(conv1d(sequence, kernel, { stride, padding, dilation, groups }));
  }
}

function channelsOfGroup(where: string, inputs: number, outputs: number, groups = 1): number {
  if (inputs % groups !== 0 || outputs % groups !== 0)
    throw new TesseraError(`${where}: ${groups} groups do not divide ${inputs} inputs and ${outputs} outputs`);
  return inputs / groups;
}
