import { conv1d, conv2dTranspose, type Tensor } from '../../tensor/index.js';
import { AffineLayer, type AffineOptions } from './affine.js';

const pair = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

/** Settings of a convolution of images. */
export interface Conv2DOptions extends AffineOptions {
  /** Pixels between windows. Default 1. */
  readonly stride?: number | readonly [number, number];
  /** 'same' keeps height and width at stride 1. Default 'valid': none. */
  readonly padding?: 'valid' | 'same';
  /** Pixels between the elements of a window. Default 1. */
  readonly dilation?: number | readonly [number, number];
  /** Cuts the channels into groups that do not see each other. Default 1. */
  readonly groups?: number;
}

/**
 * Convolution in two dimensions, channels last: y = activation(x * W + b), one dispatch.
 *
 * x (batch, height, width, in) -> (batch, height', width', out). W (height, width, in / groups, out) starts Glorot uniform,
 * b (out) zero, as in Keras.
 */
export class Conv2D extends AffineLayer {
  readonly #options: Conv2DOptions;

  constructor(inputs: number, filters: number, size: number | readonly [number, number], options: Conv2DOptions = {}) {
    super([...pair(size), inputs / (options.groups ?? 1), filters], filters, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = this.#options;
    const [image, kernel] = this.operands(x, groups);
    return this.finish(image.conv2d(kernel, { stride, padding, dilation, groups }));
  }
}

/** A convolution of each channel by itself: (batch, height, width, in) -> (batch, height', width', in · multiplier). */
export class DepthwiseConv2D extends Conv2D {
  constructor(
    inputs: number,
    size: number | readonly [number, number],
    { multiplier = 1, ...options }: Omit<Conv2DOptions, 'groups'> & { readonly multiplier?: number } = {},
  ) {
    super(inputs, inputs * multiplier, size, { ...options, groups: inputs });
  }
}

/**
 * The transpose of a convolution, which makes images larger by its stride: x (batch, height, width, in) -> (batch,
 * height', width', out). W (height, width, out, in) starts Glorot uniform, b (out) zero, as in Keras.
 */
export class Conv2DTranspose extends AffineLayer {
  readonly #options: Omit<Conv2DOptions, 'groups'>;

  constructor(
    inputs: number,
    filters: number,
    size: number | readonly [number, number],
    options: Omit<Conv2DOptions, 'groups'> = {},
  ) {
    super([...pair(size), filters, inputs], filters, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1 } = this.#options;
    const [image, kernel] = this.operands(x);
    return this.finish(conv2dTranspose(image, kernel, { stride, padding, dilation }));
  }
}

/** Settings of a convolution along time. */
export interface Conv1DOptions extends AffineOptions {
  /** Steps between windows. Default 1. */
  readonly stride?: number;
  /** 'causal': an output sees no later step. */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** Steps between the elements of a window. Default 1. */
  readonly dilation?: number;
  /** Cuts the channels into groups that do not see each other. Default 1. */
  readonly groups?: number;
}

/** Convolution along time: x (batch, time, in) -> (batch, time', out). W (window, in / groups, out) as in Conv2D. */
export class Conv1D extends AffineLayer {
  readonly #options: Conv1DOptions;

  constructor(inputs: number, filters: number, size: number, options: Conv1DOptions = {}) {
    super([size, inputs / (options.groups ?? 1), filters], filters, options);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1 } = this.#options;
    const [sequence, kernel] = this.operands(x, groups);
    return this.finish(conv1d(sequence, kernel, { stride, padding, dilation, groups }));
  }
}
