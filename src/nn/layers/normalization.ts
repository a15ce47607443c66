import {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  type Tensor,
  track,
  type Variable,
} from '../../tensor/index.js';
import { defaultGenerator, parameter } from '../initializers.js';
import { Layer } from '../module.js';

/*
 * Normalisations with a learned scale (ones at first) and shift (zeros) of the last axis, epsilons as in Keras. The
 * formulas stand at the ops.
 */
const scaleOf = (features: number): Variable => parameter('scale', [features], 'ones', defaultGenerator());
const shiftOf = (features: number): Variable => parameter('shift', [features], 'zeros', defaultGenerator());

/** Over the last axis of each row: x (..., features). */
export class LayerNorm extends Layer {
  /** (features), ones at first. */
  readonly scale: Variable;
  /** (features), zeros at first. */
  readonly shift: Variable;

  constructor(
    features: number,
    /** Added to the variance. */
    readonly epsilon = 1e-3,
  ) {
    super();
    this.scale = scaleOf(features);
    this.shift = shiftOf(features);
  }

  override forward(x: Tensor): Tensor {
    const { scale, shift, epsilon } = this;
    return layerNorm(x, { scale, shift, epsilon });
  }
}

/** By the root mean square of each row, without a shift: x (..., features). */
export class RMSNorm extends Layer {
  /** (features), ones at first. */
  readonly scale: Variable;

  constructor(
    features: number,
    /** Added to the mean square. */
    readonly epsilon = 1e-6,
  ) {
    super();
    this.scale = scaleOf(features);
  }

  override forward(x: Tensor): Tensor {
    const { scale, epsilon } = this;
    return rmsNorm(x, { scale, epsilon });
  }
}

/** Over groups of channels of each sample: x (batch, ..., channels). */
export class GroupNorm extends Layer {
  /** (channels), ones at first. */
  readonly scale: Variable;
  /** (channels), zeros at first. */
  readonly shift: Variable;

  constructor(
    channels: number,
    /** How many there are. */
    readonly groups = 32,
    /** Added to the variance. */
    readonly epsilon = 1e-3,
  ) {
    super();
    this.scale = scaleOf(channels);
    this.shift = shiftOf(channels);
  }

  override forward(x: Tensor): Tensor {
    const { scale, shift, epsilon } = this;
    return groupNorm(x, this.groups, { scale, shift, epsilon });
  }
}

/** Over the pixels of each channel of each sample: x (batch, ..., channels). */
export class InstanceNorm extends Layer {
  /** (channels), ones at first. */
  readonly scale: Variable;
  /** (channels), zeros at first. */
  readonly shift: Variable;

  constructor(
    channels: number,
    /** Added to the variance. */
    readonly epsilon = 1e-3,
  ) {
    super();
    this.scale = scaleOf(channels);
    this.shift = shiftOf(channels);
  }

  override forward(x: Tensor): Tensor {
    const { scale, shift, epsilon } = this;
    return instanceNorm(x, { scale, shift, epsilon });
  }
}

/**
 * Over the batch and the pixels of each channel: x (batch, ..., channels). While training by the batch's own
 * statistics, of which it keeps running means, mean ← momentum · mean + (1 - momentum) · batch's; an optimizer's step
 * brings them up to date. In use by the running ones.
 */
export class BatchNorm extends Layer {
  /** (channels), ones at first. */
  readonly scale: Variable;
  /** (channels), zeros at first. */
  readonly shift: Variable;
  /** (channels), zeros at first; not trained. */
  readonly runningMean: Variable;
  /** (channels), ones at first; not trained. */
  readonly runningVariance: Variable;

  constructor(
    channels: number,
    /** How much of the running statistics is kept at each step. */
    readonly momentum = 0.99,
    /** Added to the variance. */
    readonly epsilon = 1e-3,
  ) {
    super();
    this.scale = scaleOf(channels);
    this.shift = shiftOf(channels);
    this.runningMean = parameter('runningMean', [channels], 'zeros', defaultGenerator());
    this.runningVariance = parameter('runningVariance', [channels], 'ones', defaultGenerator());
    this.runningMean.trainable = false;
    this.runningVariance.trainable = false;
  }

  override forward(x: Tensor): Tensor {
    const { scale, shift, epsilon, runningMean, runningVariance, momentum } = this;
    if (!this.training) {
      const statistics = { mean: runningMean, variance: runningVariance };
      return batchNorm(x, { scale, shift, epsilon, statistics }).y;
    }
    const { y, mean, variance } = batchNorm(x, { scale, shift, epsilon });
    const next = (own: Tensor) => (old: Tensor) => old.mul(momentum).add(own.mul(1 - momentum));
    return track(y, [
      [runningMean, next(mean)],
      [runningVariance, next(variance)],
    ]);
  }
}
