import { concatenate, Dropout, Linear } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { expectInputs, expectTensor, FEATURE_CHECKS, type FeatureOptions } from '../options.js';
import { Encoder, type Features } from './encoder.js';

/** The inputs of a `ValuesMLP`. */
export type ValuesInputs = {
  /** Numbers, such as a standardized number, the parts of a date, or 1 for each tag: (batch, inputs) of f32. */
  readonly values: Tensor;
  /** 1 for rows that have values, 0 for those where they are absent: (batch) of f32. */
  readonly present: Tensor;
};

/** Options of a `ValuesMLP`. */
export interface ValuesMLPOptions extends FeatureOptions {
  /** The number of values of a row. */
  readonly inputs: number;
  /** The number of hidden units. Default: the width. */
  readonly hidden?: number;
}

/**
 * An encoder of numbers, for fields that are numbers, booleans, dates or tags: a perceptron with a hidden layer,
 *
 *   h = dropout(relu([values; present]·W₁ + b₁))    (batch, hidden)
 *   pooled = relu(h·W₂ + b₂)                        (batch, width)
 *
 * values (batch, inputs), present (batch) -> pooled (batch, width). W₁ (inputs + 1, hidden), W₂ (hidden, width).
 */
export class ValuesMLP extends Encoder<ValuesInputs> {
  override readonly width: number;
  /** The number of values of a row. */
  readonly inputs: number;
  /** Hidden layer: W₁, b₁. */
  readonly hidden: Linear;
  /** Dropout of the hidden units. */
  readonly drop: Dropout;
  /** Output layer: W₂, b₂. */
  readonly output: Linear;

  constructor(options: ValuesMLPOptions) {
    super();
    const {
      inputs,
      width = 64,
      hidden = width,
      dropout = 0,
      seed,
    } = checkOptions('ValuesMLP', options, {
      ...FEATURE_CHECKS,
      inputs: positiveInteger,
      hidden: optional(positiveInteger),
    });
    this.width = width;
    this.inputs = inputs;
    this.hidden = new Linear({
      inputs: inputs + 1,
      outputs: hidden,
      activation: 'relu',
      kernelInitializer: 'heNormal',
    });
    this.drop = new Dropout({ rate: dropout });
    this.output = new Linear({ inputs: hidden, outputs: width, activation: 'relu', kernelInitializer: 'heNormal' });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: ValuesInputs): Features {
    const { values, present } = expectInputs('ValuesMLP', inputs);
    const [batch] = expectTensor('ValuesMLP', 'values', values, 'f32', ['batch', this.inputs]).shape;
    expectTensor('ValuesMLP', 'present', present, 'f32', [batch]);
    const hidden = this.hidden.forward(concatenate(values, present.expandDims(1)));
    return { pooled: this.output.forward(this.drop.forward(hidden)) };
  }
}
