import { Dropout, Embedding, Linear } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { expectTensor, FEATURE_CHECKS, type FeatureOptions } from '../options.js';
import { Encoder, type Features } from './encoder.js';

/** The inputs of a `CategoryEmbedding`. */
export type CategoryInputs = {
  /** Category ids: (batch) of i32, within 0 to categories - 1. */
  readonly ids: Tensor;
};

/** Options of a `CategoryEmbedding`. */
export interface CategoryEmbeddingOptions extends FeatureOptions {
  /** The number of category ids, including those of absent and of unseen categories. */
  readonly categories: number;
  /** The number of features of a category's vector. Default: the width, or the number of categories if less. */
  readonly embedding?: number;
}

/**
 * An encoder of categories: an embedding (Guo and Berkhahn 2016) and a fully connected layer,
 *
 *   e = dropout(E[ids])          (batch, embedding)
 *   pooled = relu(e·W + b)       (batch, width)
 *
 * ids (batch) of i32 -> pooled (batch, width).
 */
export class CategoryEmbedding extends Encoder<CategoryInputs> {
  override readonly width: number;
  /** The vectors of the categories: E (categories, embedding). */
  readonly embedding: Embedding;
  /** Dropout of the categories' vectors. */
  readonly drop: Dropout;
  /** Fully connected layer: W (embedding, width), b (width). */
  readonly output: Linear;

  constructor(options: CategoryEmbeddingOptions) {
    super();
    const {
      categories,
      width = 64,
      embedding = Math.min(categories, width),
      dropout = 0,
      seed,
    } = checkOptions('CategoryEmbedding', options, {
      ...FEATURE_CHECKS,
      categories: positiveInteger,
      embedding: optional(positiveInteger),
    });
    this.width = width;
    this.embedding = new Embedding({ vocabulary: categories, outputs: embedding, initializer: 'glorotUniform' });
    this.drop = new Dropout({ rate: dropout });
    this.output = new Linear({ inputs: embedding, outputs: width, activation: 'relu' });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward({ ids }: CategoryInputs): Features {
    expectTensor('CategoryEmbedding', 'ids', ids, 'i32', ['batch']);
    return { pooled: this.output.forward(this.drop.forward(this.embedding.forward(ids))) };
  }
}
