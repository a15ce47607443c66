import type { Generator } from '../../../tensor/generator.js';
import type { Tensor } from '../../../tensor/index.js';
import {
  anything,
  boolean,
  checkOptions,
  fraction,
  nonNegativeInteger,
  optional,
  positiveInteger,
} from '../../../tensor/options.js';
import {
  MultiHeadAttention,
  PositionalEmbedding,
  TransformerBlock,
  type TransformerBlockOptions,
} from '../../layers/index.js';
import { call, layer, once, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

/** A mask of steps (batch, time) as attention takes it: (batch, 1, 1, time), true where a key may be attended to. */
const byKey = (mask: Tensor | undefined): Tensor | undefined => mask?.notEqual(0).expandDims(1).expandDims(1);

/** Options of a `multiHeadAttention` by Keras's names. */
export interface MultiHeadAttentionLayerOptions {
  /** How many heads share the features. */
  readonly numHeads: number;
  /** Whether a step attends to no later one. Default false. */
  readonly causal?: boolean;
  /** Draws the initial values. */
  readonly generator?: Generator;
}

/** Attention of a sequence to itself, or to a context, in several heads. Padded steps of the context are left out. */
export function multiHeadAttention(
  options: MultiHeadAttentionLayerOptions,
): (x: SymbolicTensor, context?: SymbolicTensor) => SymbolicTensor {
  const { numHeads, causal, generator } = checkOptions('multiHeadAttention', options, {
    numHeads: positiveInteger,
    causal: optional(boolean),
    generator: anything,
  });
  const moduleFor = once(
    (shape) => new MultiHeadAttention({ features: shape[shape.length - 1], heads: numHeads, generator }),
  );
  return (x, context = x) => {
    const module = moduleFor(x.shape);
    const masks = context.mask === undefined ? [] : [context.mask];
    const attend = (value: Tensor, other: Tensor, mask?: Tensor) =>
      module.forward(value, other, { causal, mask: byKey(mask) });
    return call('multiHeadAttention', [x, context, ...masks], attend, { module, mask: x.mask })[0];
  };
}

/** A block of a transformer: attention, then two dense layers, each normalised before and added. */
export function transformerBlock(
  options: Omit<TransformerBlockOptions, 'features' | 'heads'> & { readonly numHeads: number },
): (x: SymbolicTensor) => SymbolicTensor {
  const { numHeads, ...rest } = checkOptions('transformerBlock', options, {
    numHeads: positiveInteger,
    hidden: optional(positiveInteger),
    activation: anything,
    dropout: optional(fraction),
    causal: optional(boolean),
    generator: anything,
    seed: optional(nonNegativeInteger),
  });
  const moduleFor = once(
    (shape) => new TransformerBlock({ features: shape[shape.length - 1], heads: numHeads, ...rest }),
  );
  return (x) => {
    const module = moduleFor(x.shape);
    const masks = x.mask === undefined ? [] : [x.mask];
    const block = (value: Tensor, mask?: Tensor) => module.forward(value, byKey(mask));
    return call('transformerBlock', [x, ...masks], block, { module, mask: x.mask })[0];
  };
}

/** Adds a learned vector for each position. */
export function positionalEmbedding(
  options: { readonly generator?: Generator } = {},
): SymbolicLayer<PositionalEmbedding> {
  const { generator } = checkOptions('positionalEmbedding', options, { generator: anything });
  return layer(
    'positionalEmbedding',
    ([length, features]) => new PositionalEmbedding({ length, features, generator }),
    { keepsMask: true },
  );
}
