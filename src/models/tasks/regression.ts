import { huberRows, squaredErrorRows } from '../../nn/row-losses.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions, finite, oneOf, optional, positive } from '../../tensor/options.js';
import { expectTensor } from '../options.js';
import { DenseHead, HEAD_CHECKS, type HeadOptions } from './dense-head.js';
import { Task, weightedMean } from './task.js';

/** Options of a `RegressionTask`. */
export interface RegressionTaskOptions extends HeadOptions {
  /** The mean of the target in its unit, which was subtracted to standardize it. Default 0. */
  readonly mean?: number;
  /** The standard deviation of the target in its unit, by which it was divided. Default 1. */
  readonly deviation?: number;
  /** The loss: 'huber', which outliers move less, or 'mse', the squared error. Default 'huber'. */
  readonly loss?: 'huber' | 'mse';
  /** The standardized error from which on the Huber loss is linear. Default 1. */
  readonly delta?: number;
}

/**
 * Regression of a standardized number, t = (number - mean) / deviation:
 *
 *   y = head(g)                                        (batch, 1)
 *   loss = Σ_r weights[r]·ℓ(y[r] - t[r]) / Σ_r weights[r]
 *   ℓ(d) = d²                                          'mse'
 *   ℓ(d) = d²/2 if |d| ≤ δ, else δ·(|d| - δ/2)         'huber' (Huber 1964)
 *   prediction = mean + deviation·y                    in the unit of the target
 *
 * g (batch, inputs), target t (batch, 1), weights (batch).
 */
export class RegressionTask extends Task {
  override readonly inputs: number;
  /** The dense head: g -> y. */
  readonly head: DenseHead;
  readonly #mean: number;
  readonly #deviation: number;
  readonly #rowLosses: (outputs: Tensor, target: Tensor) => Tensor;

  constructor(options: RegressionTaskOptions) {
    super();
    const {
      inputs,
      mean = 0,
      deviation = 1,
      loss = 'huber',
      delta = 1,
      seed,
    } = checkOptions('RegressionTask', options, {
      ...HEAD_CHECKS,
      mean: optional(finite),
      deviation: optional(positive),
      loss: optional(oneOf('huber', 'mse')),
      delta: optional(positive),
    });
    this.inputs = inputs;
    this.head = new DenseHead('RegressionTask', options, 1);
    this.#mean = mean;
    this.#deviation = deviation;
    this.#rowLosses = loss === 'mse' ? squaredErrorRows : (outputs, target) => huberRows(outputs, target, delta);
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(fused: Tensor): Tensor {
    return this.head.forward(fused);
  }

  override loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor {
    const [batch] = expectTensor('RegressionTask', 'outputs', outputs, 'f32', ['batch', 1]).shape;
    expectTensor('RegressionTask', 'target', target, 'f32', [batch, 1]);
    if (weights !== undefined) expectTensor('RegressionTask', 'weights', weights, 'f32', [batch]);
    return weightedMean(this.#rowLosses(outputs, target), weights);
  }

  override predict(outputs: Tensor): Tensor {
    expectTensor('RegressionTask', 'outputs', outputs, 'f32', ['batch', 1]);
    return outputs.mul(this.#deviation).add(this.#mean);
  }
}
