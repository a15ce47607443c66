import { type Activation, concatenate, Dropout, Linear } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { anything, checkOptions } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions } from './fusion.js';

/** Options of a `ConcatenationFusion`. */
export interface ConcatenationFusionOptions extends FusionOptions {
  /** The activation. Default 'relu'. */
  readonly activation?: Activation;
}

/**
 * Fusion by concatenation:
 *
 *   g = dropout(activation([f1; ...; fn]·W + b))
 *
 * fi (batch, inputs[i]) -> g (batch, width). W (Σ inputs, width). An absent field takes part with its learned vector.
 */
export class ConcatenationFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** Fully connected layer: W, b. */
  readonly output: Linear;
  /** Dropout of the fused vector. */
  readonly drop: Dropout;

  constructor(options: ConcatenationFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      activation = 'relu',
      dropout = 0,
      seed,
    } = checkOptions('ConcatenationFusion', options, { ...FUSION_CHECKS, activation: anything });
    this.inputs = inputs;
    this.width = width;
    const total = inputs.reduce((sum, size) => sum + size, 0);
    this.output = new Linear({ inputs: total, outputs: width, activation });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('ConcatenationFusion', this.inputs, features, present);
    return this.drop.forward(this.output.forward(concatenate(...pooled)));
  }
}
