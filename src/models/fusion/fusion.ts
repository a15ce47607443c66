import { Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import type { Features } from '../encoders/encoder.js';

/** A fusion g: the features of several fields -> one vector per row. */
export abstract class Fusion extends Module {
  /** The size of the fused vector. */
  abstract readonly width: number;
  /**
   * Fuses the features of a batch.
   * @param features those of each field, in order; where a field is absent, `pooled` holds the learned vector for that.
   * @param present (batch, fields): 1 where a row has the field, 0 where it is absent.
   * @returns (batch, width)
   */
  abstract forward(features: readonly Features[], present: Tensor): Tensor;
}
