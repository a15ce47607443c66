import { Conv2D, concatenate, Embedding, Flatten, Linear, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import type { Tensor } from '../tensor/index.js';
import { checkOptions, listOf, nonNegativeInteger, optional, positiveInteger } from '../tensor/options.js';
import { expectIds, expectTensor } from './options.js';

/** Options of `EmbeddingConv`. */
export interface EmbeddingConvSizes {
  /** The size of the vocabulary: word ids are 0 to vocabulary - 1. */
  readonly vocabulary: number;
  /** The number of words of a text. */
  readonly time: number;
  /** The shape [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];
  /** The number of classes. */
  readonly classes: number;
  /** The number of features of a word's vector. Default 128. */
  readonly embedding?: number;
  /** The number of output channels of the convolution. Default 64. */
  readonly filters?: number;
  /** The seed of the initial values. Default 0. */
  readonly seed?: number;
}

/**
 * A classifier of two modalities, each encoded by its own kind of layer, fused by concatenation:
 *
 *   f1(x1) = Embedding(x1)                      (batch, time, embedding)
 *   f2(x2) = relu(Conv2D(x2)), 3 x 3 kernels    (batch, height - 2, width - 2, filters)
 *   g = [flatten(f1); flatten(f2)]              (batch, features)
 *   h(g) = g·W + b                              (batch, classes)
 *
 * x1 (batch, time) of i32, x2 (batch, height, width, channels) -> logits (batch, classes).
 */
export class EmbeddingConv extends Module {
  /** Word embedding: (batch, time) -> (batch, time, embedding). */
  readonly f1: Embedding;
  /** Convolution of the image: (batch, height, width, channels) -> (batch, height - 2, width - 2, filters). */
  readonly f2: Conv2D;
  /** Classifier of the concatenated features: (batch, features) -> (batch, classes). */
  readonly h: Linear;
  /** The number of ids of x1 for each row. */
  readonly time: number;
  /** The shape [height, width, channels] of an image. */
  readonly image: readonly number[];
  /** Flattens the features of each modality. */
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
    this.time = time;
    this.image = image;
    const generator = new Generator(seed);
    const [height, width, channels] = image;
    this.f1 = new Embedding({ vocabulary, outputs: embedding, generator });
    this.f2 = new Conv2D({ inputs: channels, outputs: filters, kernelSize: 3, activation: 'relu', generator });
    const features = time * embedding + (height - 2) * (width - 2) * filters;
    this.h = new Linear({ inputs: features, outputs: classes, generator });
  }

  /**
   * Computes the logits (batch, classes).
   * @throws TesseraError if the batch sizes differ, an input has another shape, or an id is out of range.
   */
  forward(x1: Tensor, x2: Tensor): Tensor {
    const [batch] = expectIds('EmbeddingConv', 'x1', x1, this.f1.table.shape[0], ['batch', this.time]).shape;
    expectTensor('EmbeddingConv', 'x2', x2, 'f32', [batch, ...this.image]);
    const [f1, f2] = [this.f1.forward(x1), this.f2.forward(x2)].map((features) => this.flatten.forward(features));
    return this.h.forward(concatenate(f1, f2));
  }
}
