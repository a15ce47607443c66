import { resize, type Shape } from '../../../tensor/index.js';
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
import { call, layer, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

type Size = number | readonly [number, number];

/** Options of a convolution by Keras's names. */
interface ConvolutionOptions<S, Padding = 'valid' | 'same'> extends AffineOptions {
  readonly kernelSize: S;
  readonly strides?: S;
  readonly padding?: Padding;
  readonly dilationRate?: S;
}

const CHECKS = {
  ...AFFINE_CHECKS,
  kernelSize: size2d,
  strides: optional(size2d),
  padding: optional(oneOf('valid', 'same')),
  dilationRate: optional(size2d),
};

/** The same options by the names of `nn`. */
const renamed = <S, Rest>({
  strides,
  dilationRate,
  ...rest
}: Rest & { readonly strides?: S; readonly dilationRate?: S }) => ({
  ...rest,
  stride: strides,
  dilation: dilationRate,
});

const channelsOf = (shape: Shape): number => shape[shape.length - 1];

/** Convolution along time. */
export function conv1d(
  options: ConvolutionOptions<number, 'valid' | 'same' | 'causal'> & {
    readonly filters: number;
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
  return layer('conv1d', (shape) => new Conv1D({ inputs: channelsOf(shape), outputs: filters, ...renamed(rest) }));
}

/** Convolution of images, channels last. */
export function conv2d(
  options: ConvolutionOptions<Size> & { readonly filters: number; readonly groups?: number },
): SymbolicLayer<Conv2D> {
  const checks = { ...CHECKS, filters: positiveInteger, groups: optional(positiveInteger) };
  const { filters, ...rest } = checkOptions('conv2d', options, checks);
  expectActivation('conv2d', rest.activation);
  return layer('conv2d', (shape) => new Conv2D({ inputs: channelsOf(shape), outputs: filters, ...renamed(rest) }));
}

/** Convolution of each channel by itself. */
export function depthwiseConv2d(
  options: ConvolutionOptions<Size> & { readonly depthMultiplier?: number },
): SymbolicLayer<DepthwiseConv2D> {
  const checks = { ...CHECKS, depthMultiplier: optional(positiveInteger) };
  const { depthMultiplier, ...rest } = checkOptions('depthwiseConv2d', options, checks);
  expectActivation('depthwiseConv2d', rest.activation);
  const made = { ...renamed(rest), multiplier: depthMultiplier };
  return layer('depthwiseConv2d', (shape) => new DepthwiseConv2D({ inputs: channelsOf(shape), ...made }));
}

/** The transpose of a convolution: larger images. */
export function conv2dTranspose(
  options: ConvolutionOptions<Size> & { readonly filters: number },
): SymbolicLayer<Conv2DTranspose> {
  const { filters, ...rest } = checkOptions('conv2dTranspose', options, { ...CHECKS, filters: positiveInteger });
  expectActivation('conv2dTranspose', rest.activation);
  const made = { outputs: filters, ...renamed(rest) };
  return layer('conv2dTranspose', (shape) => new Conv2DTranspose({ inputs: channelsOf(shape), ...made }));
}

/** Each pixel so many times, in both directions; 'bilinear' draws lines between them. */
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

/** Options of a pooling by Keras's names. */
interface PoolingOptions {
  readonly poolSize?: Size;
  readonly strides?: Size;
  readonly padding?: 'valid' | 'same';
}

function pooling(name: string, options: PoolingOptions) {
  const { poolSize, strides, padding } = checkOptions(name, options, {
    poolSize: optional(size2d),
    strides: optional(size2d),
    padding: optional(oneOf('valid', 'same')),
  });
  return { size: poolSize, stride: strides, padding };
}

/** The maximum of each window. */
export function maxPooling2d(options: PoolingOptions = {}): SymbolicLayer<MaxPool2D> {
  const made = pooling('maxPooling2d', options);
  return layer('maxPooling2d', () => new MaxPool2D(made));
}

/** The mean of each window. */
export function averagePooling2d(options: PoolingOptions = {}): SymbolicLayer<AveragePool2D> {
  const made = pooling('averagePooling2d', options);
  return layer('averagePooling2d', () => new AveragePool2D(made));
}

/** The maximum of each channel. */
export const globalMaxPooling2d = (): SymbolicLayer<GlobalMaxPool2D> =>
  layer('globalMaxPooling2d', () => new GlobalMaxPool2D());

/** The mean of each channel. */
export const globalAveragePooling2d = (): SymbolicLayer<GlobalAveragePool2D> =>
  layer('globalAveragePooling2d', () => new GlobalAveragePool2D());
