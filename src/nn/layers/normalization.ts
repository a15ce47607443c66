import {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  type Tensor,
  TesseraError,
  tensor,
  track,
  type Variable,
} from '../../tensor/index.js';
import { expectAxes } from '../../tensor/ops/checks.js';
import { boolean, checkOptions, closedFraction, nonNegative, optional, positiveInteger } from '../../tensor/options.js';
import { parameter } from '../initializers.js';
import { Layer } from '../module.js';

/** Options of normalization layers. */
export interface NormalizationOptions {
  /** The number of features: the size of the last axis of x. */
  readonly features: number;
  /** The term ε that is added to the variance. Default 1e-3 as in Keras; 1e-6 for `RMSNorm`. */
  readonly epsilon?: number;
}

const CHECKS = { features: positiveInteger, epsilon: optional(nonNegative) };

const scaleOf = (features: number): Variable => parameter('scale', [features], 'ones', undefined);
const shiftOf = (features: number): Variable => parameter('shift', [features], 'zeros', undefined);

/**
 * Layer normalization (Ba, Kiros and Hinton 2016) over the last axis:
 *
 *   y = γ ⊙ (x - mean x) / √(var x + ε) + β
 *
 * x (..., features) -> y (..., features). γ `scale` (features) starts with ones, β `shift` (features) with zeros.
 */
export class LayerNorm extends Layer {
  /** Scale: γ (features), initially ones. */
  readonly scale: Variable;
  /** Shift: β (features), initially zeros; undefined with `useBias: false`. */
  readonly shift: Variable | undefined;
  /** What is added in place of β where there is none: with a constant, no kernel has to fill it in each step. */
  readonly #zeros: Tensor;
  readonly #epsilon: number;

