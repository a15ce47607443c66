import { Conv2D, concatenate, Embedding, Flatten, Linear, Module } from '../nn/index.js';
import { Generator } from '../tensor/generator.js';
import { type Tensor, TesseraError } from '../tensor/index.js';

/** Sizes of an EmbeddingConv. */
export interface EmbeddingConvSizes {
  /** Words that the text may use. */
  readonly vocabulary: number;
  /** Words of a text. */
  readonly time: number;
  /** [height, width, channels] of an image. */
  readonly image: readonly [number, number, number];
  /** How many there are to choose from. */
  readonly classes: number;
  /** Features of a word. Default 128. */
  readonly embedding?: number;
  /** Default 64. */
  readonly filters?: number;
  /** Of the first values. Default 0. */
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
  /** Of the words. */
  readonly f1: Embedding;
  /** Of the image. */
  readonly f2: Conv2D;
  /** Of both, joined. */
  readonly h: Linear;
  readonly #flatten = new Flatten();

  constructor({ vocabulary, time, image, classes, embedding = 128, filters = 64, seed = 0 }: EmbeddingConvSizes) {
    super();
    const generator = new Generator(seed);
    const [height, width, channels] = image;
    this.f1 = new Embedding(vocabulary, embedding, { generator });
    this.f2 = new Conv2D(channels, filters, 3, { activation: 'relu', generator });
    this.h = new Linear(time * embedding + (height - 2) * (width - 2) * filters, classes, { generator });
  }

  /** @throws TesseraError if the batches differ, or an input has not its shape. */
  forward(x1: Tensor, x2: Tensor): Tensor {
    if (x1.shape[0] !== x2.shape[0])
      throw new TesseraError(`EmbeddingConv: the inputs' batches differ: ${x1.describe()} and ${x2.describe()}`);
    const [f1, f2] = [this.f1.forward(x1), this.f2.forward(x2)].map((features) => this.#flatten.forward(features));
    return this.h.forward(concatenate(f1, f2));
  }
}
