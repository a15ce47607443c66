import { Dropout } from '../../nn/index.js';
import { checkOptions } from '../../tensor/options.js';
import { Encoder, type Features, type TextInputs } from './encoder.js';
import { meanOfTokens } from './masked.js';
import { expectText, TEXT_CHECKS, type TextOptions } from './text.js';
import { WordEmbedding } from './word-embedding.js';

/**
 * A bag of words, an encoder of texts that knows no order (fastText; Joulin et al. 2017):
 *
 *   e = E[tokens]                               (batch, time, width)
 *   pooled = dropout(mean of e over the words)  (batch, width)
 *
 * With a linear head it is a linear model of the shares of the words. tokens (batch, time) of i32, mask (batch, time)
 * -> pooled (batch, width), tokens e (batch, time, width).
 */
export class TextBag extends Encoder<TextInputs> {
  override readonly width: number;
  /** Word embedding: E (vocabulary, width). */
  readonly embedding: WordEmbedding;
  /** Dropout of the pooled features. */
  readonly drop: Dropout;

  constructor(options: TextOptions) {
    super();
    const { vocabulary, subwords, width = 128, dropout = 0, seed } = checkOptions('TextBag', options, TEXT_CHECKS);
    this.width = width;
    this.embedding = new WordEmbedding({ vocabulary, subwords, outputs: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: TextInputs): Features {
    expectText('TextBag', inputs, this.embedding);
    const { mask } = inputs;
    const words = this.embedding.forward(inputs);
    return { pooled: this.drop.forward(meanOfTokens(words, mask)), tokens: words, mask };
  }
}
