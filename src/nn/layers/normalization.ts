import {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  type Tensor,
  TesseraError,
  track,
  type Variable,
} from '../../tensor/index.js';
import { parameter } from '../initializers.js';
import { Layer } from '../module.js';
import { checkOptions, closedFraction, nonNegative, optional, positiveInteger } from '../options.js';

/** Options of a normalisation. */
export interface NormalizationOptions {
  /** The size of the last axis of x. */
  readonly features: number;
  /** ε, added to the variance; default 1e-3 as in Keras, 1e-6 for `RMSNorm`. */
  readonly epsilon?: number;
}

const CHECKS = { features: positiveInteger, epsilon: optional(nonNegative) };

const scaleOf = (features: number): Variable => parameter('scale', [features], 'ones', undefined);
const shiftOf = (features: number): Variable => parameter('shift', [features], 'zeros', undefined);

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016): of each row, the last axis,
 *
 *   y = γ ⊙ (x - mean x) / √(var x + ε) + β
 *
 * x (..., features) -> y (..., features). γ `scale` (features) starts with ones, β `shift` (features) with zeros.
 */
export class LayerNorm extends Layer {
  /** γ (features), ones at first. */
  readonly scale: Variable;
  /** β (features), zeros at first. */
  readonly shift: Variable;
  readonly #epsilon: number;

  constructor(options: NormalizationOptions) {
    super();
    const { features, epsilon = 1e-3 } = checkOptions('LayerNorm', options, CHECKS);
    this.scale = scaleOf(features);
    this.shift = shiftOf(features);
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, { scale: this.scale, shift: this.shift, epsilon: this.#epsilon });
  }
}

/**
 * Root mean square normalisation (Zhang and Sennrich 2019): of each row, the last axis,
 *
 *   y = γ ⊙ x / √(mean x² + ε)
 *
 * x (..., features) -> y (..., features). γ `scale` (features) starts with ones.
 */
export class RMSNorm extends Layer {
  /** γ (features), ones at first. */
  readonly scale: Variable;
  readonly #epsilon: number;

  constructor(options: NormalizationOptions) {
    super();
    const { features, epsilon = 1e-6 } = checkOptions('RMSNorm', options, CHECKS);
    this.scale = scaleOf(features);
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, { scale: this.scale, epsilon: this.#epsilon });
  }
}

/**
 * Group normalisation (Wu and He 2018): y = γ ⊙ (x - mean) / √(var + ε) + β with mean and variance over the pixels of
 * each group of neighbouring channels, for each sample.
 *
 * x (batch, ..., features) -> the same shape. γ `scale` and β `shift` (features) start with ones and zeros.
 */
export class GroupNorm extends Layer {
  /** γ (features), ones at first. */
  readonly scale: Variable;
  /** β (features), zeros at first. */
  readonly shift: Variable;
  /** How many groups there are. */
  readonly groups: number;
  readonly #epsilon: number;

  /** @throws TesseraError if the groups, 32 by default, do not divide the features. */
  constructor(options: NormalizationOptions & { readonly groups?: number }) {
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
    return groupNorm(x, this.groups, { scale: this.scale, shift: this.shift, epsilon: this.#epsilon });
  }
}

/**
 * Instance normalisation (Ulyanov et al. 2016): y = γ ⊙ (x - mean) / √(var + ε) + β with mean and variance over the
 * pixels of each channel, for each sample.
 *
 * x (batch, ..., features) -> the same shape. γ `scale` and β `shift` (features) start with ones and zeros.
 */
export class InstanceNorm extends Layer {
  /** γ (features), ones at first. */
  readonly scale: Variable;
  /** β (features), zeros at first. */
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
    return instanceNorm(x, { scale: this.scale, shift: this.shift, epsilon: this.#epsilon });
  }
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015): of each channel, the last axis,
 *
 *   y = γ ⊙ (x - μ) / √(σ² + ε) + β
 *
 * x (batch, ..., features) -> the same shape. While training, μ and σ² are the mean and the population variance of the
 * channel over the batch and its pixels, and an optimizer's step updates the running statistics by them:
 *
 *   running ← momentum · running + (1 - momentum) · batch's
 *
 * A layer used several times in a step updates them as often. At inference μ and σ² are the running statistics. γ
 * `scale` and β `shift` (features) start with ones and zeros.
 *
 * One value per channel has no variance: as in Keras, y is then β and the variance counts as 0 (PyTorch refuses it).
 */
export class BatchNorm extends Layer {
  /** γ (features), ones at first. */
  readonly scale: Variable;
  /** β (features), zeros at first. */
  readonly shift: Variable;
  /** (features), zeros at first; not trained. */
  readonly runningMean: Variable;
  /** (features), ones at first; not trained. */
  readonly runningVariance: Variable;
  readonly #momentum: number;
  readonly #epsilon: number;

  /** `momentum` is the share of the running statistics that each update keeps; default 0.99. */
  constructor(options: NormalizationOptions & { readonly momentum?: number }) {
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
    const options = { scale: this.scale, shift: this.shift, epsilon: this.#epsilon };
    const { runningMean, runningVariance } = this;
    if (!this.training)
      return batchNorm(x, { ...options, statistics: { mean: runningMean, variance: runningVariance } }).y;
    const { y, mean, variance } = batchNorm(x, options);
    const momentum = this.#momentum;
    const next = (own: Tensor) => (old: Tensor) => old.mul(momentum).add(own.mul(1 - momentum));
    return track(y, [
      [runningMean, next(mean)],
      [runningVariance, next(variance)],
    ]);
  }
}
