import { Dropout, LayerNorm, Linear, MultiHeadAttention } from '../../nn/index.js';
import { concat, stack, type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectMultiple } from '../options.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions, tokensOf } from './fusion.js';

/** Options of a `CrossAttentionFusion`. */
export interface CrossAttentionFusionOptions extends FusionOptions {
  /** The number of heads of the attention, which divides the width. Default 4. */
  readonly heads?: number;
}

/**
 * Fusion by attention between fields: each field asks the tokens of the others (Lu et al. 2019; Tsai et al. 2019),
 *
 *   qi = fi·Wi + bi                                         (batch, width)
 *   tj = tokensj·Wj + bj                                    (batch, tokens, width)
 *   hi = norm(qi + attention(qi, [tj, j ≠ i]))              (batch, width), over tokens of fields that are present
 *   g = dropout(relu([h1; ...; hn]·W + b))
 *
 * fi (batch, inputs[i]), tokensi (batch, tokens, inputs[i]) -> g (batch, width). A field without tokens has its feature
 * vector as the only one. An absent field asks with its learned vector; one that has no other to ask keeps its qi.
 */
export class CrossAttentionFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** The projection of each field: Wi, bi. */
  readonly projections: readonly Linear[];
  /** The attention, the same for all fields. */
  readonly attention: MultiHeadAttention;
  /** Normalization of what each field knows after asking. */
  readonly norm: LayerNorm;
  /** Fully connected layer: W (fields · width, width), b (width). */
  readonly output: Linear;
  /** Dropout of the fused vector. */
  readonly drop: Dropout;

  /** @throws TesseraError if there are fewer than two fields, or the heads do not divide the width. */
  constructor(options: CrossAttentionFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      heads = 4,
      dropout = 0,
      seed,
    } = checkOptions('CrossAttentionFusion', options, { ...FUSION_CHECKS, heads: optional(positiveInteger) });
    if (inputs.length < 2) throw new TesseraError('CrossAttentionFusion: expected at least two fields, got one');
    expectMultiple('CrossAttentionFusion', 'width', width, 'heads', heads);
    this.inputs = inputs;
    this.width = width;
    this.projections = inputs.map((size) => new Linear({ inputs: size, outputs: width }));
    this.attention = new MultiHeadAttention({ features: width, heads });
    this.norm = new LayerNorm({ features: width });
    this.output = new Linear({ inputs: inputs.length * width, outputs: width, activation: 'relu' });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    const pooled = expectFeatures('CrossAttentionFusion', this.inputs, features, present);
    const queries = stack(
      pooled.map((f, index) => this.projections[index].forward(f)),
      1,
    );
    const columns = present.split(features.length, 1);
    const fields = features.map((field, index) => tokensOf(field, columns[index]));
    const tokens = concat(
      fields.map((field, index) => this.projections[index].forward(field.tokens)),
      1,
    );
    const mask = this.#maskOf(fields.map((field) => field.mask));
    const answers = this.attention.forward(queries, tokens, { mask });
    const known = this.norm.forward(queries.add(answers));
    return this.drop.forward(this.output.forward(known.reshape([present.shape[0], -1])));
  }

  /** True where a field (the rows) asks a token (the columns): (batch, 1, fields, tokens). */
  #maskOf(masks: readonly Tensor[]): Tensor {
    const owners = masks.flatMap(({ shape }, field) => Array.from({ length: shape[1] }, () => field));
    const ofOthers = tensor(masks.map((_, field) => owners.map((owner) => Number(owner !== field))));
    return concat(masks, 1).expandDims(1).mul(ofOthers).greater(0).expandDims(1);
  }
}
