import { resize } from '../../../tensor/index.js';
import { checkOptions, oneOf, optional, positiveInteger, size2d } from '../../../tensor/options.js';
import { expectActivation } from '../../activations.js';
import { AFFINE_CHECKS } from '../../layers/affine.js';
import {
  type AffineOptions,
  AveragePool2D,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  DepthwiseConv2D,
  GlobalAveragePool2D,
  GlobalMaxPool2D,
  MaxPool2D,
} from '../../layers/index.js';
import { call, featuresOf, layer, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

type Size = number | readonly [number, number];

/** Options of convolutions by Keras's names. */
interface ConvolutionOptions<S, Padding = 'valid' | 'same'> extends AffineOptions {
  /** The size of the kernel. */
  readonly kernelSize: S;
  /** The step between windows. Default 1. */
  readonly strides?: S;
  /** The zero padding: 'same' keeps the size at stride 1, 'valid' adds none. Default 'valid'. */
  readonly padding?: Padding;
  /** The step between the elements of a window. Default 1. */
  readonly dilationRate?: S;
}

const CHECKS = {
  ...AFFINE_CHECKS,
  kernelSize: size2d,
  strides: optional(size2d),
  padding: optional(oneOf('valid', 'same')),
  dilationRate: optional(size2d),
};

/** Renames Keras's options to those of the layers in `nn`. */
const renamed = <S, Rest>({
  strides,
  dilationRate,
  ...rest
}: Rest & { readonly strides?: S; readonly dilationRate?: S }) => ({
  ...rest,
  stride: strides,
  dilation: dilationRate,
});

/** One-dimensional convolution along time: (time, channels) -> (time', filters); see `Conv1D`. */
export function conv1d(
  options: ConvolutionOptions<number, 'valid' | 'same' | 'causal'> & {
    /** The number of output channels. */
    readonly filters: number;
    /** The number of groups of channels that are convolved separately. Default 1. */
    readonly groups?: number;
  },
): SymbolicLayer<Conv1D> {
  const { filters, ...rest } = checkOptions('conv1d', options, {
    ...CHECKS,
    kernelSize: positiveInteger,
    strides: optional(positiveInteger),
    dilationRate: optional(positiveInteger),
    padding: optional(oneOf('valid', 'same', 'causal')),
    filters: positiveInteger,
    groups: optional(positiveInteger),
  });
  expectActivation('conv1d', rest.activation);
  return layer('conv1d', (shape) => new Conv1D({ inputs: featuresOf(shape), outputs: filters, ...renamed(rest) }));
}

/** Two-dimensional convolution: (height, width, channels) -> (height', width', filters); see `Conv2D`. */
export function conv2d(
  options: ConvolutionOptions<Size> & { readonly filters: number; readonly groups?: number },
): SymbolicLayer<Conv2D> {
  const checks = { ...CHECKS, filters: positiveInteger, groups: optional(positiveInteger) };
  const { filters, ...rest } = checkOptions('conv2d', options, checks);
  expectActivation('conv2d', rest.activation);
  return layer('conv2d', (shape) => new Conv2D({ inputs: featuresOf(shape), outputs: filters, ...renamed(rest) }));
}

/**
 * Depthwise convolution: (height, width, channels) -> (height', width', channels · depthMultiplier); see
 * `DepthwiseConv2D`.
 */
export function depthwiseConv2d(
  options: ConvolutionOptions<Size> & { readonly depthMultiplier?: number },
): SymbolicLayer<DepthwiseConv2D> {
  const checks = { ...CHECKS, depthMultiplier: optional(positiveInteger) };
  const { depthMultiplier, ...rest } = checkOptions('depthwiseConv2d', options, checks);
  expectActivation('depthwiseConv2d', rest.activation);
  const moduleOptions = { ...renamed(rest), multiplier: depthMultiplier };
  return layer('depthwiseConv2d', (shape) => new DepthwiseConv2D({ inputs: featuresOf(shape), ...moduleOptions }));
}

/**
 * Transposed convolution, which enlarges images: (height, width, channels) -> (height', width', filters); see
 * `Conv2DTranspose`.
 */
export function conv2dTranspose(
  options: ConvolutionOptions<Size> & { readonly filters: number },
): SymbolicLayer<Conv2DTranspose> {
  const { filters, ...rest } = checkOptions('conv2dTranspose', options, { ...CHECKS, filters: positiveInteger });
  expectActivation('conv2dTranspose', rest.activation);
  const moduleOptions = { outputs: filters, ...renamed(rest) };
  return layer('conv2dTranspose', (shape) => new Conv2DTranspose({ inputs: featuresOf(shape), ...moduleOptions }));
}

/**
 * Enlarges images by repeating each pixel `size` times in both directions (default 2), or by bilinear interpolation.
 */
export function upSampling2d(
  options: { readonly size?: number; readonly interpolation?: 'nearest' | 'bilinear' } = {},
): (x: SymbolicTensor) => SymbolicTensor {
  const { size = 2, interpolation = 'nearest' } = checkOptions('upSampling2d', options, {
    size: optional(positiveInteger),
    interpolation: optional(oneOf('nearest', 'bilinear')),
  });
  return (x) =>
    call('upSampling2d', [x], (images) => {
      const [, height, width] = images.shape;
      return resize(images, [size * height, size * width], interpolation);
    })[0];
}

/** Options of pooling layers by Keras's names. */
interface PoolingOptions {
  /** The height and width of the windows, or one number for both. Default 2. */
  readonly poolSize?: Size;
  /** The step between windows. Default: the pool size. */
  readonly strides?: Size;
  /** The padding: 'same' covers all pixels, 'valid' adds none. Default 'valid'. */
  readonly padding?: 'valid' | 'same';
}

/** Checks the options of a pooling layer and renames them to those of the layers in `nn`. */
function pooling(name: string, options: PoolingOptions) {
  const { poolSize, strides, padding } = checkOptions(name, options, {
    poolSize: optional(size2d),
    strides: optional(size2d),
    padding: optional(oneOf('valid', 'same')),
  });
  return { size: poolSize, stride: strides, padding };
}

/** Max pooling: (height, width, channels) -> (height', width', channels); see `MaxPool2D`. */
export function maxPooling2d(options: PoolingOptions = {}): SymbolicLayer<MaxPool2D> {
  const moduleOptions = pooling('maxPooling2d', options);
  return layer('maxPooling2d', () => new MaxPool2D(moduleOptions));
}

/** Average pooling: (height, width, channels) -> (height', width', channels); see `AveragePool2D`. */
export function averagePooling2d(options: PoolingOptions = {}): SymbolicLayer<AveragePool2D> {
  const moduleOptions = pooling('averagePooling2d', options);
  return layer('averagePooling2d', () => new AveragePool2D(moduleOptions));
}

/** Global max pooling: (height, width, channels) -> (channels). */
export const globalMaxPooling2d = (): SymbolicLayer<GlobalMaxPool2D> =>
  layer('globalMaxPooling2d', () => new GlobalMaxPool2D());

/** Global average pooling: (height, width, channels) -> (channels). */
export const globalAveragePooling2d = (): SymbolicLayer<GlobalAveragePool2D> =>
  layer('globalAveragePooling2d', () => new GlobalAveragePool2D());
