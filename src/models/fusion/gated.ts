import { concatenate, Dropout, Linear } from '../../nn/index.js';
import { stack, type Tensor } from '../../tensor/index.js';
import { checkOptions } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions } from './fusion.js';

/** What the gate of an absent field is before the softmax: so low that the gate is 0 unless all fields are absent. */
const CLOSED = -1e9;

/**
 * Fusion by gates, the gated multimodal unit (Arevalo et al. 2017) for any number of fields:
 *
 *   hi = tanh(fi·Wi + bi)                                   (batch, width)
 *   z = softmax over the fields of [f1; ...; fn]·Z + c      (batch, fields, width), over those that are present
 *   g = dropout(Σᵢ zi ⊙ hi)
 *
 * For two fields the gates are z and 1 - z with z = σ(...), as in the paper. In a row without any field the gates are
 * equal, and the learned vectors take part.
 *
 * fi (batch, inputs[i]) -> g (batch, width). Wi (inputs[i], width), Z (Σ inputs, fields · width).
 */
export class GatedFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** The projection of each field: Wi, bi. */
  readonly projections: readonly Linear[];
  /** The gates of all fields: Z, c. */
  readonly gates: Linear;
  /** Dropout of the fused vector. */
  readonly drop: Dropout;

  constructor(options: FusionOptions) {
    super();
    const { inputs, width = 128, dropout = 0, seed } = checkOptions('GatedFusion', options, FUSION_CHECKS);
    this.inputs = inputs;
    this.width = width;
    this.projections = inputs.map((size) => new Linear({ inputs: size, outputs: width, activation: 'tanh' }));
    const total = inputs.reduce((sum, size) => sum + size, 0);
    this.gates = new Linear({ inputs: total, outputs: inputs.length * width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('GatedFusion', this.inputs, features, present);
    const h = stack(
      pooled.map((f, index) => this.projections[index].forward(f)),
      1,
    );
    const gates = this.gates.forward(concatenate(...pooled)).reshape(h.shape);
    const z = present.expandDims(-1).greater(0).where(gates, CLOSED).softmax(1);
    return this.drop.forward(z.mul(h).sum(1));
  }
}
