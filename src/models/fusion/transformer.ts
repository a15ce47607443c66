import { Dropout, LayerNorm, Linear, parameter, TransformerBlock } from '../../nn/index.js';
import { concat, ones, type Tensor, type Variable } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectMultiple } from '../options.js';
import { expectFeatures, FUSION_CHECKS, Fusion, type FusionOptions, tokensOf } from './fusion.js';

/** Options of a `TransformerFusion`. */
export interface TransformerFusionOptions extends FusionOptions {
  /** The number of transformer blocks. Default 2. */
  readonly depth?: number;
  /** The number of heads of the attention, which divides the width. Default 4. */
  readonly heads?: number;
}

/**
 * Fusion by a transformer over the tokens of all fields (as in ViLT, Kim, Son and Kim 2021):
 *
 *   xi = [fi; tokensi]·Wi + bi              (batch, 1 + tokens, width), bi is the embedding of field i
 *   x₀ = [class; x1; ...; xn]               (batch, 1 + Σ (1 + tokens), width)
 *   xₗ = blockₗ(xₗ₋₁)                       attention leaves out padding and the tokens of absent fields
 *   g = dropout(norm(x_depth)[:, 0])        (batch, width)
 *
 * fi (batch, inputs[i]), tokensi (batch, tokens, inputs[i]) -> g (batch, width). An absent field takes part with its
 * learned vector fi. `class` (width) is learned.
 */
export class TransformerFusion extends Fusion {
  override readonly inputs: readonly number[];
  override readonly width: number;
  /** The projection of each field: Wi, bi. */
  readonly projections: readonly Linear[];
  /** The class token: (1, 1, width). */
  readonly classToken: Variable;
  /** The transformer blocks. */
  readonly blocks: readonly TransformerBlock[];
  /** Normalization of the last block's result. */
  readonly norm: LayerNorm;
  /** Dropout of the fused vector. */
  readonly drop: Dropout;

  /** @throws TesseraError if the heads do not divide the width. */
  constructor(options: TransformerFusionOptions) {
    super();
    const {
      inputs,
      width = 128,
      depth = 2,
      heads = 4,
      dropout = 0,
      seed,
    } = checkOptions('TransformerFusion', options, {
      ...FUSION_CHECKS,
      depth: optional(positiveInteger),
      heads: optional(positiveInteger),
    });
    expectMultiple('TransformerFusion', 'width', width, 'heads', heads);
    this.inputs = inputs;
    this.width = width;
    this.projections = inputs.map(
      (size) => new Linear({ inputs: size, outputs: width, biasInitializer: 'randomUniform' }),
    );
    this.classToken = parameter('classToken', [1, 1, width], 'randomUniform', undefined);
    this.blocks = Array.from({ length: depth }, () => new TransformerBlock({ features: width, heads, dropout }));
    this.norm = new LayerNorm({ features: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(features: readonly Features[], present: Tensor): Tensor {
    expectFeatures('TransformerFusion', this.inputs, features, present);
    const [batch] = present.shape;
    const one = ones([batch, 1]);
    const columns = present.split(features.length, 1);
    const fields = features.map((field, index) => withPooled(field, columns[index], one));
    const projected = fields.map(({ tokens }, index) => this.projections[index].forward(tokens));
    const x = concat([this.classToken.broadcastTo([batch, 1, this.width]), ...projected], 1);
    const mask = concat([one, ...fields.map((field) => field.mask)], 1);
    const attended = mask.greater(0).reshape([batch, 1, 1, -1]);
    const y = this.norm.forward(this.blocks.reduce((value, block) => block.forward(value, attended), x));
    return this.drop.forward(y.slice([0, 0], [batch, 1]).squeeze(1));
  }
}

/** The feature vector of a field in front of its tokens, with their mask. */
function withPooled(field: Features, present: Tensor, one: Tensor): { tokens: Tensor; mask: Tensor } {
  const first = field.pooled.expandDims(1);
  if (field.tokens === undefined) return { tokens: first, mask: one };
  const { tokens, mask } = tokensOf(field, present);
  return { tokens: concat([first, tokens], 1), mask: concat([one, mask], 1) };
}
