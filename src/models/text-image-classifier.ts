import { Conv2D, concatenate, Dropout, Embedding, Flatten, Linear, LSTM, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { type Tensor, TesseraError } from '../tensor/index.js';

/** Which inputs the classifier looks at. */
export type Modality = 'text' | 'image' | 'both';

/** Sizes of a TextImageClassifier; defaults are the Keras model's. */
export interface TextImageSizes {
  /** Words that the text may use, padding and unknown included. */
  readonly vocabulary?: number;
  /** Features of a word. */
  readonly embedding?: number;
  /** Units of the LSTM. */
  readonly units?: number;
  /** [height, width, channels] of an image. */
  readonly image?: readonly [number, number, number];
  /** Of the convolution. Default 64. */
  readonly filters?: number;
  /** Height and width of its window. Default 3. */
  readonly kernelSize?: number;
  /** How many there are to choose from. Default 10. */
  readonly classes?: number;
  /** Share of the image's features that is dropped while training. */
  readonly dropout?: number;
  /** What it looks at. Default 'both'. */
  readonly modality?: Modality;
  /** Of the first values and the dropout. Default 0. */
  readonly seed?: number;
}

/** A batch of what the model looks at. */
export interface TextImageInputs {
  /** (batch, time) of i32, ids below the vocabulary's size */
  readonly tokens?: Tensor;
  /** (batch, time) of f32: 1 for a word, 0 for padding */
  readonly mask?: Tensor;
  /** (batch, height, width, channels) */
  readonly images?: Tensor;
}

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
  /** What it looks at. */
  readonly modality: Modality;
  /** Of the words, where it reads text. */
  readonly embedding: Embedding | undefined;
  /** Over the words, where it reads text. */
  readonly lstm: LSTM | undefined;
  /** Of the image, where it looks at images. */
  readonly conv: Conv2D | undefined;
  /** All pixels and filters in one axis. */
  readonly flatten = new Flatten();
  /** Before the classifier. */
  readonly drop: Dropout;
  /** Logits of all features. */
  readonly classify: Linear;
  /** [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];

  constructor(sizes: TextImageSizes = {}) {
    super();
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
      this.embedding = new Embedding(vocabulary, embedding, { generator });
      this.lstm = new LSTM(embedding, units, { generator });
      features += units;
    }
    if (modality !== 'text') {
      const [height, width, channels] = image;
      this.conv = new Conv2D(channels, filters, kernelSize, { activation: 'relu', generator });
      features += (height - kernelSize + 1) * (width - kernelSize + 1) * filters;
    }
    this.drop = new Dropout(dropout, seed);
    this.classify = new Linear(features, classes, { generator });
  }

  /**
   * The logits (batch, classes); softmax of them are the probabilities.
   * @throws TesseraError if an input is missing, has another shape than the model's, or the batches differ.
   */
  forward(inputs: TextImageInputs): Tensor {
    const features = [];
    if (this.lstm !== undefined) features.push(this.#encodeText(inputs));
    if (this.conv !== undefined) features.push(this.#encodeImages(inputs));
    if (features.length === 2 && features[0].shape[0] !== features[1].shape[0]) {
      throw new TesseraError(
        `TextImageClassifier: ${features[0].shape[0]} texts and ${features[1].shape[0]} images; expected as many of each`,
      );
    }
    return this.classify.forward(features.length === 1 ? features[0] : concatenate(...features));
  }

  #encodeText({ tokens, mask }: TextImageInputs): Tensor {
    if (tokens === undefined || tokens.rank !== 2 || tokens.shape[0] === 0) {
      throw new TesseraError(
        `TextImageClassifier: expected tokens of i32 [batch, time], got ${tokens?.describe() ?? 'none'}`,
      );
    }
    return this.lstm!.forward(this.embedding!.forward(tokens), mask);
  }

  #encodeImages({ images }: TextImageInputs): Tensor {
    const [height, width, channels] = this.image;
    const fits = images?.rank === 4 && images.shape[0] > 0 && images.shape.slice(1).join() === this.image.join();
    if (images === undefined || !fits) {
      throw new TesseraError(
        `TextImageClassifier: expected images of f32 [batch, ${height}, ${width}, ${channels}], got ${images?.describe() ?? 'none'}`,
      );
    }
    return this.drop.forward(this.flatten.forward(this.conv!.forward(images)));
  }
}
