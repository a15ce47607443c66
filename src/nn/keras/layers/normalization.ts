import { checkOptions, closedFraction, nonNegative, optional, positiveInteger } from '../../../tensor/options.js';
import { BatchNorm, GroupNorm, LayerNorm, RMSNorm } from '../../layers/index.js';
import { featuresOf, layer, type SymbolicLayer } from '../symbols.js';

const EPSILON = { epsilon: optional(nonNegative) };
const keepsMask = { keepsMask: true };

interface NormalizationOptions {
  /** The term that is added to the variance. Default 1e-3; 1e-6 for `rmsNormalization`. */
  readonly epsilon?: number;
}

/**
 * Batch normalization of each channel, with the running statistics at inference; see `BatchNorm`. It passes the mask on
 * but does not apply it: padded steps count in the statistics.
 */
export function batchNormalization(
  options: NormalizationOptions & { readonly momentum?: number } = {},
): SymbolicLayer<BatchNorm> {
  const checks = { ...EPSILON, momentum: optional(closedFraction) };
  const { momentum = 0.99, epsilon = 1e-3 } = checkOptions('batchNormalization', options, checks);
  return layer('batchNormalization', (x) => new BatchNorm({ features: featuresOf(x), momentum, epsilon }), keepsMask);
}

/** Layer normalization of the last axis; see `LayerNorm`. */
export function layerNormalization(options: NormalizationOptions = {}): SymbolicLayer<LayerNorm> {
  const { epsilon = 1e-3 } = checkOptions('layerNormalization', options, EPSILON);
  return layer('layerNormalization', (x) => new LayerNorm({ features: featuresOf(x), epsilon }), keepsMask);
}

/** Root mean square normalization of the last axis; see `RMSNorm`. */
export function rmsNormalization(options: NormalizationOptions = {}): SymbolicLayer<RMSNorm> {
  const { epsilon = 1e-6 } = checkOptions('rmsNormalization', options, EPSILON);
  return layer('rmsNormalization', (x) => new RMSNorm({ features: featuresOf(x), epsilon }), keepsMask);
}

/** Group normalization of each sample; see `GroupNorm`. */
export function groupNormalization(
  options: NormalizationOptions & { readonly groups?: number } = {},
): SymbolicLayer<GroupNorm> {
  const checks = { ...EPSILON, groups: optional(positiveInteger) };
  const { groups = 32, epsilon = 1e-3 } = checkOptions('groupNormalization', options, checks);
  return layer('groupNormalization', (x) => new GroupNorm({ features: featuresOf(x), groups, epsilon }), keepsMask);
}
