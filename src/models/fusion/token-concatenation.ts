import { type Activation, concatenate, Dropout, Linear } from '../../nn/index.js';
import { type Tensor, TesseraError } from '../../tensor/index.js';
import { anything, checkOptions, nonNegativeInteger, optional } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions, tokensOf } from './fusion.js';

/** Options of a `TokenConcatenationFusion`. */
export interface TokenConcatenationFusionOptions extends FusionOptions {
  /** The index of the field whose tokens are fused. Default 0. */
  readonly field?: number;
  /** The activation. Default 'relu'. */
  readonly activation?: Activation;
}

/**
 * Concatenation for tasks of one output per token, such as transcription: each token of a field x with the features of
 * the other fields,
 *
 *   g[t] = dropout(activation([x[t]; f1; ...; fn]·W + b))
 *
 * x (batch, tokens, inputs[field]), fi (batch, inputs[i]) -> g (batch, tokens, width). W (Σ inputs, width). Tokens that
 * are padding, or of an absent field, are 0; another absent field takes part with its learned vector.
 */
export class TokenConcatenationFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** Fully connected layer: W, b. */
  readonly output: Linear;
  /** Dropout of the fused vectors. */
  readonly drop: Dropout;
  readonly #field: number;

  /** @throws TesseraError if there is no such field. */
  constructor(options: TokenConcatenationFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      field = 0,
      activation = 'relu',
      dropout = 0,
      seed,
    } = checkOptions('TokenConcatenationFusion', options, {
      ...FUSION_CHECKS,
      field: optional(nonNegativeInteger),
      activation: anything,
    });
    if (field >= inputs.length)
      throw new TesseraError(
        `TokenConcatenationFusion: field ${field} is out of range: expected 0 to ${inputs.length - 1} (${inputs.length} fields)`,
      );
    this.inputs = inputs;
    this.width = width;
    this.#field = field;
    this.output = new Linear({ inputs: inputs.reduce((sum, size) => sum + size, 0), outputs: width, activation });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  /** @throws TesseraError if the features do not have the sizes of `inputs`, or the field has no tokens. */
  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('TokenConcatenationFusion', this.inputs, features, present);
    const own = features[this.#field];
    if (own.tokens === undefined)
      throw new TesseraError(`TokenConcatenationFusion: the features of field ${this.#field} have no tokens`);
    const { tokens, mask } = tokensOf(own, present.slice([0, this.#field], [present.shape[0], this.#field + 1]));
    const [batch, count] = tokens.shape;
    const perToken = pooled.map((x, index) =>
      index === this.#field
        ? tokens.mul(mask.expandDims(-1))
        : x.expandDims(1).broadcastTo([batch, count, this.inputs[index]]),
    );
    return this.drop.forward(this.output.forward(concatenate(...perToken)));
  }
}
