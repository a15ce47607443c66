import { activationOf } from '../../nn/activations.js';
import { type Activation, concatenate, Dropout, Linear } from '../../nn/index.js';
import { type Tensor, TesseraError } from '../../tensor/index.js';
import { anything, checkOptions, nonNegativeInteger, optional } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions } from './fusion.js';

/** Options of a `FiLMFusion`. */
export interface FiLMFusionOptions extends FusionOptions {
  /** The index of the field whose features the others modulate. Default 0. */
  readonly modulated?: number;
  /** The activation. Default 'relu'. */
  readonly activation?: Activation;
}

/**
 * Fusion by feature-wise linear modulation (Perez et al. 2018): the features of one field m are scaled and shifted by
 * what the others c = [fi, i ≠ m] say,
 *
 *   γ = 1 + c·W_γ + b_γ,   β = c·W_β + b_β                  (batch, width)
 *   g = dropout(activation(γ ⊙ (fm·W + b) + β))
 *
 * fi (batch, inputs[i]) -> g (batch, width). An absent field takes part with its learned vector.
 */
export class FiLMFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** The index of the field whose features the others modulate. */
  readonly modulated: number;
  /** Projection of the modulated field: W, b. */
  readonly projection: Linear;
  /** The change γ - 1 of the scale: W_γ, b_γ. */
  readonly scale: Linear;
  /** The shift β: W_β, b_β. */
  readonly shift: Linear;
  /** Dropout of the fused vector. */
  readonly drop: Dropout;
  readonly #activation: (x: Tensor) => Tensor;

  /** @throws TesseraError if there are fewer than two fields, or none has the index `modulated`. */
  constructor(options: FiLMFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      modulated = 0,
      activation = 'relu',
      dropout = 0,
      seed,
    } = checkOptions('FiLMFusion', options, {
      ...FUSION_CHECKS,
      modulated: optional(nonNegativeInteger),
      activation: anything,
    });
    if (inputs.length < 2) throw new TesseraError('FiLMFusion: expected at least two fields, got one');
    if (modulated >= inputs.length)
      throw new TesseraError(
        `FiLMFusion: modulated must be below the number of fields, ${inputs.length}, got ${modulated}`,
      );
    this.inputs = inputs;
    this.width = width;
    this.modulated = modulated;
    this.#activation = activationOf('FiLMFusion', activation);
    const others = inputs.reduce((sum, size) => sum + size, 0) - inputs[modulated];
    this.projection = new Linear({ inputs: inputs[modulated], outputs: width });
    this.scale = new Linear({ inputs: others, outputs: width });
    this.shift = new Linear({ inputs: others, outputs: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('FiLMFusion', this.inputs, features, present);
    const x = this.projection.forward(pooled[this.modulated]);
    const c = concatenate(...pooled.filter((_, index) => index !== this.modulated));
    const [gamma, beta] = [this.scale.forward(c).add(1), this.shift.forward(c)];
    return this.drop.forward(this.#activation(gamma.mul(x).add(beta)));
  }
}
