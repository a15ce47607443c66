import type { Generator } from '../../../tensor/generator.js';
import type { Tensor } from '../../../tensor/index.js';
import { boolean, checkOptions, optional, positiveInteger } from '../../../tensor/options.js';
import { PARAMETER_CHECKS } from '../../initializers.js';
import { TRANSFORMER_CHECKS } from '../../layers/attention.js';
import {
  MultiHeadAttention,
  PositionalEmbedding,
  TransformerBlock,
  type TransformerBlockOptions,
} from '../../layers/index.js';
import { call, expectSymbols, featuresOf, layer, once, type SymbolicLayer, type SymbolicTensor } from '../symbols.js';

/** Converts a mask of steps (batch, time) to one of keys for attention, (batch, 1, 1, time) of bool. */
const byKey = (mask: Tensor | undefined): Tensor | undefined => mask?.notEqual(0).expandDims(1).expandDims(1);

/** Options of a `multiHeadAttention` by Keras's names. */
export interface MultiHeadAttentionLayerOptions {
  /** The number of heads, which must divide the features. */
  readonly numHeads: number;
  /** Whether the attention is causal: a step attends only to itself and earlier steps. Default false. */
  readonly causal?: boolean;
  /** The generator of the initial values. Default: see `Model`'s `seed`. */
  readonly generator?: Generator;
}

/**
 * Multi-head attention of a sequence to a context, or to itself; see `MultiHeadAttention`. Masked steps of the context
 * are not attended to.
 */
export function multiHeadAttention(
  options: MultiHeadAttentionLayerOptions,
): (x: SymbolicTensor, context?: SymbolicTensor) => SymbolicTensor {
  const { numHeads, causal, generator } = checkOptions('multiHeadAttention', options, {
    numHeads: positiveInteger,
    causal: optional(boolean),
    generator: PARAMETER_CHECKS.generator,
  });
  const moduleFor = once(
    'multiHeadAttention',
    (shape) => new MultiHeadAttention({ features: featuresOf(shape), heads: numHeads, generator }),
  );
  return (x, context = x) => {
    expectSymbols('multiHeadAttention', x, context);
    const module = moduleFor(x.shape);
    const masks = context.mask === undefined ? [] : [context.mask];
    const attend = (value: Tensor, other: Tensor, mask?: Tensor) =>
      module.forward(value, other, { causal, mask: byKey(mask) });
    return call('multiHeadAttention', [x, context, ...masks], attend, { module, mask: x.mask })[0];
  };
}

/**
 * A pre-norm transformer block: self-attention and a feed-forward network; see `TransformerBlock`. Masked steps are not
 * attended to.
 */
export function transformerBlock(
  options: Omit<TransformerBlockOptions, 'features' | 'heads'> & { readonly numHeads: number },
): (x: SymbolicTensor) => SymbolicTensor {
  const { numHeads, ...rest } = checkOptions('transformerBlock', options, {
    ...TRANSFORMER_CHECKS,
    numHeads: positiveInteger,
  });
  const moduleFor = once(
    'transformerBlock',
    (shape) => new TransformerBlock({ features: featuresOf(shape), heads: numHeads, ...rest }),
  );
  return (x) => {
    expectSymbols('transformerBlock', x);
    const module = moduleFor(x.shape);
    const masks = x.mask === undefined ? [] : [x.mask];
    const block = (value: Tensor, mask?: Tensor) => module.forward(value, byKey(mask));
    return call('transformerBlock', [x, ...masks], block, { module, mask: x.mask })[0];
  };
}

/** Adds a learned embedding of each position; see `PositionalEmbedding`. */
export function positionalEmbedding(
  options: { readonly generator?: Generator } = {},
): SymbolicLayer<PositionalEmbedding> {
  const { generator } = checkOptions('positionalEmbedding', options, { generator: PARAMETER_CHECKS.generator });
  return layer(
    'positionalEmbedding',
    ([length, features]) => new PositionalEmbedding({ length, features, generator }),
    { keepsMask: true },
  );
}
