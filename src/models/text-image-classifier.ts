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
import { expectIds, expectInputs, expectTensor } from './options.js';

/** The inputs that a `TextImageClassifier` takes. */
export type Modality = 'text' | 'image' | 'both';

/** Options of `TextImageClassifier`; the defaults are those of the Keras model. */
export interface TextImageSizes {
  /** The number of word ids, including padding and unknown words. Default 10,000. */
  readonly vocabulary?: number;
  /** The number of features of a word's vector. Default 128. */
  readonly embedding?: number;
  /** The number of features of the LSTM's hidden state. Default 128. */
  readonly units?: number;
  /** The shape [height, width, channels] of an image. Default [28, 28, 1]. */
  readonly image?: readonly [number, number, number];
  /** The number of output channels of the convolution. Default 64. */
  readonly filters?: number;
  /** The height and width of the convolution's kernel. Default 3. */
  readonly kernelSize?: number;
  /** The number of classes. Default 10. */
  readonly classes?: number;
  /** The rate of the dropout of the image's features. Default 0. */
  readonly dropout?: number;
  /** The inputs that the model takes. Default 'both'. */
  readonly modality?: Modality;
  /** The seed of the initial values and of the dropout. Default 0. */
  readonly seed?: number;
}

/** A batch of the model's inputs. */
export interface TextImageInputs {
  /** Word ids: (batch, time) of i32, within 0 to vocabulary - 1. */
  readonly tokens?: Tensor;
  /** Mask of the words: (batch, time) of f32, 1 for words and 0 for padding. Default: all are words. */
  readonly mask?: Tensor;
  /** Images: (batch, height, width, channels). */
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
 * A classifier of text and images, equivalent to a Keras model with these layers:
 *
 *   tokens (batch, time) -> Embedding -> (batch, time, embedding) -> LSTM -> (batch, units)
 *   images (batch, height, width, channels) -> Conv2D, relu -> Flatten -> Dropout -> (batch, pixels · filters)
 *   [text; image] -> Linear -> logits (batch, classes)
 *
 * The softmax is part of the loss. With one modality the branch of the other does not exist.
 */
export class TextImageClassifier extends Module {
  /** The inputs that the model takes. */
  readonly modality: Modality;
  /** Word embedding: (vocabulary, embedding); undefined without text. */
  readonly embedding: Embedding | undefined;
  /** Encoder of the word sequence: (batch, time, embedding) -> (batch, units); undefined without text. */
  readonly lstm: LSTM | undefined;
  /** Convolution of the images; undefined without images. */
  readonly conv: Conv2D | undefined;
  /** Flattens pixels and channels of the image's features into one axis. */
  readonly flatten = new Flatten();
  /** Dropout of the image's features. */
  readonly drop: Dropout;
  /** Classifier: the concatenated features -> logits (batch, classes). */
  readonly classify: Linear;
  /** The shape [height, width, channels] of an image. */
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
   * Computes the logits (batch, classes), whose softmax is the class probabilities.
   * @throws TesseraError if an input is missing or has another shape, or the batch sizes differ.
   */
  forward(inputs: TextImageInputs): Tensor {
    expectInputs('TextImageClassifier', inputs);
    const features = [];
    const { embedding, lstm, conv } = this;
    if (embedding !== undefined && lstm !== undefined) features.push(this.#encodeText(inputs, embedding, lstm));
    if (conv !== undefined) features.push(this.#encodeImages(inputs, conv));
    if (features.length === 2 && features[0].shape[0] !== features[1].shape[0]) {
      throw new TesseraError(
        `TextImageClassifier: batch sizes differ: ${features[0].shape[0]} texts and ${features[1].shape[0]} images`,
      );
    }
    return this.classify.forward(features.length === 1 ? features[0] : concatenate(...features));
  }

  #encodeText({ tokens, mask }: TextImageInputs, embedding: Embedding, lstm: LSTM): Tensor {
    const ids = expectIds('TextImageClassifier', 'tokens', tokens, embedding.table.shape[0], ['batch', 'time']);
    if (mask !== undefined) expectTensor('TextImageClassifier', 'mask', mask, 'f32', ids.shape);
    return lstm.forward(embedding.forward(ids), mask);
  }

  #encodeImages({ images }: TextImageInputs, conv: Conv2D): Tensor {
    const x = expectTensor('TextImageClassifier', 'images', images, 'f32', ['batch', ...this.image]);
    return this.drop.forward(this.flatten.forward(conv.forward(x)));
  }
}
