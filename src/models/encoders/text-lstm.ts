import { Dropout, LSTM } from '../../nn/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { Encoder, type Features, type TextInputs } from './encoder.js';
import { expectText, TEXT_CHECKS, type TextOptions } from './text.js';
import { WordEmbedding } from './word-embedding.js';

/** Options of a `TextLSTM`. */
export interface TextLSTMOptions extends TextOptions {
  /** The number of features of a word's vector. Default 128. */
  readonly embedding?: number;
}

/**
 * An encoder of texts: word embedding and long short-term memory (Hochreiter and Schmidhuber 1997),
 *
 *   e = dropout(E[tokens])               (batch, time, embedding)
 *   h = LSTM(e)                          (batch, time, width), padding leaves the state unchanged
 *   pooled = dropout(h[:, last word])    (batch, width)
 *
 * tokens (batch, time) of i32, mask (batch, time) -> pooled (batch, width), tokens h (batch, time, width).
 */
export class TextLSTM extends Encoder<TextInputs> {
  override readonly width: number;
  /** Word embedding: E (vocabulary, embedding). */
  readonly embedding: WordEmbedding;
  /** The recurrence over the words. */
  readonly lstm: LSTM;
  /** Dropout of the words' vectors and of the pooled features. */
  readonly drop: Dropout;

  constructor(options: TextLSTMOptions) {
    super();
    const {
      vocabulary,
      subwords,
      embedding = 128,
      width = 128,
      dropout = 0,
      seed,
    } = checkOptions('TextLSTM', options, { ...TEXT_CHECKS, embedding: optional(positiveInteger) });
    this.width = width;
    this.embedding = new WordEmbedding({ vocabulary, subwords, outputs: embedding });
    this.lstm = new LSTM({ inputs: embedding, outputs: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: TextInputs): Features {
    expectText('TextLSTM', inputs, this.embedding);
    const { mask } = inputs;
    const { sequence, last } = this.lstm.run(this.drop.forward(this.embedding.forward(inputs)), mask);
    return { pooled: this.drop.forward(last.hidden), tokens: sequence, mask };
  }
}
