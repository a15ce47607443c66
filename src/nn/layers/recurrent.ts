import type { Generator } from '../../tensor/generator.js';
import { sameShape } from '../../tensor/graph/shape.js';
import { concat, gru, type LstmState, lstm, type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { expectAxes, expectTensor, within } from '../../tensor/ops/checks.js';
import { boolean, type Check, checkOptions, oneOf, optional, positiveInteger } from '../../tensor/options.js';
import { type Initializer, PARAMETER_CHECKS, parameter } from '../initializers.js';
import { Layer, Module } from '../module.js';
import { expectLayer } from './core.js';

/** Options of an `LSTM` or a `GRU`. */
export interface RecurrentOptions {
  /** The number of features of x. */
  readonly inputs: number;
  /** The number of features of the hidden state. */
  readonly outputs: number;
  /** The generator of the initial values. Default: a stream of its own; see `setSeed`. */
  readonly generator?: Generator;
}

const CHECKS = { inputs: positiveInteger, outputs: positiveInteger, generator: PARAMETER_CHECKS.generator };

/**
 * A long short-term memory (Hochreiter and Schmidhuber 1997). At each step t, where ⊙ is the elementwise product,
 *
 *   i = σ(x[t]·W_i + h·U_i + b_i)         input gate
 *   f = σ(x[t]·W_f + h·U_f + b_f)         forget gate
 *   g = tanh(x[t]·W_g + h·U_g + b_g)      candidate
 *   o = σ(x[t]·W_o + h·U_o + b_o)         output gate
 *   c ← f ⊙ c + i ⊙ g
 *   h ← o ⊙ tanh c
 *
 * x (batch, time, inputs) -> the last h (batch, outputs). Steps whose mask (batch, time) is 0 leave the state
 * unchanged.
 *
 * W = [W_i W_f W_g W_o] is `kernel` (inputs, 4 · outputs), Glorot uniform at first; U = [U_i U_f U_g U_o] is
 * `recurrentKernel` (outputs, 4 · outputs), orthogonal; b is `bias` (4 · outputs), zeros with ones for the forget gate
 * (Jozefowicz, Zaremba and Sutskever 2015), as in Keras.
 */
export class LSTM extends Module {
  /** Input kernel: W (inputs, 4 · outputs). */
  readonly kernel: Variable;
  /** Recurrent kernel: U (outputs, 4 · outputs). */
  readonly recurrentKernel: Variable;
  /** Bias: b (4 · outputs). */
  readonly bias: Variable;

  constructor(options: RecurrentOptions) {
    super();
    const { inputs, outputs, generator } = checkOptions('LSTM', options, CHECKS);
    this.kernel = parameter('kernel', [inputs, 4 * outputs], 'glorotUniform', generator);
    this.recurrentKernel = parameter('recurrentKernel', [outputs, 4 * outputs], 'orthogonal', generator);
    const forgetOnes: Initializer = () => new Float32Array(4 * outputs).fill(1, outputs, 2 * outputs);
    this.bias = parameter('bias', [4 * outputs], forgetOnes, generator);
  }

  /** Runs over the sequence and returns the last hidden state (batch, outputs). */
  forward(x: Tensor, mask?: Tensor, initial?: LstmState): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /** Runs over the sequence and returns all hidden states (batch, time, outputs) and the last state. */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): Recurrence {
    expectAxes('LSTM', 'x', x, 'f32', ['batch', 'time', this.kernel.shape[0]]);
    return within('LSTM', () =>
      lstm(this.operand(x), this.operand(this.kernel), this.recurrentKernel, this.bias, { mask, initial }),
    );
  }
}

/**
 * A gated recurrent unit (Cho et al. 2014). At each step t, where ⊙ is the elementwise product,
 *
 *   z = σ(x[t]·W_z + b_z + h·U_z + c_z)                 update gate
 *   r = σ(x[t]·W_r + b_r + h·U_r + c_r)                 reset gate
 *   n = tanh(x[t]·W_n + b_n + r ⊙ (h·U_n + c_n))        candidate, with `resetAfter` (the default)
 *   n = tanh(x[t]·W_n + b_n + (r ⊙ h)·U_n + c_n)        candidate, without
 *   h ← z ⊙ h + (1 - z) ⊙ n
 *
 * x (batch, time, inputs) -> the last h (batch, outputs). Steps whose mask (batch, time) is 0 leave the state
 * unchanged.
 *
 * W = [W_z W_r W_n] is `kernel` (inputs, 3 · outputs), Glorot uniform at first; U = [U_z U_r U_n] is `recurrentKernel`
 * (outputs, 3 · outputs), orthogonal; b is `bias` (3 · outputs) and c is `recurrentBias` (3 · outputs), zeros, as in
 * Keras.
 */
