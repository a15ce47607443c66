import { Dropout, LSTM } from '../../nn/index.js';
import { checkOptions } from '../../tensor/options.js';
import { Encoder, type Features } from './encoder.js';
import { EventEmbedding, SEQUENCE_CHECKS, type SequenceInputs, type SequenceOptions } from './event-embedding.js';

/**
 * An encoder of sequences of events: a long short-term memory (Hochreiter and Schmidhuber 1997) over vectors of the
 * events, which hold the times between them as in Choi et al. 2016 (Doctor AI),
 *
 *   e = dropout(relu([gaps; values; known; E[ids]]·W + b))    (batch, time, width)
 *   h = LSTM(e)                                               (batch, time, width), padding leaves the state unchanged
 *   pooled = dropout(h[:, last event])                        (batch, width)
 *
 * values, known (batch, time, numbers), gaps (batch, time, 2), ids (batch, time, categories) of i32, mask (batch, time)
 * -> pooled (batch, width), tokens h (batch, time, width).
 */
export class SequenceLSTM extends Encoder<SequenceInputs> {
  override readonly width: number;
  /** The vectors of events: E, W, b. */
  readonly embedding: EventEmbedding;
  /** The recurrence over the events. */
  readonly lstm: LSTM;
  /** Dropout of the events' vectors and of the pooled features. */
  readonly drop: Dropout;

  constructor(options: SequenceOptions) {
    super();
    const { width = 128, dropout = 0, seed, ...events } = checkOptions('SequenceLSTM', options, SEQUENCE_CHECKS);
    this.width = width;
    this.embedding = new EventEmbedding({ ...events, outputs: width });
    this.lstm = new LSTM({ inputs: width, outputs: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SequenceInputs): Features {
    const e = this.drop.forward(this.embedding.forward('SequenceLSTM', inputs));
    const { mask } = inputs;
    const { sequence, last } = this.lstm.run(e, mask);
    return { pooled: this.drop.forward(last.hidden), tokens: sequence, mask };
  }
}
