import type { Generator } from '../../tensor/generator.js';
import { concat, gru, type LstmState, lstm, type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { type Initializer, parameter } from '../initializers.js';
import { Layer, Module } from '../module.js';
import { anything, boolean, type Check, checkOptions, oneOf, optional, positiveInteger } from '../options.js';
import { expectLayer } from './core.js';

/** Options of a recurrent layer. */
export interface RecurrentLayerOptions {
  /** Features of x. */
  readonly inputs: number;
  /** Features of the hidden state. */
  readonly outputs: number;
  /** Draws the initial values. Default: a stream of its own, see `setSeed`. */
  readonly generator?: Generator;
}

const CHECKS = { inputs: positiveInteger, outputs: positiveInteger, generator: anything };

/**
 * A long short-term memory over a sequence (Hochreiter and Schmidhuber 1997). At each step t, with ⊙ for the product of
 * elements,
 *
 *   i = σ(x[t]·W_i + h·U_i + b_i)         input gate
 *   f = σ(x[t]·W_f + h·U_f + b_f)         forget gate
 *   g = tanh(x[t]·W_g + h·U_g + b_g)      candidate
 *   o = σ(x[t]·W_o + h·U_o + b_o)         output gate
 *   c ← f ⊙ c + i ⊙ g
 *   h ← o ⊙ tanh c
 *
 * x (batch, time, inputs) -> the last h (batch, outputs). Steps whose mask is 0 leave the state as it is.
 *
 * W = [W_i W_f W_g W_o] is `kernel` (inputs, 4 · outputs), Glorot uniform at first; U is `recurrentKernel` (outputs,
 * 4 · outputs), orthogonal; b is `bias` (4 · outputs), zeros but for the forget gate's ones (Jozefowicz, Zaremba and
 * Sutskever 2015), as in Keras.
 */
export class LSTM extends Module {
  /** W (inputs, 4 · outputs) */
  readonly kernel: Variable;
  /** U (outputs, 4 · outputs) */
  readonly recurrentKernel: Variable;
  /** b (4 · outputs) */
  readonly bias: Variable;

  constructor(options: RecurrentLayerOptions) {
    super();
    const { inputs, outputs, generator } = checkOptions('LSTM', options, CHECKS);
    this.kernel = parameter('kernel', [inputs, 4 * outputs], 'glorotUniform', generator);
    this.recurrentKernel = parameter('recurrentKernel', [outputs, 4 * outputs], 'orthogonal', generator);
    const forgetOnes: Initializer = () => new Float32Array(4 * outputs).fill(1, outputs, 2 * outputs);
    this.bias = parameter('bias', [4 * outputs], forgetOnes, generator);
  }

  /** The last hidden state (batch, outputs). */
  forward(x: Tensor, mask?: Tensor, initial?: LstmState): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /** All hidden states (batch, time, outputs), and the last state. */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): Recurrence {
    return lstm(this.operand(x), this.operand(this.kernel), this.recurrentKernel, this.bias, { mask, initial });
  }
}

/**
 * A gated recurrent unit over a sequence (Cho et al. 2014). At each step t, with ⊙ for the product of elements,
 *
 *   z = σ(x[t]·W_z + b_z + h·U_z + c_z)                 update gate
 *   r = σ(x[t]·W_r + b_r + h·U_r + c_r)                 reset gate
 *   n = tanh(x[t]·W_n + b_n + r ⊙ (h·U_n + c_n))        candidate, with `resetAfter` (the default)
 *   n = tanh(x[t]·W_n + b_n + (r ⊙ h)·U_n)              candidate, without
 *   h ← z ⊙ h + (1 - z) ⊙ n
 *
 * x (batch, time, inputs) -> the last h (batch, outputs). Steps whose mask is 0 leave the state as it is.
 *
 * W = [W_z W_r W_n] is `kernel` (inputs, 3 · outputs), Glorot uniform at first; U is `recurrentKernel` (outputs,
 * 3 · outputs), orthogonal; b is `bias` and c `recurrentBias` (3 · outputs), zeros; as in Keras.
 */
export class GRU extends Module {
  /** W (inputs, 3 · outputs) */
  readonly kernel: Variable;
  /** U (outputs, 3 · outputs) */
  readonly recurrentKernel: Variable;
  /** b (3 · outputs) */
  readonly bias: Variable;
  /** c (3 · outputs) */
  readonly recurrentBias: Variable;
  readonly #resetAfter: boolean;

