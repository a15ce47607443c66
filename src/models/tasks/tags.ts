import { binaryCrossEntropyRows } from '../../nn/row-losses.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions, positiveInteger } from '../../tensor/options.js';
import { expectTensor } from '../options.js';
import { DenseHead, HEAD_CHECKS, type HeadOptions } from './dense-head.js';
import { Task, weightedMean } from './task.js';

/** Options of a `TagsTask`. */
export interface TagsTaskOptions extends HeadOptions {
  /** The number of tags. */
  readonly tags: number;
}

/**
 * Classification with several labels at once: each tag is there or not, whatever the others are,
 *
 *   logits = head(g)                                                 (batch, tags)
 *   loss = Σ_r weights[r]·ℓ[r] / Σ_r weights[r]
 *   ℓ[r] = mean over k of -t[r, k]·log p[r, k] - (1 - t[r, k])·log(1 - p[r, k]),   p = σ(logits)
 *   prediction = p
 *
 * g (batch, inputs), target t (batch, tags) of f32 with 1 for each tag of a row and 0 for others, weights (batch).
 */
export class TagsTask extends Task {
  override readonly inputs: number;
  /** The number of tags. */
  readonly tags: number;
  /** The dense head: g -> logits. */
  readonly head: DenseHead;

  constructor(options: TagsTaskOptions) {
    super();
    const { inputs, tags, seed } = checkOptions('TagsTask', options, { ...HEAD_CHECKS, tags: positiveInteger });
    this.inputs = inputs;
    this.tags = tags;
    this.head = new DenseHead('TagsTask', options, tags);
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(fused: Tensor): Tensor {
    return this.head.forward(fused);
  }

  override loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor {
    const { shape } = expectTensor('TagsTask', 'outputs', outputs, 'f32', ['batch', this.tags]);
    expectTensor('TagsTask', 'target', target, 'f32', shape);
    if (weights !== undefined) expectTensor('TagsTask', 'weights', weights, 'f32', [shape[0]]);
    return weightedMean(binaryCrossEntropyRows(outputs, target, { fromLogits: true }), weights);
  }

  override predict(outputs: Tensor): Tensor {
    return expectTensor('TagsTask', 'outputs', outputs, 'f32', ['batch', this.tags]).sigmoid();
  }
}
