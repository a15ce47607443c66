import { checkOptions, closedFraction, nonNegative, optional, positiveInteger } from '../../../tensor/options.js';
import { BatchNorm, GroupNorm, LayerNorm, RMSNorm } from '../../layers/index.js';
import { layer, type SymbolicLayer } from '../symbols.js';

const featuresOf = (shape: readonly number[]) => ({ features: shape[shape.length - 1] });
const EPSILON = { epsilon: optional(nonNegative) };
const keepsMask = { keepsMask: true };

interface NormalizationOptions {
  /** Added to the variance. Default 1e-3; of `rmsNormalization` 1e-6. */
  readonly epsilon?: number;
}

/**
 * Normalises each channel over the batch; at inference by the running statistics. Padded steps count in the statistics:
 * it keeps the mask, but does not heed it.
 */
export function batchNormalization(
  options: NormalizationOptions & { readonly momentum?: number } = {},
): SymbolicLayer<BatchNorm> {
  const checks = { ...EPSILON, momentum: optional(closedFraction) };
  const { momentum = 0.99, epsilon = 1e-3 } = checkOptions('batchNormalization', options, checks);
  return layer('batchNormalization', (x) => new BatchNorm({ ...featuresOf(x), momentum, epsilon }), keepsMask);
}

/** Normalises the last axis. */
export function layerNormalization(options: NormalizationOptions = {}): SymbolicLayer<LayerNorm> {
  const { epsilon = 1e-3 } = checkOptions('layerNormalization', options, EPSILON);
  return layer('layerNormalization', (x) => new LayerNorm({ ...featuresOf(x), epsilon }), keepsMask);
}

/** Divides the last axis by its root mean square. */
export function rmsNormalization(options: NormalizationOptions = {}): SymbolicLayer<RMSNorm> {
  const { epsilon = 1e-6 } = checkOptions('rmsNormalization', options, EPSILON);
  return layer('rmsNormalization', (x) => new RMSNorm({ ...featuresOf(x), epsilon }), keepsMask);
}

/** Normalises groups of channels of each sample. */
export function groupNormalization(
  options: NormalizationOptions & { readonly groups?: number } = {},
): SymbolicLayer<GroupNorm> {
  const checks = { ...EPSILON, groups: optional(positiveInteger) };
  const { groups = 32, epsilon = 1e-3 } = checkOptions('groupNormalization', options, checks);
  return layer('groupNormalization', (x) => new GroupNorm({ ...featuresOf(x), groups, epsilon }), keepsMask);
}
