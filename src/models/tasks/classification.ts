import { crossEntropyRows, type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { checkOptions, fraction, listOf, nonNegative, optional, positiveInteger } from '../../tensor/options.js';
import { expectIds, expectTensor } from '../options.js';
import { DenseHead, HEAD_CHECKS, type HeadOptions } from './dense-head.js';
import { Task, weightedMean } from './task.js';

/** Options of a `ClassificationTask`. */
export interface ClassificationTaskOptions extends HeadOptions {
  /** The number of classes. */
  readonly classes: number;
  /** The weight of each class, by which the rows of the class are weighted. Default: all weigh the same. */
  readonly classWeights?: readonly number[];
  /**
   * Label smoothing ε (Szegedy et al. 2016): the target distribution gives the label 1 - ε + ε/classes and every other
   * class ε/classes. Default 0.
   */
  readonly labelSmoothing?: number;
}

/**
 * Classification, one class per row:
 *
 *   logits = head(g)                                                  (batch, classes)
 *   loss = Σ_r v[r]·ℓ[r] / Σ_r v[r],   v[r] = weights[r]·classWeights[target[r]]
 *   ℓ[r] = -(1 - ε)·log p[r, target[r]] - ε/classes·Σ_k log p[r, k],   p = softmax(logits)
 *   prediction = p
 *
 * g (batch, inputs), target (batch) of i32 within 0 to classes - 1, weights (batch).
 */
export class ClassificationTask extends Task {
  override readonly inputs: number;
  /** The number of classes. */
  readonly classes: number;
  /** The dense head: g -> logits. */
  readonly head: DenseHead;
  readonly #classWeights: Tensor | undefined;
  readonly #labelSmoothing: number;

  /** @throws TesseraError if there are other than `classes` class weights. */
  constructor(options: ClassificationTaskOptions) {
    super();
    const { inputs, classes, classWeights, labelSmoothing, seed } = checkOptions('ClassificationTask', options, {
      ...HEAD_CHECKS,
      classes: positiveInteger,
      classWeights: optional(listOf(nonNegative)),
      labelSmoothing: optional(fraction),
    });
    if (classWeights !== undefined && classWeights.length !== classes)
      throw new TesseraError(
        `ClassificationTask: expected ${classes} classWeights, one for each class, got ${classWeights.length}`,
      );
    this.inputs = inputs;
    this.classes = classes;
    this.head = new DenseHead('ClassificationTask', options, classes);
    this.#classWeights = classWeights && tensor([...classWeights], [classes, 1]);
    this.#labelSmoothing = labelSmoothing ?? 0;
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(fused: Tensor): Tensor {
    return this.head.forward(fused);
  }

  override loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor {
    const [batch] = expectTensor('ClassificationTask', 'outputs', outputs, 'f32', ['batch', this.classes]).shape;
    expectIds('ClassificationTask', 'target', target, this.classes, [batch]);
    if (weights !== undefined) expectTensor('ClassificationTask', 'weights', weights, 'f32', [batch]);
    return weightedMean(this.#rowLosses(outputs, target), this.#rowWeights(target, weights));
  }

  #rowLosses(logits: Tensor, target: Tensor): Tensor {
    const rows = crossEntropyRows(logits, target);
    const smoothing = this.#labelSmoothing;
    return smoothing === 0 ? rows : rows.mul(1 - smoothing).sub(logits.logSoftmax().mean(-1).mul(smoothing));
  }

  #rowWeights(target: Tensor, weights: Tensor | undefined): Tensor | undefined {
    const byClass = this.#classWeights?.gather(target).squeeze(-1);
    return byClass === undefined || weights === undefined ? (byClass ?? weights) : byClass.mul(weights);
  }

  override predict(outputs: Tensor): Tensor {
    return expectTensor('ClassificationTask', 'outputs', outputs, 'f32', ['batch', this.classes]).softmax();
  }
}
