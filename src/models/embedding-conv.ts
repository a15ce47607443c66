import { Conv2D, concatenate, Embedding, Flatten, Linear, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { type Tensor, TesseraError } from '../tensor/index.js';
import { checkOptions, listOf, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';

/** Sizes of an `EmbeddingConv`. */
export interface EmbeddingConvSizes {
  /** How many word ids there are. */
  readonly vocabulary: number;
  /** Words in a text. */
  readonly time: number;
  /** [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];
  /** How many classes there are. */
  readonly classes: number;
  /** Features of a word's vector. Default 128. */
  readonly embedding?: number;
  /** Kernels of the convolution. Default 64. */
  readonly filters?: number;
  /** Seed of the initial values. Default 0. */
  readonly seed?: number;
}

/**
 * Two modalities, each encoded by its own kind of layer, joined and classified:
 *
 *   f1(x1) = WordEmbedding(x1)        f2(x2) = Conv2D(x2), 3x3, relu
 *   g = [f1; f2]                      h(g) = FC(g)
 *
 * x1 (batch, time) of i32, x2 (batch, height, width, channels) -> logits (batch, classes).
 */
export class EmbeddingConv extends Module {
  /** Encodes the words. */
  readonly f1: Embedding;
  /** Encodes the image. */
  readonly f2: Conv2D;
  /** Classifies both, joined. */
  readonly h: Linear;
  /** Merges all axes but the batch. */
  readonly flatten = new Flatten();

  constructor(sizes: EmbeddingConvSizes) {
    super();
    const {
      vocabulary,
      time,
      image,
      classes,
      embedding = 128,
      filters = 64,
      seed = 0,
    } = checkOptions('EmbeddingConv', sizes, {
      vocabulary: positiveInteger,
      time: positiveInteger,
      image: listOf(positiveInteger, 3),
      classes: positiveInteger,
      embedding: optional(positiveInteger),
      filters: optional(positiveInteger),
      seed: optional(nonNegativeInteger),
    });
    const generator = new Generator(seed);
    const [height, width, channels] = image;
    this.f1 = new Embedding({ vocabulary, outputs: embedding, generator });
    this.f2 = new Conv2D({ inputs: channels, outputs: filters, kernelSize: 3, activation: 'relu', generator });
    const features = time * embedding + (height - 2) * (width - 2) * filters;
    this.h = new Linear({ inputs: features, outputs: classes, generator });
  }

  /** @throws TesseraError if the batches differ, or an input has not its shape. */
  forward(x1: Tensor, x2: Tensor): Tensor {
    if (x1.shape[0] !== x2.shape[0])
      throw new TesseraError(`EmbeddingConv: the inputs' batches differ: ${x1.describe()} and ${x2.describe()}`);
    const [f1, f2] = [this.f1.forward(x1), this.f2.forward(x2)].map((features) => this.flatten.forward(features));
    return this.h.forward(concatenate(f1, f2));
  }
}
