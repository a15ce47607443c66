import { constant, parameter } from '../../nn/index.js';
import { concat, crossEntropyRows, softplus, type Tensor, type Variable, zeros } from '../../tensor/index.js';
import { type Check, checkOptions } from '../../tensor/options.js';
import { expectIds, expectTensor } from '../options.js';
import { DenseHead, HEAD_CHECKS, type HeadOptions } from './dense-head.js';
import { Task, weightedMean } from './task.js';

/** Options of an `OrdinalTask`. */
export interface OrdinalTaskOptions extends HeadOptions {
  /** The number of classes, at least 3, in their order. */
  readonly classes: number;
}

const atLeast3: Check = {
  expected: 'an integer of 3 or above',
  fits: (value) => Number.isSafeInteger(value) && Number(value) >= 3,
};

/** softplus(x) = 1. */
const INVERSE_SOFTPLUS_OF_1 = Math.log(Math.E - 1);

/** The smallest difference of thresholds, below which f32 would not distinguish them. */
const SMALLEST_GAP = 1e-6;

/**
 * Ordinal regression, classes 0 < 1 < ... < K - 1 in an order, by cumulative logits (the proportional odds model;
 * McCullagh 1980): one score s, and thresholds θ that divide the line into classes,
 *
 *   s = head(g)                                              (batch, 1)
 *   c = [0, γ₁, γ₁ + γ₂, ...],   γ = softplus(gaps),   θ = c - mean c, so θ₀ < θ₁ < ... < θ_{K-2}
 *   outputs[r, k] = s[r] - θ_k = logit P(class > k)          (batch, K - 1)
 *   P(class = k) = P(class > k - 1) - P(class > k)           the prediction (batch, K)
 *   loss = -Σ_r weights[r]·log P(class = target[r]) / Σ_r weights[r]
 *
 * g (batch, inputs), target (batch) of i32 within 0 to K - 1, weights (batch).
 */
export class OrdinalTask extends Task {
  override readonly inputs: number;
  /** The number of classes. */
  readonly classes: number;
  /** The dense head: g -> s. */
  readonly head: DenseHead;
  /** The differences of adjacent thresholds before softplus: (classes - 2), at first such that γ = 1. */
  readonly gaps: Variable;

  constructor(options: OrdinalTaskOptions) {
    super();
    const { inputs, classes, seed } = checkOptions('OrdinalTask', options, { ...HEAD_CHECKS, classes: atLeast3 });
    this.inputs = inputs;
    this.classes = classes;
    this.head = new DenseHead('OrdinalTask', options, 1);
    this.gaps = parameter('gaps', [classes - 2], constant(INVERSE_SOFTPLUS_OF_1), undefined);
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(fused: Tensor): Tensor {
    const thresholds = concat([zeros([1]), softplus(this.gaps).cumsum()]);
    return this.head.forward(fused).sub(thresholds.sub(thresholds.mean()));
  }

  override loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor {
    const [batch] = expectTensor('OrdinalTask', 'outputs', outputs, 'f32', ['batch', this.classes - 1]).shape;
    expectIds('OrdinalTask', 'target', target, this.classes, [batch]);
    if (weights !== undefined) expectTensor('OrdinalTask', 'weights', weights, 'f32', [batch]);
    return weightedMean(crossEntropyRows(logProbabilities(outputs), target), weights);
  }

  override predict(outputs: Tensor): Tensor {
    expectTensor('OrdinalTask', 'outputs', outputs, 'f32', ['batch', this.classes - 1]);
    return logProbabilities(outputs).softmax();
  }
}

/**
 * The log probabilities of the classes from cumulative logits l, accurately also where both terms are near 0 or 1:
 *
 *   log(σ(a) - σ(b)) = log σ(a) + log σ(-b) + log(1 - e^(b - a)),   a = l[k - 1], b = l[k]
 *
 * with σ(a) = 1 for the first class and σ(b) = 0 for the last. l (batch, K - 1) -> (batch, K).
 */
function logProbabilities(l: Tensor): Tensor {
  const [batch, thresholds] = l.shape;
  const gap = l
    .slice([0, 0], [batch, thresholds - 1])
    .sub(l.slice([0, 1]))
    .maximum(SMALLEST_GAP);
  const within = gap.neg().expm1().neg().log();
  const side = (x: Tensor, before: number, after: number) =>
    x.pad([
      [0, 0],
      [before, after],
    ]);
  return side(within, 1, 1)
    .sub(side(softplus(l.neg()), 1, 0))
    .sub(side(softplus(l), 0, 1));
}
