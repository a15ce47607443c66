import { Conv2D, Dropout, LayerNorm, PositionalEmbedding, TransformerBlock } from '../../nn/index.js';
import { checkOptions, listOf, optional, positiveInteger } from '../../tensor/options.js';
import { expectInputs, expectMultiple, expectTensor, FEATURE_CHECKS, type FeatureOptions } from '../options.js';
import { Encoder, type Features, type ImageInputs } from './encoder.js';

/** Options of an `ImageViT`. */
export interface ImageViTOptions extends FeatureOptions {
  /** The shape [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];
  /** The height and width of a patch, which divide those of the image. */
  readonly patch: number;
  /** The number of transformer blocks. Default 4. */
  readonly depth?: number;
  /** The number of heads of the attention, which divides the width. Default 4. */
  readonly heads?: number;
}

/**
 * A vision transformer, an encoder of images (Dosovitskiy et al. 2021, with the mean in place of the class token):
 *
 *   x₀ = dropout(patches(pixels)·W + b + P)    (batch, patches, d)
 *   xₗ = blockₗ(xₗ₋₁)
 *   y = norm(x_depth)                          (batch, patches, d)
 *   pooled = mean of y over the patches        (batch, d)
 *
 * with d the width. patches(pixels) are the (height/patch) · (width/patch) squares of the image, and their product with
 * W is a convolution with stride patch. pixels (batch, height, width, channels) -> pooled, tokens y.
 */
export class ImageViT extends Encoder<ImageInputs> {
  override readonly width: number;
  /** The shape [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];
  /** Projection of the patches: W (patch, patch, channels, d), b (d). */
  readonly project: Conv2D;
  /** Learned positions: P (patches, d). */
  readonly positions: PositionalEmbedding;
  /** The transformer blocks. */
  readonly blocks: readonly TransformerBlock[];
  /** Normalization of the last block's result. */
  readonly norm: LayerNorm;
  /** Dropout of the patches' vectors. */
  readonly drop: Dropout;

  /** @throws TesseraError if the patches do not divide the image, or the heads the width. */
  constructor(options: ImageViTOptions) {
    super();
    const {
      image,
      patch,
      width = 128,
      depth = 4,
      heads = 4,
      dropout = 0,
      seed,
    } = checkOptions('ImageViT', options, {
      ...FEATURE_CHECKS,
      image: listOf(positiveInteger, 3),
      patch: positiveInteger,
      depth: optional(positiveInteger),
      heads: optional(positiveInteger),
    });
    const [height, columns, channels] = image;
    expectMultiple('ImageViT', "the image's height", height, 'patch', patch);
    expectMultiple('ImageViT', "the image's width", columns, 'patch', patch);
    expectMultiple('ImageViT', 'width', width, 'heads', heads);
    this.width = width;
    this.image = image;
    this.project = new Conv2D({ inputs: channels, outputs: width, kernelSize: patch, stride: patch });
    this.positions = new PositionalEmbedding({ length: (height / patch) * (columns / patch), features: width });
    this.blocks = Array.from({ length: depth }, () => new TransformerBlock({ features: width, heads, dropout }));
    this.norm = new LayerNorm({ features: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: ImageInputs): Features {
    const { pixels } = expectInputs('ImageViT', inputs);
    const [batch] = expectTensor('ImageViT', 'pixels', pixels, 'f32', ['batch', ...this.image]).shape;
    const patches = this.project.forward(pixels).reshape([batch, this.positions.length, this.width]);
    const first = this.drop.forward(this.positions.forward(patches));
    const y = this.norm.forward(this.blocks.reduce((x, block) => block.forward(x), first));
    return { pooled: y.mean(1), tokens: y };
  }
}
