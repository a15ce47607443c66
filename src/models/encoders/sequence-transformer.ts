import { Dropout, LayerNorm, sinusoidalPositions, TransformerBlock } from '../../nn/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { expectMultiple } from '../options.js';
import { Encoder, type Features } from './encoder.js';
import { EventEmbedding, SEQUENCE_CHECKS, type SequenceInputs, type SequenceOptions } from './event-embedding.js';
import { meanOfTokens } from './masked.js';

/** Options of a `SequenceTransformer`. */
export interface SequenceTransformerOptions extends SequenceOptions {
  /** The number of transformer blocks. Default 2. */
  readonly depth?: number;
  /** The number of heads of the attention, which divides the width. Default 4. */
  readonly heads?: number;
}

/**
 * An encoder of sequences of events: a transformer (Vaswani et al. 2017, with pre-norm blocks) over vectors of the
 * events, which hold the times between them,
 *
 *   x₀ = dropout(relu([gaps; values; known; E[ids]]·W + b) + P)    (batch, time, width)
 *   xₗ = blockₗ(xₗ₋₁)                                              events attend to events, not to padding
 *   y = norm(x_depth)                                              (batch, time, width)
 *   pooled = mean of y over the events                             (batch, width)
 *
 * with sinusoidal positions P. values, known (batch, time, numbers), gaps (batch, time, 2), ids (batch, time,
 * categories) of i32, mask (batch, time) -> pooled (batch, width), tokens y (batch, time, width).
 */
export class SequenceTransformer extends Encoder<SequenceInputs> {
  override readonly width: number;
  /** The vectors of events: E, W, b. */
  readonly embedding: EventEmbedding;
  /** The transformer blocks. */
  readonly blocks: readonly TransformerBlock[];
  /** Normalization of the last block's result. */
  readonly norm: LayerNorm;
  /** Dropout of the events' vectors. */
  readonly drop: Dropout;

  /** @throws TesseraError if the heads do not divide the width, or the width is odd. */
  constructor(options: SequenceTransformerOptions) {
    super();
    const {
      width = 128,
      depth = 2,
      heads = 4,
      dropout = 0,
      seed,
      ...events
    } = checkOptions('SequenceTransformer', options, {
      ...SEQUENCE_CHECKS,
      depth: optional(positiveInteger),
      heads: optional(positiveInteger),
    });
    expectMultiple('SequenceTransformer', 'width', width, 'heads', heads);
    expectMultiple('SequenceTransformer', 'width', width, 'the parts of positions', 2);
    this.width = width;
    this.embedding = new EventEmbedding({ ...events, outputs: width });
    this.blocks = Array.from({ length: depth }, () => new TransformerBlock({ features: width, heads, dropout }));
    this.norm = new LayerNorm({ features: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SequenceInputs): Features {
    const e = this.embedding.forward('SequenceTransformer', inputs);
    const { mask } = inputs;
    const x = this.drop.forward(e.add(sinusoidalPositions(e.shape[1], this.width)));
    const attended = mask?.greater(0).reshape([mask.shape[0], 1, 1, mask.shape[1]]);
    const y = this.norm.forward(this.blocks.reduce((x, block) => block.forward(x, attended), x));
    return { pooled: meanOfTokens(y, mask), tokens: y, mask };
  }
}
