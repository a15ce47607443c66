import type { Generator } from '../../tensor/generator.js';
import { type LstmState, lstm, type Tensor, type Variable } from '../../tensor/index.js';
import { defaultGenerator, glorotUniform, type Initializer, orthogonal, parameter } from '../initializers.js';
import { Module } from '../module.js';

/**
 * A long short-term memory over a sequence (formula at the op `lstm`): x (batch, time, in) -> the last hidden state
 * (batch, units). Steps whose mask is 0 leave the state as it is.
 *
 * The kernel starts Glorot uniform, the recurrent kernel orthogonal, the bias zero but for the forget gate's, which is
 * one (Jozefowicz, Zaremba, Sutskever 2015), as in Keras.
 */
export class LSTM extends Module {
  readonly kernel: Variable;
  readonly recurrentKernel: Variable;
  readonly bias: Variable;

  constructor(
    readonly inputs: number,
    readonly units: number,
    { generator = defaultGenerator() }: { generator?: Generator } = {},
  ) {
    super();
    this.kernel = parameter('kernel', [inputs, 4 * units], glorotUniform, generator);
    this.recurrentKernel = parameter('recurrentKernel', [units, 4 * units], orthogonal, generator);
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
    return lstm(x, this.kernel, this.recurrentKernel, this.bias, options);
  }
}
