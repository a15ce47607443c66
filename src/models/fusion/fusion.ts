import { Module } from '../../nn/index.js';
import { type Tensor, TesseraError } from '../../tensor/index.js';
import { type Checks, shown } from '../../tensor/options.js';
import type { Features } from '../encoders/encoder.js';
import { expectInputs, expectTensor, FEATURE_CHECKS, type FeatureOptions, sizes } from '../options.js';

/** Options that fusions share. */
export interface FusionOptions extends FeatureOptions {
  /** The size of the feature vectors of each field, in order. */
  readonly inputs: readonly number[];
}

/** Checks of `FusionOptions`. */
export const FUSION_CHECKS: Checks<FusionOptions> = { ...FEATURE_CHECKS, inputs: sizes };

/** A fusion g: the features of several fields -> one vector per row, or per token of a field. */
export abstract class Fusion extends Module {
  /** The sizes of the feature vectors that the fusion takes, one for each field. */
  abstract readonly inputs: readonly number[];
  /** The size of the fused vector. */
  abstract readonly width: number;
  /**
   * Fuses the features of a batch.
   * @param features those of each field, in order; where a field is absent, `pooled` holds the learned vector for that.
   * @param present (batch, fields): 1 where a row has the field, 0 where it is absent.
   * @returns (batch, width), or (batch, tokens, width)
   * @throws TesseraError if the features do not have the sizes of `inputs`.
   */
  abstract forward(features: readonly Features[], present: Tensor): Tensor;
}

/**
 * Checks the arguments of `forward` and returns the feature vectors.
 * @throws TesseraError if there are other than `inputs` features, or one has another type or shape.
 */
export function expectFeatures(
  where: string,
  inputs: readonly number[],
  features: readonly Features[],
  present: Tensor,
): Tensor[] {
  if (!Array.isArray(features) || features.length !== inputs.length)
    throw new TesseraError(
      `${where}: expected features of ${inputs.length} fields, got ${Array.isArray(features) ? features.length : shown(features)}`,
    );
  const [batch] = expectTensor(where, 'present', present, 'f32', ['batch', inputs.length]).shape;
  return inputs.map((width, index) => {
    const { pooled, tokens, mask } = expectInputs(`${where}: field ${index}`, features[index]);
    expectTensor(where, `pooled features of field ${index}`, pooled, 'f32', [batch, width]);
    if (tokens !== undefined) expectTensor(where, `tokens of field ${index}`, tokens, 'f32', [batch, 'tokens', width]);
    if (mask !== undefined)
      expectTensor(where, `mask of field ${index}`, mask, 'f32', [batch, tokens?.shape[1] ?? 'tokens']);
    return pooled;
  });
}

/**
 * The tokens of a field, or its feature vector as the only one; 1 in the mask for those of rows that have the field.
 */
export function tokensOf({ pooled, tokens, mask }: Features, present: Tensor): { tokens: Tensor; mask: Tensor } {
  if (tokens === undefined) return { tokens: pooled.expandDims(1), mask: present };
  return { tokens, mask: mask?.mul(present) ?? present.broadcastTo(tokens.shape.slice(0, 2)) };
}
