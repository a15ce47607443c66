import { conv1d, conv2dTranspose, type Tensor, TesseraError } from '../../tensor/index.js';
import { expectAxes, within } from '../../tensor/ops/checks.js';
import { checkOptions, oneOf, optional, positiveInteger, size2d } from '../../tensor/options.js';
import { AFFINE_CHECKS, AffineLayer, type AffineOptions } from './affine.js';

const pair = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

/** Options that two-dimensional convolutions share. */
interface Conv2DSettings extends AffineOptions {
  /** The height and width of the kernel, or one number for both. */
  readonly kernelSize: number | readonly [number, number];
  /** The step between windows, in pixels. Default 1. */
  readonly stride?: number | readonly [number, number];
  /** The zero padding: 'same' keeps height and width at stride 1, 'valid' adds none. Default 'valid'. */
  readonly padding?: 'valid' | 'same';
  /** The step between the elements of a window, in pixels. Default 1. */
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
  /** The number of channels of x. */
  readonly inputs: number;
  /** The number of channels of y. */
  readonly outputs: number;
  /** The number of groups that the channels are split into and convolved separately. Default 1. */
  readonly groups?: number;
}

/**
 * Two-dimensional convolution, channels last, in one dispatch. With stride s and dilation d,
 *
 *   y[n, i, j, o] = activation(Σ_{p, q, c} x[n, i·s + p·d, j·s + q·d, c] · W[p, q, c, o] + b[o])
 *
 * x (batch, height, width, inputs) -> y (batch, height', width', outputs), with height' = ⌈height / stride⌉ for padding
 * 'same' and ⌊(height - dilation · (kernelSize - 1) - 1) / stride⌋ + 1 for 'valid'; width' alike.
 * W `kernel` (kernel height, kernel width, inputs / groups, outputs) starts Glorot uniform, b `bias` (outputs) zero.
 */
export class Conv2D extends AffineLayer {
  readonly #options: Conv2DOptions;

  /** @throws TesseraError if the number of groups does not divide inputs and outputs. */
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
    const where = this.constructor.name;
    expectAxes(where, 'x', x, 'f32', ['batch', 'height', 'width', this.#options.inputs]);
    const [image, kernel] = this.operands(x, groups);
    return within(where, () => this.finish(image.conv2d(kernel, { stride, padding, dilation, groups })));
  }
}

/** Options of a `DepthwiseConv2D`. */
export interface DepthwiseConv2DOptions extends Conv2DSettings {
  /** The number of channels of x. */
  readonly inputs: number;
  /** The number of channels of y for each channel of x. Default 1. */
  readonly multiplier?: number;
}

/**
 * Depthwise convolution: each channel is convolved separately. With stride s, dilation d and m = multiplier,
 *
 *   y[n, i, j, o] = activation(Σ_{p, q} x[n, i·s + p·d, j·s + q·d, c] · W[p, q, 0, o] + b[o]),   c = ⌊o / m⌋
 *
 * x (batch, height, width, inputs) -> y (batch, height', width', inputs · multiplier).
 * W `kernel` (kernel height, kernel width, 1, inputs · multiplier) starts Glorot uniform, b `bias` (inputs ·
 * multiplier) zero. It is a `Conv2D` with as many groups as inputs.
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
  /** The number of channels of x. */
  readonly inputs: number;
  /** The number of channels of y. */
  readonly outputs: number;
}

/**
 * Transposed convolution, which enlarges images by its stride. It is the gradient of a `Conv2D` with respect to the
 * convolution's input: with stride s and dilation d, each pixel of x adds its product with the kernel to a window of y,
 *
 *   y[n, i·s + p·d, j·s + q·d, o] += Σ_c x[n, i, j, c] · W[p, q, o, c]
 *
 * followed by y ← activation(y + b).
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
    expectAxes('Conv2DTranspose', 'x', x, 'f32', ['batch', 'height', 'width', this.#options.inputs]);
    const [image, kernel] = this.operands(x);
    return within('Conv2DTranspose', () => this.finish(conv2dTranspose(image, kernel, { stride, padding, dilation })));
  }
}

/** Options of a `Conv1D`. */
export interface Conv1DOptions extends AffineOptions {
  /** The number of channels of x. */
  readonly inputs: number;
  /** The number of channels of y. */
  readonly outputs: number;
  /** The number of steps that the kernel spans. */
  readonly kernelSize: number;
  /** The step between windows. Default 1. */
  readonly stride?: number;
  /**
   * The zero padding: 'same' keeps the number of steps at stride 1, 'causal' pads only the beginning, so that an output
   * depends on no later step, and 'valid' adds none. Default 'valid'.
   */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** The step between the elements of a window. Default 1. */
  readonly dilation?: number;
  /** The number of groups that the channels are split into and convolved separately. Default 1. */
  readonly groups?: number;
}

/**
 * One-dimensional convolution along time. With stride s and dilation d,
 *
 *   y[n, t, o] = activation(Σ_{p, c} x[n, t·s + p·d, c] · W[p, c, o] + b[o])
 *
 * x (batch, time, inputs) -> y (batch, time', outputs), with time' = ⌈time / stride⌉ for padding 'same' and 'causal'
 * and ⌊(time - dilation · (kernelSize - 1) - 1) / stride⌋ + 1 for 'valid'. W `kernel` (kernelSize, inputs / groups,
 * outputs) starts Glorot uniform, b `bias` (outputs) zero.
 */
export class Conv1D extends AffineLayer {
  readonly #options: Conv1DOptions;

  /** @throws TesseraError if the number of groups does not divide inputs and outputs. */
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
    expectAxes('Conv1D', 'x', x, 'f32', ['batch', 'time', this.#options.inputs]);
    const [sequence, kernel] = this.operands(x, groups);
    return within('Conv1D', () => this.finish(conv1d(sequence, kernel, { stride, padding, dilation, groups })));
  }
}

/** The number of input channels of each group. @throws TesseraError if the groups do not divide the channels. */
function channelsOfGroup(where: string, inputs: number, outputs: number, groups = 1): number {
  if (inputs % groups !== 0 || outputs % groups !== 0)
    throw new TesseraError(`${where}: ${groups} groups do not divide ${inputs} inputs and ${outputs} outputs`);
  return inputs / groups;
}
