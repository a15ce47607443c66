import { Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';

/** What an encoder makes of a field, and all that the models behind it know of the field. */
export interface Features {
  /** One vector per row: (batch, width). */
  readonly pooled: Tensor;
  /** A sequence of vectors per row, where the encoder has one: (batch, tokens, width). */
  readonly tokens?: Tensor;
  /** 1 for the tokens that count, 0 for padding: (batch, tokens). Without it all count. */
  readonly mask?: Tensor;
}

/** An encoder f: the tensors of a field -> features. */
export abstract class Encoder<Inputs> extends Module {
  /** The size of the feature vectors. */
  abstract readonly width: number;
  /** Computes the features of a batch. */
  abstract forward(inputs: Inputs): Features;
}
