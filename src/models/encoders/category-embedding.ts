import { Dropout, Embedding, randomNormal } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions, positiveInteger } from '../../tensor/options.js';
import { expectIds, expectInputs, FEATURE_CHECKS, type FeatureOptions } from '../options.js';
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
  /** The number of features of a category's vector. Default 16, or the number of categories if less. */
  readonly width?: number;
}

/** The deviation of the initial vectors, so that categories differ from the start. */
const DEVIATION = 0.2;

/**
 * An encoder of categories, an embedding (Guo and Berkhahn 2016):
 *
 *   pooled = dropout(E[ids])    (batch, width)
 *
 * ids (batch) of i32 -> pooled (batch, width).
 */
export class CategoryEmbedding extends Encoder<CategoryInputs> {
  override readonly width: number;
  /** The vectors of the categories: E (categories, width). */
  readonly embedding: Embedding;
  /** Dropout of the categories' vectors. */
  readonly drop: Dropout;

  constructor(options: CategoryEmbeddingOptions) {
    super();
    const {
      categories,
      width = Math.min(categories, 16),
      dropout = 0,
      seed,
    } = checkOptions('CategoryEmbedding', options, { ...FEATURE_CHECKS, categories: positiveInteger });
    this.width = width;
    this.embedding = new Embedding({ vocabulary: categories, outputs: width, initializer: randomNormal(0, DEVIATION) });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: CategoryInputs): Features {
    const { ids } = expectInputs('CategoryEmbedding', inputs);
    expectIds('CategoryEmbedding', 'ids', ids, this.embedding.table.shape[0], ['batch']);
    return { pooled: this.drop.forward(this.embedding.forward(ids)) };
  }
}
