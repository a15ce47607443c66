import { Conv2D, Dropout, Flatten } from '../../nn/index.js';
import { TesseraError } from '../../tensor/index.js';
import { checkOptions, fraction, listOf, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { expectInputs, expectTensor } from '../options.js';
import { Encoder, type Features, type ImageInputs } from './encoder.js';

/** Options of an `ImageConv`. */
export interface ImageConvOptions {
  /** The shape [height, width, channels] of an image, at least 3 x 3. */
  readonly image: readonly [number, number, number];
  /** The number of output channels of the convolution. Default 64. */
  readonly filters?: number;
  /** The step of the kernel in pixels. Default 1. */
  readonly stride?: number;
  /** The rate of the dropout of the features. Default 0. */
  readonly dropout?: number;
  /** The seed of the initial values and of the dropout. Default: streams of their own; see `setSeed`. */
  readonly seed?: number;
}

/** The height and width of the kernel. */
const KERNEL = 3;

/**
 * An encoder of images of one convolution, whose pixels are the features:
 *
 *   c = relu(conv(pixels))         (batch, ⌊(height - 3) / stride⌋ + 1, ⌊(width - 3) / stride⌋ + 1, filters), 3 x 3 kernel
 *   pooled = dropout(flatten(c))   (batch, height of c · width of c · filters)
 *
 * pixels (batch, height, width, channels) -> pooled.
 */
export class ImageConv extends Encoder<ImageInputs> {
  override readonly width: number;
  /** The shape [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];
  /** The convolution. */
  readonly conv: Conv2D;
  /** Flattens pixels and channels into one axis. */
  readonly flatten = new Flatten();
  /** Dropout of the features. */
  readonly drop: Dropout;

  /** @throws TesseraError if an image is smaller than 3 x 3. */
  constructor(options: ImageConvOptions) {
    super();
    const {
      image,
      filters = 64,
      stride = 1,
      dropout = 0,
      seed,
    } = checkOptions('ImageConv', options, {
      image: listOf(positiveInteger, 3),
      filters: optional(positiveInteger),
      stride: optional(positiveInteger),
      dropout: optional(fraction),
      seed: optional(nonNegativeInteger),
    });
    const [height, width, channels] = image;
    if (Math.min(height, width) < KERNEL)
      throw new TesseraError(`ImageConv: expected images of at least 3 x 3 pixels, got ${height} x ${width}`);
    const steps = (pixels: number) => Math.floor((pixels - KERNEL) / stride) + 1;
    this.image = image;
    this.width = steps(height) * steps(width) * filters;
    this.conv = new Conv2D({ inputs: channels, outputs: filters, kernelSize: KERNEL, stride, activation: 'relu' });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: ImageInputs): Features {
    const { pixels } = expectInputs('ImageConv', inputs);
    expectTensor('ImageConv', 'pixels', pixels, 'f32', ['batch', ...this.image]);
    return { pooled: this.drop.forward(this.flatten.forward(this.conv.forward(pixels))) };
  }
}
