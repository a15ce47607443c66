import { constant, Dropout, Linear, parameter } from '../../nn/index.js';
import type { Tensor, Variable } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions } from './fusion.js';

/** Options of a `LowRankFusion`. */
export interface LowRankFusionOptions extends FusionOptions {
  /** The rank of the tensor of weights. Default 4. */
  readonly rank?: number;
}

/**
 * Low-rank multimodal fusion (Liu et al. 2018): all products of features of different fields, by a tensor of weights
 * of low rank that is never built,
 *
 *   g = dropout(Σᵣ ⊙ᵢ [fi; 1]·Wi⁽ʳ⁾ + b)
 *
 * fi (batch, inputs[i]) -> g (batch, width). Wi⁽ʳ⁾ (inputs[i] + 1, width); its last row starts with ones and b with
 * -rank, so that g starts as the sum of the fields' projections and their products, however many fields there are. An
 * absent field takes part with its learned vector.
 */
export class LowRankFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** The rank of the tensor of weights. */
  readonly rank: number;
  /** The factors of each field, for all r: the kernel (inputs[i], rank · width), and the last rows as the bias. */
  readonly factors: readonly Linear[];
  /** Bias: b (width). */
  readonly bias: Variable;
  /** Dropout of the fused vector. */
  readonly drop: Dropout;

  constructor(options: LowRankFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      rank = 4,
      dropout = 0,
      seed,
    } = checkOptions('LowRankFusion', options, { ...FUSION_CHECKS, rank: optional(positiveInteger) });
    this.inputs = inputs;
    this.width = width;
    this.rank = rank;
    this.factors = inputs.map((size) => new Linear({ inputs: size, outputs: rank * width, biasInitializer: 'ones' }));
    this.bias = parameter('bias', [width], constant(-rank), undefined);
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('LowRankFusion', this.inputs, features, present);
    const product = pooled.map((f, index) => this.factors[index].forward(f)).reduce((y, factor) => y.mul(factor));
    const sum = product.reshape([present.shape[0], this.rank, this.width]).sum(1);
    return this.drop.forward(sum.add(this.bias));
  }
}
