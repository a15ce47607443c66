import { Conv2D, concatenate, Dropout, Embedding, Flatten, Linear, LSTM, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { type Tensor, TesseraError } from '../tensor/index.js';
import {
  type Checks,
  checkOptions,
  fraction,
  listOf,
  nonNegativeInteger,
  oneOf,
  optional,
  positiveInteger,
} from '../tensor/options.js';

/** Which inputs the classifier takes. */
export type Modality = 'text' | 'image' | 'both';

/** Sizes of a `TextImageClassifier`; defaults are the Keras model's. */
export interface TextImageSizes {
  /** How many word ids there are, padding and unknown included. Default 10,000. */
  readonly vocabulary?: number;
  /** Features of a word's vector. Default 128. */
  readonly embedding?: number;
  /** Features of the LSTM's hidden state. Default 128. */
  readonly units?: number;
  /** [height, width, channels] of an image. Default [28, 28, 1]. */
  readonly image?: readonly [number, number, number];
  /** Kernels of the convolution. Default 64. */
  readonly filters?: number;
  /** Height and width of a kernel. Default 3. */
  readonly kernelSize?: number;
  /** How many classes there are. Default 10. */
  readonly classes?: number;
  /** Rate of the dropout of the image's features. Default 0. */
  readonly dropout?: number;
  /** Which inputs it takes. Default 'both'. */
  readonly modality?: Modality;
  /** Seed of the initial values and of the dropout. Default 0. */
  readonly seed?: number;
}

/** A batch of the model's inputs. */
export interface TextImageInputs {
  /** (batch, time) of i32, ids below the vocabulary's size */
  readonly tokens?: Tensor;
  /** (batch, time) of f32: 1 for a word, 0 for padding */
  readonly mask?: Tensor;
  /** (batch, height, width, channels) */
  readonly images?: Tensor;
}

const CHECKS: Checks<TextImageSizes> = {
  vocabulary: optional(positiveInteger),
  embedding: optional(positiveInteger),
  units: optional(positiveInteger),
  image: optional(listOf(positiveInteger, 3)),
  filters: optional(positiveInteger),
  kernelSize: optional(positiveInteger),
  classes: optional(positiveInteger),
  dropout: optional(fraction),
  modality: optional(oneOf('text', 'image', 'both')),
  seed: optional(nonNegativeInteger),
};

/**
 * The Keras model: a classifier of text and image.
 *
 *   text   Embedding(10000, 128) -> LSTM(128)
 *   image  Conv2D(64, 3x3, relu) -> Flatten
 *   both   concatenation -> Dense(10), whose softmax is part of the loss
 *
 * The sizes are parameters; these are the defaults. With one modality the other's branch does not exist.
 */
export class TextImageClassifier extends Module {
  /** Which inputs it takes. */
  readonly modality: Modality;
  /** Encodes words, where there is text. */
  readonly embedding: Embedding | undefined;
  /** Encodes the sequence of words, where there is text. */
  readonly lstm: LSTM | undefined;
  /** Encodes the image, where there are images. */
  readonly conv: Conv2D | undefined;
  /** Merges pixels and filters into one axis. */
  readonly flatten = new Flatten();
  /** Regularises the image's features. */
  readonly drop: Dropout;
  /** Gives the logits. */
  readonly classify: Linear;
  /** [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];

  constructor(sizes: TextImageSizes = {}) {
    super();
    checkOptions('TextImageClassifier', sizes, CHECKS);
    const {
      vocabulary = 10_000,
      embedding = 128,
      units = 128,
      image = [28, 28, 1],
      filters = 64,
      kernelSize = 3,
    } = sizes;
    const { classes = 10, dropout = 0, modality = 'both', seed = 0 } = sizes;
    const generator = new Generator(seed);
    this.modality = modality;
    this.image = image;
    let features = 0;
    if (modality !== 'image') {
      this.embedding = new Embedding({ vocabulary, outputs: embedding, generator });
      this.lstm = new LSTM({ inputs: embedding, outputs: units, generator });
      features += units;
    }
    if (modality !== 'text') {
      const [height, width, channels] = image;
      this.conv = new Conv2D({ inputs: channels, outputs: filters, kernelSize, activation: 'relu', generator });
      features += (height - kernelSize + 1) * (width - kernelSize + 1) * filters;
    }
    this.drop = new Dropout({ rate: dropout, seed });
    this.classify = new Linear({ inputs: features, outputs: classes, generator });
  }

  /**
   * The logits (batch, classes); softmax of them are the probabilities.
   * @throws TesseraError if an input is missing, has another shape than the model's, or the batches differ.
   */
  forward(inputs: TextImageInputs): Tensor {
    const features = [];
    const { embedding, lstm, conv } = this;
    if (embedding !== undefined && lstm !== undefined) features.push(this.#encodeText(inputs, embedding, lstm));
    if (conv !== undefined) features.push(this.#encodeImages(inputs, conv));
    if (features.length === 2 && features[0].shape[0] !== features[1].shape[0]) {
      throw new TesseraError(
        `TextImageClassifier: ${features[0].shape[0]} texts and ${features[1].shape[0]} images; expected as many of each`,
      );
    }
    return this.classify.forward(features.length === 1 ? features[0] : concatenate(...features));
  }

  #encodeText({ tokens, mask }: TextImageInputs, embedding: Embedding, lstm: LSTM): Tensor {
    if (tokens === undefined || tokens.rank !== 2 || tokens.shape[0] === 0) {
      throw new TesseraError(
        `TextImageClassifier: expected tokens of i32 [batch, time], got ${tokens?.describe() ?? 'none'}`,
      );
    }
    return lstm.forward(embedding.forward(tokens), mask);
  }

  #encodeImages({ images }: TextImageInputs, conv: Conv2D): Tensor {
    const [height, width, channels] = this.image;
    const fits = images?.rank === 4 && images.shape[0] > 0 && images.shape.slice(1).join() === this.image.join();
    if (images === undefined || !fits) {
      throw new TesseraError(
        `TextImageClassifier: expected images of f32 [batch, ${height}, ${width}, ${channels}], got ${images?.describe() ?? 'none'}`,
      );
    }
    return this.drop.forward(this.flatten.forward(conv.forward(images)));
  }
}