export class GRU extends Module {
  /** Input kernel: W (inputs, 3 · outputs). */
  readonly kernel: Variable;
  /** Recurrent kernel: U (outputs, 3 · outputs). */
  readonly recurrentKernel: Variable;
  /** Bias of the input product: b (3 · outputs). */
  readonly bias: Variable;
  /** Bias of the recurrent product: c (3 · outputs). */
  readonly recurrentBias: Variable;
  readonly #resetAfter: boolean;

  constructor(
    options: RecurrentOptions & {
      /** Whether the reset gate is applied after the recurrent product. Default true. */
      readonly resetAfter?: boolean;
    },
  ) {
    super();
    const {
      inputs,
      outputs,
      resetAfter = true,
      generator,
    } = checkOptions('GRU', options, { ...CHECKS, resetAfter: optional(boolean) });
    this.kernel = parameter('kernel', [inputs, 3 * outputs], 'glorotUniform', generator);
    this.recurrentKernel = parameter('recurrentKernel', [outputs, 3 * outputs], 'orthogonal', generator);
    this.bias = parameter('bias', [3 * outputs], 'zeros', generator);
    this.recurrentBias = parameter('recurrentBias', [3 * outputs], 'zeros', generator);
    this.#resetAfter = resetAfter;
  }

  /** Runs over the sequence and returns the last hidden state (batch, outputs). */
  forward(x: Tensor, mask?: Tensor, initial?: Pick<LstmState, 'hidden'>): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /**
   * Runs over the sequence and returns all hidden states (batch, time, outputs) and the last one. A GRU has no cell:
   * both fields of the state hold the hidden state.
   */
  run(x: Tensor, mask?: Tensor, initial?: Pick<LstmState, 'hidden'>): Recurrence {
    const { kernel, recurrentKernel, bias, recurrentBias } = this;
    expectAxes('GRU', 'x', x, 'f32', ['batch', 'time', kernel.shape[0]]);
    const options = { resetAfter: this.#resetAfter, mask, initial: initial?.hidden };
    const { sequence, last } = within('GRU', () =>
      gru(this.operand(x), this.operand(kernel), recurrentKernel, bias, recurrentBias, options),
    );
    return { sequence, last: { hidden: last, cell: last } };
  }
}

/** The result of running a recurrent layer over a sequence. */
export interface Recurrence {
  /** The hidden states of all steps, (batch, time, outputs). */
  readonly sequence: Tensor;
  /** The state after the last step, which another run may take as its initial state. */
  readonly last: LstmState;
}

/** A module that runs over a sequence, as `LSTM` and `GRU` do. */
export interface Recurrent extends Module {
  /** Runs over x (batch, time, inputs) and returns all hidden states (batch, time, outputs) and the last state. */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): Recurrence;
}

const recurrentLayer: Check = {
  expected: 'a recurrent layer, such as an LSTM',
  fits: (value) => value instanceof Module && 'run' in value && typeof value.run === 'function',
};

/** Options of a `Bidirectional`. */
export interface BidirectionalOptions {
  /** The layer that runs from the first step to the last. */
  readonly forwards: Recurrent;
  /** The layer that runs from the last step to the first. */
  readonly backwards: Recurrent;
  /** The operation that merges the hidden states of both directions. Default 'concat'. */
  readonly merge?: 'concat' | 'sum' | 'multiply' | 'average';
}

/**
 * A bidirectional recurrent layer (Schuster and Paliwal 1997): one layer runs over x, the other over x reversed in
 * time,
 *
 *   y[t] = merge(forwards(x)[t], backwards(reverse(x))[T - 1 - t]),   t = 0 ... T - 1
 *
 * x (batch, T, inputs) -> the merged last hidden states: (batch, 2 · outputs) for merge 'concat', (batch, outputs)
 * otherwise. The mask is reversed with x: the backward layer keeps its initial state through padding at the end.
 */
export class Bidirectional extends Module {
  /** The layer that runs from the first step to the last. */
  readonly forwards: Recurrent;
  /** The layer that runs from the last step to the first. */
  readonly backwards: Recurrent;
  readonly #merge: (a: Tensor, b: Tensor) => Tensor;

  constructor(options: BidirectionalOptions) {
    super();
    const {
      forwards,
      backwards,
      merge = 'concat',
    } = checkOptions('Bidirectional', options, {
      forwards: recurrentLayer,
      backwards: recurrentLayer,
      merge: optional(oneOf('concat', 'sum', 'multiply', 'average')),
    });
    this.forwards = forwards;
    this.backwards = backwards;
    this.#merge = MERGES[merge];
  }

  /** Runs over the sequence and returns the merged last hidden states of both directions. */
  forward(x: Tensor, mask?: Tensor, initial?: LstmState): Tensor {
    return this.run(x, mask, initial).hidden;
  }

