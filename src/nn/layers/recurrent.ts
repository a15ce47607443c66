import type { Generator } from '../../tensor/generator.js';
import { concat, gru, type LstmState, lstm, type Tensor, TesseraError, type Variable } from '../../tensor/index.js';
import { defaultGenerator, type Initializer, parameter } from '../initializers.js';
import { Layer, Module } from '../module.js';

/**
 * A long short-term memory over a sequence (formula at the op `lstm`): x (batch, time, in) -> the last hidden state
 * (batch, units). Steps whose mask is 0 leave the state as it is.
 *
 * The kernel starts Glorot uniform, the recurrent kernel orthogonal, the bias zero but for the forget gate's, which is
 * one (Jozefowicz, Zaremba, Sutskever 2015), as in Keras.
 */
export class LSTM extends Module {
  /** (in, 4 · units) */
  readonly kernel: Variable;
  /** (units, 4 · units) */
  readonly recurrentKernel: Variable;
  /** (4 · units) */
  readonly bias: Variable;

  constructor(
    /** Features of x. */
    readonly inputs: number,
    /** The size of the hidden state. */
    readonly units: number,
    { generator = defaultGenerator() }: { generator?: Generator } = {},
  ) {
    super();
    this.kernel = parameter('kernel', [inputs, 4 * units], 'glorotUniform', generator);
    this.recurrentKernel = parameter('recurrentKernel', [units, 4 * units], 'orthogonal', generator);
    const forgetOnes: Initializer = () => new Float32Array(4 * units).fill(1, units, 2 * units);
    this.bias = parameter('bias', [4 * units], forgetOnes, generator);
  }

  /** The last hidden state (batch, units). */
  forward(x: Tensor, mask?: Tensor, initial?: LstmState): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /** All hidden states (batch, time, units), and the last state. */
  run(x: Tensor, mask?: Tensor, initial?: LstmState): { sequence: Tensor; last: LstmState } {
    const options = { ...(mask === undefined ? {} : { mask }), ...(initial === undefined ? {} : { initial }) };
    return lstm(this.operand(x), this.operand(this.kernel), this.recurrentKernel, this.bias, options);
  }
}

/**
 * A gated recurrent unit over a sequence (formula at the op `gru`): x (batch, time, in) -> the last hidden state
 * (batch, units). Starts as in Keras: Glorot uniform, orthogonal, zeros.
 */
export class GRU extends Module {
  /** (in, 3 · units) */
  readonly kernel: Variable;
  /** (units, 3 · units) */
  readonly recurrentKernel: Variable;
  /** (3 · units) */
  readonly bias: Variable;
  /** (3 · units) */
  readonly recurrentBias: Variable;
  readonly #resetAfter: boolean;

  constructor(
    /** Features of x. */
    readonly inputs: number,
    /** The size of the hidden state. */
    readonly units: number,
    {
      resetAfter = true,
      generator = defaultGenerator(),
    }: { /** Where the reset gate stands; see the op. */ resetAfter?: boolean; generator?: Generator } = {},
  ) {
    super();
    this.kernel = parameter('kernel', [inputs, 3 * units], 'glorotUniform', generator);
    this.recurrentKernel = parameter('recurrentKernel', [units, 3 * units], 'orthogonal', generator);
    this.bias = parameter('bias', [3 * units], 'zeros', generator);
    this.recurrentBias = parameter('recurrentBias', [3 * units], 'zeros', generator);
    this.#resetAfter = resetAfter;
  }

  /** The last hidden state (batch, units). */
  forward(x: Tensor, mask?: Tensor, initial?: Tensor): Tensor {
    return this.run(x, mask, initial).last.hidden;
  }

  /** All hidden states (batch, time, units), and the last one; a GRU has no cell beside it. */
  run(x: Tensor, mask?: Tensor, initial?: Tensor): Recurrence {
    const options = {
      resetAfter: this.#resetAfter,
      ...(mask === undefined ? {} : { mask }),
      ...(initial === undefined ? {} : { initial }),
    };
    const { sequence, last } = gru(
      this.operand(x),
      this.operand(this.kernel),
      this.recurrentKernel,
      this.bias,
      this.recurrentBias,
      options,
    );
    return { sequence, last: { hidden: last, cell: last } };
  }
}

/** What a recurrent layer gives: all hidden states (batch, time, units), and the last state. */
export type Recurrence = ReturnType<LSTM['run']>;

/** Anything that runs over a sequence as an LSTM does. */
export interface Recurrent extends Module {
  /** All hidden states (batch, time, units), and the last state. */
  run(x: Tensor, mask?: Tensor): { sequence: Tensor; last: LstmState };
}

/**
 * Two layers over one sequence, one of them from its end (Schuster and Paliwal 1997); their hidden states are joined:
 * x (batch, time, in) -> (batch, 2 · units). Padding stays what the mask says: the second layer meets it first, and its
 * state is left as it is.
 */
export class Bidirectional extends Module {
  constructor(
    /** From the first step on. */
    readonly forwards: Recurrent,
    /** From the last step back. */
    readonly backwards: Recurrent,
  ) {
    super();
  }

  /** The last hidden states of both (batch, 2 · units). */
  forward(x: Tensor, mask?: Tensor): Tensor {
    return this.run(x, mask).last.hidden;
  }

  /** All hidden states (batch, time, 2 · units), and the last state of each direction, joined. */
  run(x: Tensor, mask?: Tensor): Recurrence {
    const there = this.forwards.run(x, mask);
    const back = this.backwards.run(x.flip(1), mask?.flip(1));
    const join = (a: Tensor, b: Tensor) => concat([a, b], -1);
    return {
      sequence: join(there.sequence, back.sequence.flip(1)),
      last: { hidden: join(there.last.hidden, back.last.hidden), cell: join(there.last.cell, back.last.cell) },
    };
  }
}

/** Recurrent layers on top of each other: each runs over the hidden states of the one below. */
export class StackedRecurrent extends Module {
  /** From the lowest up. */
  readonly layers: readonly Recurrent[];

  constructor(...layers: Recurrent[]) {
    super();
    if (layers.length === 0) throw new TesseraError('StackedRecurrent: expected at least one layer, got none');
    this.layers = layers;
  }

  /** The top layer's last hidden state. */
  forward(x: Tensor, mask?: Tensor): Tensor {
    return this.run(x, mask).last.hidden;
  }

  /** All hidden states of the top layer, and its last state. */
  run(x: Tensor, mask?: Tensor): Recurrence {
    const [first, ...above] = this.layers;
    return above.reduce((below, layer) => layer.run(below.sequence, mask), first.run(x, mask));
  }
}

/** A layer applied to each step of a sequence by itself: x (batch, time, ...) -> (batch, time, ...). */
export class TimeDistributed extends Layer {
  constructor(/** What is applied to each step. */ readonly layer: Layer) {
    super();
  }

  override forward(x: Tensor): Tensor {
    const [batch, time, ...rest] = x.shape;
    const y = this.layer.forward(x.reshape([batch * time, ...rest]));
    return y.reshape([batch, time, ...y.shape.slice(1)]);
  }
}
