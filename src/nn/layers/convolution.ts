import { conv1d, conv2dTranspose, type Tensor, type Variable } from '../../tensor/index.js';
import { activations } from '../activations.js';
import { defaultGenerator, glorotUniform, parameter, zerosInitializer } from '../initializers.js';
import { Layer } from '../module.js';
import type { LinearOptions } from './core.js';

const pair = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

export interface Conv2DOptions extends LinearOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: 'valid' | 'same';
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
export class Conv2D extends Layer {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
  readonly #options: Conv2DOptions;

  constructor(inputs: number, filters: number, size: number | readonly [number, number], options: Conv2DOptions = {}) {
    super();
    const { useBias = true, kernelInitializer = glorotUniform, generator = defaultGenerator(), groups = 1 } = options;
    this.kernel = parameter('kernel', [...pair(size), inputs / groups, filters], kernelInitializer, generator);
    this.bias = useBias ? parameter('bias', [filters], zerosInitializer, generator) : undefined;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1, activation = 'linear' } = this.#options;
    const y = x.conv2d(this.kernel, { stride, padding, dilation, groups });
    return activations[activation](this.bias === undefined ? y : y.add(this.bias));
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
export class Conv2DTranspose extends Layer {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
  readonly #options: Omit<Conv2DOptions, 'groups'>;

  constructor(
    inputs: number,
    filters: number,
    size: number | readonly [number, number],
    options: Omit<Conv2DOptions, 'groups'> = {},
  ) {
    super();
    const { useBias = true, kernelInitializer = glorotUniform, generator = defaultGenerator() } = options;
    this.kernel = parameter('kernel', [...pair(size), filters, inputs], kernelInitializer, generator);
    this.bias = useBias ? parameter('bias', [filters], zerosInitializer, generator) : undefined;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, activation = 'linear' } = this.#options;
    const y = conv2dTranspose(x, this.kernel, { stride, padding, dilation });
    return activations[activation](this.bias === undefined ? y : y.add(this.bias));
  }
}

export interface Conv1DOptions extends LinearOptions {
  readonly stride?: number;
  /** 'causal': an output sees no later step. */
  readonly padding?: 'valid' | 'same' | 'causal';
  readonly dilation?: number;
  readonly groups?: number;
}

/** Convolution along time: x (batch, time, in) -> (batch, time', out). W (window, in / groups, out) as in Conv2D. */
export class Conv1D extends Layer {
  readonly kernel: Variable;
  readonly bias: Variable | undefined;
  readonly #options: Conv1DOptions;

  constructor(inputs: number, filters: number, size: number, options: Conv1DOptions = {}) {
    super();
    const { useBias = true, kernelInitializer = glorotUniform, generator = defaultGenerator(), groups = 1 } = options;
    this.kernel = parameter('kernel', [size, inputs / groups, filters], kernelInitializer, generator);
    this.bias = useBias ? parameter('bias', [filters], zerosInitializer, generator) : undefined;
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 'valid', dilation = 1, groups = 1, activation = 'linear' } = this.#options;
    const y = conv1d(x, this.kernel, { stride, padding, dilation, groups });
    return activations[activation](this.bias === undefined ? y : y.add(this.bias));
  }
}
