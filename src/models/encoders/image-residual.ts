import { BatchNorm, Conv2D, Dropout, GroupNorm, Layer } from '../../nn/index.js';
import { globalAveragePool2d, type Tensor } from '../../tensor/index.js';
import { checkOptions, oneOf, optional, positiveInteger } from '../../tensor/options.js';
import { expectInputs, expectTensor, FEATURE_CHECKS, type FeatureOptions, multipleOf } from '../options.js';
import { Encoder, type Features, type ImageInputs } from './encoder.js';

/** Options of an `ImageResidual`. */
export interface ImageResidualOptions extends FeatureOptions {
  /** The number of channels of the images. Default 3. */
  readonly channels?: number;
  /** The size of the feature vectors, a multiple of 4. Default 128. */
  readonly width?: number;
  /**
   * The normalization. 'group' treats each image by itself, so that images of absent fields and small batches do no
   * harm; 'batch' takes its statistics over the batch. Default 'group'.
   */
  readonly normalization?: 'group' | 'batch';
}

/** Groups of 16 channels (Wu and He 2018), or one group. */
const groupsOf = (features: number): number => (features % 16 === 0 ? features / 16 : 1);

/**
 * A residual network for images of any size (He, Zhang, Ren and Sun 2016): a stem and three blocks,
 *
 *   x₀ = relu(norm(conv(pixels)))    (batch, height, width, d/4), 3 x 3 kernel
 *   x₁ = block(x₀)                   (batch, height/2, width/2, d/4)
 *   x₂ = block(x₁)                   (batch, height/4, width/4, d/2)
 *   x₃ = block(x₂)                   (batch, height/8, width/8, d)
 *   pooled = dropout(mean over the pixels of x₃)
 *
 * with d the width, and sizes rounded up. pixels (batch, height, width, channels) -> pooled (batch, d), tokens: the
 * pixels of x₃ (batch, height/8 · width/8, d).
 */
export class ImageResidual extends Encoder<ImageInputs> {
  override readonly width: number;
  /** The number of channels of the images. */
  readonly channels: number;
  /** The first convolution. */
  readonly stem: Conv2D;
  /** Normalization of the first convolution. */
  readonly norm: Layer;
  /** The three blocks, each of which halves height and width. */
  readonly blocks: readonly ResidualBlock[];
  /** Dropout of the pooled features. */
  readonly drop: Dropout;

  constructor(options: ImageResidualOptions = {}) {
    super();
    const {
      channels = 3,
      width = 128,
      normalization = 'group',
      dropout = 0,
      seed,
    } = checkOptions('ImageResidual', options, {
      ...FEATURE_CHECKS,
      width: optional(multipleOf(4)),
      channels: optional(positiveInteger),
      normalization: optional(oneOf('group', 'batch')),
    });
    this.width = width;
    this.channels = channels;
    const norm = normOf(normalization);
    this.stem = conv(channels, width / 4, 3);
    this.norm = norm(width / 4);
    this.blocks = [
      new ResidualBlock(width / 4, width / 4, norm),
      new ResidualBlock(width / 4, width / 2, norm),
      new ResidualBlock(width / 2, width, norm),
    ];
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: ImageInputs): Features {
    const { pixels } = expectInputs('ImageResidual', inputs);
    expectTensor('ImageResidual', 'pixels', pixels, 'f32', ['batch', 'height', 'width', this.channels]);
    const stem = this.norm.forward(this.stem.forward(pixels)).relu();
    const map = this.blocks.reduce((x, block) => block.forward(x), stem);
    const [batch, height, width, features] = map.shape;
    return {
      pooled: this.drop.forward(globalAveragePool2d(map)),
      tokens: map.reshape([batch, height * width, features]),
    };
  }
}

/**
 * A residual block that halves height and width:
 *
 *   y = relu(norm₂(conv₂(relu(norm₁(conv₁(x))))) + norm₀(shortcut(x)))
 *
 * x (batch, height, width, inputs) -> y (batch, ⌈height/2⌉, ⌈width/2⌉, outputs). conv₁ and conv₂ have 3 x 3 kernels,
 * shortcut 1 x 1; conv₁ and shortcut have stride 2.
 */
class ResidualBlock extends Layer {
  readonly conv1: Conv2D;
  readonly norm1: Layer;
  readonly conv2: Conv2D;
  readonly norm2: Layer;
  readonly shortcut: Conv2D;
  readonly norm0: Layer;

  constructor(inputs: number, outputs: number, norm: (features: number) => Layer) {
    super();
    this.conv1 = conv(inputs, outputs, 3, 2);
    this.norm1 = norm(outputs);
    this.conv2 = conv(outputs, outputs, 3);
    this.norm2 = norm(outputs);
    this.shortcut = conv(inputs, outputs, 1, 2);
    this.norm0 = norm(outputs);
  }

  override forward(x: Tensor): Tensor {
    const inner = this.norm1.forward(this.conv1.forward(x)).relu();
    return this.norm2
      .forward(this.conv2.forward(inner))
      .add(this.norm0.forward(this.shortcut.forward(x)))
      .relu();
  }
}

/** A convolution without bias, because a normalization with a shift of its own follows. */
const conv = (inputs: number, outputs: number, kernelSize: number, stride = 1): Conv2D =>
  new Conv2D({
    inputs,
    outputs,
    kernelSize,
    stride,
    padding: 'same',
    useBias: false,
    kernelInitializer: 'heNormal',
  });

const normOf =
  (normalization: 'group' | 'batch') =>
  (features: number): Layer =>
    normalization === 'batch' ? new BatchNorm({ features }) : new GroupNorm({ features, groups: groupsOf(features) });
