import { Dropout, Layer, Linear } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { type Checks, fraction, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';
import { expectTensor } from '../options.js';

/** Options of the head of a task. */
export interface HeadOptions {
  /** The size of the fused vector. */
  readonly inputs: number;
  /** The number of units of a hidden layer in front of the outputs. Default: there is none. */
  readonly hidden?: number;
  /** The rate of the dropout in front of the outputs. Default 0. */
  readonly dropout?: number;
  /** The seed of the initial values and of the dropout. Default: streams of their own; see `setSeed`. */
  readonly seed?: number;
}

/** Checks of `HeadOptions`. */
export const HEAD_CHECKS: Checks<HeadOptions> = {
  inputs: positiveInteger,
  hidden: optional(positiveInteger),
  dropout: optional(fraction),
  seed: optional(nonNegativeInteger),
};

/**
 * The dense head of a task, with or without a hidden layer:
 *
 *   y = dropout(relu(g·W₁ + b₁))·W₂ + b₂,   or   y = dropout(g)·W₂ + b₂
 *
 * g (batch, inputs) -> y (batch, outputs).
 */
export class DenseHead extends Layer {
  /** Hidden layer: W₁ (inputs, hidden), b₁ (hidden); undefined without one. */
  readonly hidden: Linear | undefined;
  /** Dropout in front of the outputs. */
  readonly drop: Dropout;
  /** Output layer: W₂, b₂ (outputs). */
  readonly output: Linear;
  readonly #task: string;
  readonly #inputs: number;

  /** `task` names the task in errors. */
  constructor(task: string, { inputs, hidden, dropout = 0 }: HeadOptions, outputs: number) {
    super();
    this.#task = task;
    this.#inputs = inputs;
    this.hidden = hidden === undefined ? undefined : new Linear({ inputs, outputs: hidden, activation: 'relu' });
    this.drop = new Dropout({ rate: dropout });
    this.output = new Linear({ inputs: hidden ?? inputs, outputs });
  }

  override forward(fused: Tensor): Tensor {
    expectTensor(this.#task, 'the fused vector', fused, 'f32', ['batch', this.#inputs]);
    return this.output.forward(this.drop.forward(this.hidden?.forward(fused) ?? fused));
  }
}
