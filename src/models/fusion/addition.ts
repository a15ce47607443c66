import { type Activation, Dropout, Linear } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { anything, checkOptions } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions } from './fusion.js';

/** Options of an `AdditionFusion`. */
export interface AdditionFusionOptions extends FusionOptions {
  /** The activation of each projection. Default 'relu'. */
  readonly activation?: Activation;
}

/**
 * Fusion by addition of projections to one width:
 *
 *   g = dropout(Σᵢ activation(fi·Wi + bi))
 *
 * fi (batch, inputs[i]) -> g (batch, width). Wi (inputs[i], width). An absent field takes part with its learned vector.
 */
export class AdditionFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** The projection of each field: Wi, bi. */
  readonly projections: readonly Linear[];
  /** Dropout of the fused vector. */
  readonly drop: Dropout;

  constructor(options: AdditionFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      activation = 'relu',
      dropout = 0,
      seed,
    } = checkOptions('AdditionFusion', options, { ...FUSION_CHECKS, activation: anything });
    this.inputs = inputs;
    this.width = width;
    this.projections = inputs.map((size) => new Linear({ inputs: size, outputs: width, activation }));
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('AdditionFusion', this.inputs, features, present);
    const projected = pooled.map((f, index) => this.projections[index].forward(f));
    return this.drop.forward(projected.reduce((sum, f) => sum.add(f)));
  }
}