  constructor(options: NormalizationOptions & { /** Whether β is added. Default true. */ readonly useBias?: boolean }) {
    super();
    const {
      features,
      epsilon = 1e-3,
      useBias = true,
    } = checkOptions('LayerNorm', options, { ...CHECKS, useBias: optional(boolean) });
    this.scale = scaleOf(features);
    this.shift = useBias ? shiftOf(features) : undefined;
    this.#zeros = tensor(new Float32Array(features));
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    expectAxes('LayerNorm', 'x', x, 'f32', ['...', this.scale.size]);
    return layerNorm(x, { scale: this.scale, shift: this.shift ?? this.#zeros, epsilon: this.#epsilon });
  }
}

/**
 * Root mean square layer normalization (Zhang and Sennrich 2019) over the last axis:
 *
 *   y = γ ⊙ x / √(mean x² + ε)
 *
 * x (..., features) -> y (..., features). γ `scale` (features) starts with ones.
 */
export class RMSNorm extends Layer {
  /** Scale: γ (features), initially ones. */
  readonly scale: Variable;
  readonly #epsilon: number;

  constructor(options: NormalizationOptions) {
    super();
    const { features, epsilon = 1e-6 } = checkOptions('RMSNorm', options, CHECKS);
    this.scale = scaleOf(features);
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    expectAxes('RMSNorm', 'x', x, 'f32', ['...', this.scale.size]);
    return rmsNorm(x, { scale: this.scale, epsilon: this.#epsilon });
  }
}

/**
 * Group normalization (Wu and He 2018):
 *
 *   y = γ ⊙ (x - μ) / √(σ² + ε) + β
 *
 * where μ and σ² are mean and variance over the pixels and channels of a group of adjacent channels, for each sample
 * and group. x (batch, ..., features) -> y, the same shape. γ `scale` (features) starts with ones, β `shift` (features)
 * with zeros.
 */
export class GroupNorm extends Layer {
  /** Scale: γ (features), initially ones. */
  readonly scale: Variable;
  /** Shift: β (features), initially zeros. */
  readonly shift: Variable;
  /** The number of groups. */
  readonly groups: number;
  readonly #epsilon: number;

  /** @throws TesseraError if the number of groups does not divide the features. */
  constructor(options: NormalizationOptions & { /** The number of groups. Default 32. */ readonly groups?: number }) {
    super();
    const {
      features,
      groups = 32,
      epsilon = 1e-3,
    } = checkOptions('GroupNorm', options, { ...CHECKS, groups: optional(positiveInteger) });
    if (features % groups !== 0)
      throw new TesseraError(`GroupNorm: ${groups} groups do not divide ${features} features; give groups`);
    this.scale = scaleOf(features);
    this.shift = shiftOf(features);
    this.groups = groups;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    expectAxes('GroupNorm', 'x', x, 'f32', ['batch', '...', this.scale.size]);
    return groupNorm(x, this.groups, { scale: this.scale, shift: this.shift, epsilon: this.#epsilon });
  }
}

/**
 * Instance normalization (Ulyanov et al. 2016):
 *
 *   y = γ ⊙ (x - μ) / √(σ² + ε) + β
 *
 * where μ and σ² are mean and variance over the pixels, for each sample and channel. x (batch, ..., features) -> y, the
 * same shape. γ `scale` (features) starts with ones, β `shift` (features) with zeros.
 */
export class InstanceNorm extends Layer {
  /** Scale: γ (features), initially ones. */
  readonly scale: Variable;
  /** Shift: β (features), initially zeros. */
  readonly shift: Variable;
  readonly #epsilon: number;

  constructor(options: NormalizationOptions) {
    super();
    const { features, epsilon = 1e-3 } = checkOptions('InstanceNorm', options, CHECKS);
    this.scale = scaleOf(features);
    this.shift = shiftOf(features);
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    expectAxes('InstanceNorm', 'x', x, 'f32', ['batch', 'pixels', '...', this.scale.size]);
    return instanceNorm(x, { scale: this.scale, shift: this.shift, epsilon: this.#epsilon });
  }
}

/**
 * Batch normalization (Ioffe and Szegedy 2015) of each channel, the last axis:
 *
 *   y = γ ⊙ (x - μ) / √(σ² + ε) + β
 *
 * x (batch, ..., features) -> y, the same shape. In training, μ and σ² are mean and population variance of the channel
 * over the batch and its pixels, and an optimizer's step updates the running statistics with them:
 *
 *   running ← momentum · running + (1 - momentum) · batch
 *
 * A layer used several times in a step updates them as many times. At inference, μ and σ² are the running statistics.
 * γ `scale` (features) starts with ones, β `shift` (features) with zeros.
 *
 * With one value per channel the variance is 0 and y is β, as in Keras (PyTorch refuses it).
 */
export class BatchNorm extends Layer {
  /** Scale: γ (features), initially ones. */
  readonly scale: Variable;
  /** Shift: β (features), initially zeros. */
  readonly shift: Variable;
  /** Running mean (features), initially zeros; not trained. */
  readonly runningMean: Variable;
  /** Running variance (features), initially ones; not trained. */
  readonly runningVariance: Variable;
  readonly #momentum: number;
  readonly #epsilon: number;

  constructor(
    options: NormalizationOptions & {
      /** The fraction of the running statistics that each update keeps. Default 0.99. */
      readonly momentum?: number;
    },
  ) {
    super();
    const {
      features,
      momentum = 0.99,
      epsilon = 1e-3,
    } = checkOptions('BatchNorm', options, { ...CHECKS, momentum: optional(closedFraction) });
    this.scale = scaleOf(features);
    this.shift = shiftOf(features);
    this.runningMean = parameter('runningMean', [features], 'zeros', undefined);
    this.runningVariance = parameter('runningVariance', [features], 'ones', undefined);
    this.runningMean.trainable = false;
    this.runningVariance.trainable = false;
    this.#momentum = momentum;
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    expectAxes('BatchNorm', 'x', x, 'f32', ['batch', '...', this.scale.size]);
    const options = { scale: this.scale, shift: this.shift, epsilon: this.#epsilon };
    const { runningMean, runningVariance } = this;
    if (!this.training)
      return batchNorm(x, { ...options, statistics: { mean: runningMean, variance: runningVariance } }).y;
    const { y, mean, variance } = batchNorm(x, options);
    const momentum = this.#momentum;
    const next = (batch: Tensor) => (running: Tensor) => running.mul(momentum).add(batch.mul(1 - momentum));
    return track(y, [
      [runningMean, next(mean)],
      [runningVariance, next(variance)],
    ]);
  }
}