  constructor(options: RecurrentLayerOptions & { /** Default true. */ readonly resetAfter?: boolean }) {
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

  /** The last hidden state (batch, outputs). */
  forward(x: Tensor, mask?: Tensor, initial?: Pick<LstmState, 'hidden'>): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /** All hidden states (batch, time, outputs), and the last one; a GRU has no cell beside it. */
  run(x: Tensor, mask?: Tensor, initial?: Pick<LstmState, 'hidden'>): Recurrence {
    const { kernel, recurrentKernel, bias, recurrentBias } = this;
    const options = { resetAfter: this.#resetAfter, mask, initial: initial?.hidden };
    const { sequence, last } = gru(
      this.operand(x),
      this.operand(kernel),
      recurrentKernel,
      bias,
      recurrentBias,
      options,
    );
    return { sequence, last: { hidden: last, cell: last } };
  }
}

/** What a recurrent layer gives: all hidden states (batch, time, outputs), and the last state. */
export interface Recurrence {
  /** (batch, time, outputs) */
  readonly sequence: Tensor;
  /** May be given as the initial state of another run. */
  readonly last: LstmState;
}

/** Anything that runs over a sequence as an LSTM does. */
export interface Recurrent extends Module {
  /** All hidden states (batch, time, outputs), and the last state. */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): Recurrence;
}

const recurrentLayer: Check = {
  expected: 'a recurrent layer, such as an LSTM',
  fits: (value) => value instanceof Module && 'run' in value && typeof value.run === 'function',
};

/** Options of a `Bidirectional`. */
export interface BidirectionalOptions {
  /** Runs from the first step on. */
  readonly forwards: Recurrent;
  /** Runs from the last step back. */
  readonly backwards: Recurrent;
  /** How the hidden states of both become one. Default 'concat'. */
  readonly merge?: 'concat' | 'sum' | 'multiply' | 'average';
}

/**
 * Two layers over one sequence, one of them from its end (Schuster and Paliwal 1997):
 *
 *   y[t] = merge(forwards(x)[t], backwards(reversed x)[t])
 *
 * x (batch, time, inputs) -> (batch, 2 · outputs) for merge 'concat', else (batch, outputs). Padding stays what the
 * mask says: the second layer meets it first, and its state is left as it is.
 */
export class Bidirectional extends Module {
  /** Runs from the first step on. */
  readonly forwards: Recurrent;
  /** Runs from the last step back. */
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

  /** The last hidden states of both directions, merged. */
  forward(x: Tensor, mask?: Tensor, initial?: LstmState): Tensor {
    return this.run(x, mask, initial).hidden;
  }

  /**
   * All hidden states, merged; the last hidden state of both, merged; and the last state: that of `forwards` beside
   * that of `backwards`, (batch, 2 · outputs) whatever the merge. An initial state has the same form.
   */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): Recurrence & { readonly hidden: Tensor } {
    const [there, back] = initial === undefined ? [] : halvesOf(initial);
    const a = this.forwards.run(x, mask, there);
    const b = this.backwards.run(x.flip(1), mask?.flip(1), back);
    const beside = MERGES.concat;
    return {
      sequence: this.#merge(a.sequence, b.sequence.flip(1)),
      last: { hidden: beside(a.last.hidden, b.last.hidden), cell: beside(a.last.cell, b.last.cell) },
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

/** The states of both directions from one that holds them side by side. A GRU's state has no cell. */
function halvesOf({ hidden, cell = hidden }: LstmState): [LstmState, LstmState] {
  const [rows, width] = hidden.shape;
  if (hidden.rank !== 2 || width % 2 !== 0 || cell.shape.join() !== hidden.shape.join())
    throw new TesseraError(
      `Bidirectional: an initial state is (batch, 2 · outputs), both directions side by side; got ${hidden.describe()}`,
    );
  const half = (state: Tensor, first: number) => state.slice([0, first], [rows, first + width / 2]);
  const at = (first: number) => ({ hidden: half(hidden, first), cell: half(cell, first) });
  return [at(0), at(width / 2)];
}

/** Recurrent layers on top of each other: each runs over the hidden states of the one below. */
export class StackedRecurrent extends Module {
  /** From the lowest up. */
  readonly layers: readonly Recurrent[];

  /** @throws TesseraError if there is none, or one is no recurrent layer. */
  constructor(...layers: Recurrent[]) {
    super();
    if (layers.length === 0) throw new TesseraError('StackedRecurrent: expected at least one layer, got none');
    for (const [index, layer] of layers.entries())
      if (!recurrentLayer.fits(layer))
        throw new TesseraError(`StackedRecurrent: layer ${index} must be ${recurrentLayer.expected}`);
    this.layers = layers;
  }

  /** The top layer's last hidden state. */
  forward(x: Tensor, mask?: Tensor, initial?: readonly LstmState[]): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /**
   * All hidden states of the top layer, its last state, and the last states of all layers from the lowest up: they may
   * be given as the initial states of another run.
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
      const result = layer.run(sequence, mask, initial?.[index]);
      sequence = result.sequence;
      states.push(result.last);
    }
    return { sequence, last: states[states.length - 1], states };
  }
}

/**
 * A layer applied to each step of a sequence by itself: y[:, t] = layer(x[:, t]).
 *
 * x (batch, time, ...) -> y (batch, time, ...).
 */
export class TimeDistributed extends Layer {
  /** What is applied to each step. */
  readonly layer: Layer;

  /** @throws TesseraError if it is no layer. */
  constructor(layer: Layer) {
    super();
    this.layer = expectLayer('TimeDistributed', 'its argument', layer);
  }

  override forward(x: Tensor): Tensor {
    const [batch, time, ...rest] = x.shape;
    const y = this.layer.forward(x.reshape([batch * time, ...rest]));
    return y.reshape([batch, time, ...y.shape.slice(1)]);
  }
}
