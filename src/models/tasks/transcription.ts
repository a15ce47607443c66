import { ctcPerLabelRows } from '../../nn/row-losses.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions, positiveInteger } from '../../tensor/options.js';
import { expectIds, expectTensor } from '../options.js';
import { DenseHead, HEAD_CHECKS, type HeadOptions } from './dense-head.js';
import { Task, weightedMean } from './task.js';

/** Options of a `TranscriptionTask`. */
export interface TranscriptionTaskOptions extends HeadOptions {
  /** The number of symbols. */
  readonly symbols: number;
}

/**
 * Transcription: the symbols of each row in their order, of which it is not known when they occur (Graves et al. 2006):
 *
 *   logits[t] = head(g[t])                                     (batch, time, symbols + 1)
 *   loss = Σ_r weights[r]·ctc[r] / labels[r] / Σ_r weights[r]
 *   prediction = log softmax(logits)
 *
 * g (batch, time, inputs), target (batch, labels) of i32: symbols from 1 on, and 0 behind the last one; 0 is the blank
 * of the logits too. ctc[r] as in `ctcRows`; rows that have too few frames for their labels have a loss of 0. Decode
 * predictions with `ctcGreedy` or `ctcBeamSearch`.
 */
export class TranscriptionTask extends Task {
  override readonly inputs: number;
  /** The number of symbols. */
  readonly symbols: number;
  /** The dense head: g[t] -> logits[t]. */
  readonly head: DenseHead;

  constructor(options: TranscriptionTaskOptions) {
    super();
    const { inputs, symbols, seed } = checkOptions('TranscriptionTask', options, {
      ...HEAD_CHECKS,
      symbols: positiveInteger,
    });
    this.inputs = inputs;
    this.symbols = symbols;
    this.head = new DenseHead('TranscriptionTask', options, symbols + 1);
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(fused: Tensor): Tensor {
    const [batch, time] = expectTensor('TranscriptionTask', 'the fused vectors', fused, 'f32', [
      'batch',
      'time',
      this.inputs,
    ]).shape;
    return this.head.forward(fused.reshape([batch * time, this.inputs])).reshape([batch, time, this.symbols + 1]);
  }

  override loss(outputs: Tensor, target: Tensor, weights?: Tensor): Tensor {
    const [batch] = this.#expectOutputs(outputs).shape;
    expectIds('TranscriptionTask', 'target', target, this.symbols + 1, [batch, 'labels']);
    if (weights !== undefined) expectTensor('TranscriptionTask', 'weights', weights, 'f32', [batch]);
    const targetLengths = target.greater(0).cast('f32').sum(-1).cast('i32');
    const options = { targetLengths, zeroInfinity: true };
    const perLabel = ctcPerLabelRows('TranscriptionTask', outputs, target, options);
    return weightedMean(perLabel, weights);
  }

  override predict(outputs: Tensor): Tensor {
    return this.#expectOutputs(outputs).logSoftmax();
  }

  #expectOutputs(outputs: Tensor): Tensor {
    return expectTensor('TranscriptionTask', 'outputs', outputs, 'f32', ['batch', 'time', this.symbols + 1]);
  }
}