  /**
   * Runs over the sequence and returns the merged hidden states of all steps, the merged last hidden states, and the
   * last state. Initial and last states concatenate those of `forwards` and `backwards`, (batch, 2 · outputs), whatever
   * the merge.
   */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): Recurrence & { readonly hidden: Tensor } {
    const [initialForwards, initialBackwards] = initial === undefined ? [] : splitDirections(initial);
    expectAxes('Bidirectional', 'x', x, 'f32', ['batch', 'time', 'inputs']);
    const a = within('Bidirectional', () => this.forwards.run(x, mask, initialForwards));
    const b = within('Bidirectional', () => this.backwards.run(x.flip(1), mask?.flip(1), initialBackwards));
    const { concat } = MERGES;
    return {
      sequence: this.#merge(a.sequence, b.sequence.flip(1)),
      last: { hidden: concat(a.last.hidden, b.last.hidden), cell: concat(a.last.cell, b.last.cell) },
      hidden: this.#merge(a.last.hidden, b.last.hidden),
    };
  }
}

const MERGES = {
  concat: (a: Tensor, b: Tensor): Tensor => concat([a, b], -1),
  sum: (a: Tensor, b: Tensor): Tensor => a.add(b),
  multiply: (a: Tensor, b: Tensor): Tensor => a.mul(b),
  average: (a: Tensor, b: Tensor): Tensor => a.add(b).mul(0.5),
} as const;

/**
 * Splits a concatenated state (batch, 2 · outputs) into those of both directions. A GRU's initial state has no cell.
 */
function splitDirections({ hidden, cell = hidden }: LstmState): [LstmState, LstmState] {
  const [batch, width] = hidden.shape;
  if (hidden.rank !== 2 || width % 2 !== 0 || !sameShape(cell.shape, hidden.shape))
    throw new TesseraError(
      `Bidirectional: an initial state must be (batch, 2 · outputs), both directions concatenated; got ${hidden.describe()}`,
    );
  const columns = (state: Tensor, begin: number) => state.slice([0, begin], [batch, begin + width / 2]);
  const direction = (begin: number) => ({ hidden: columns(hidden, begin), cell: columns(cell, begin) });
  return [direction(0), direction(width / 2)];
}

/**
 * A stack of recurrent layers, each of which runs over the hidden states of the layer below:
 *
 *   h⁽⁰⁾ = x,   h⁽ˡ⁾[t] = layerₗ(h⁽ˡ⁻¹⁾)[t]
 *
 * x (batch, time, inputs) -> the last hidden state of the top layer, (batch, outputs).
 */
export class StackedRecurrent extends Module {
  /** The layers from bottom to top. */
  readonly layers: readonly Recurrent[];

  /** @throws TesseraError if there are no layers, or one is not recurrent. */
  constructor(...layers: Recurrent[]) {
    super();
    if (layers.length === 0) throw new TesseraError('StackedRecurrent: expected at least one layer, got none');
    for (const [index, layer] of layers.entries())
      if (!recurrentLayer.fits(layer))
        throw new TesseraError(`StackedRecurrent: layer ${index} must be ${recurrentLayer.expected}`);
    this.layers = layers;
  }

  /** Runs over the sequence and returns the last hidden state of the top layer. */
  forward(x: Tensor, mask?: Tensor, initial?: readonly LstmState[]): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /**
   * Runs over the sequence and returns all hidden states of the top layer, its last state, and the last states of all
   * layers from bottom to top, which another run may take as its initial states.
   */
  run(
    x: Tensor,
    mask?: Tensor,
    initial?: readonly LstmState[],
  ): Recurrence & { readonly states: readonly LstmState[] } {
    if (initial !== undefined && (!Array.isArray(initial) || initial.length !== this.layers.length))
      throw new TesseraError(`StackedRecurrent: expected ${this.layers.length} initial states, one for each layer`);
    const states: LstmState[] = [];
    let sequence = x;
    for (const [index, layer] of this.layers.entries()) {
      const below = sequence;
      const result = within(`StackedRecurrent: layer ${index}`, () => layer.run(below, mask, initial?.[index]));
      sequence = result.sequence;
      states.push(result.last);
    }
    return { sequence, last: states[states.length - 1], states };
  }
}

/**
 * Applies a layer to each step of a sequence separately: y[:, t] = layer(x[:, t]).
 *
 * x (batch, time, ...) -> y (batch, time, ...).
 */
export class TimeDistributed extends Layer {
  /** The layer that is applied to each step. */
  readonly layer: Layer;

  /** @throws TesseraError if the argument is not a layer. */
  constructor(layer: Layer) {
    super();
    this.layer = expectLayer('TimeDistributed', 'its argument', layer);
  }

  override forward(x: Tensor): Tensor {
    expectTensor('TimeDistributed', 'x', x);
    const [batch, time, ...rest] = x.shape;
    if (time === undefined)
      throw new TesseraError(`TimeDistributed: expected x of [batch, time, ...], got ${x.describe()}`);
    const y = within('TimeDistributed', () => this.layer.forward(x.reshape([batch * time, ...rest])));
    return y.reshape([batch, time, ...y.shape.slice(1)]);
  }
}
