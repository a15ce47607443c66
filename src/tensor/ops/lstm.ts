import { TesseraError } from '../../gpu/errors.js';
import { lstmBackwardLaunches, lstmLaunches } from '../../launch/lstm.js';
import { full } from '../create.js';
import { anything, checkOptions } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectFloats, expectRank, expectSameType, expectShape, expectType } from './checks.js';
import { defineOp } from './define.js';
import { matmulOp } from './matmul.js';

/*
 * An LSTM over a whole sequence is one node. It launches one cell kernel per time step, on buffers that hold all steps
 * and have time as their first axis.
 */
/**
 * Computes the recurrence of `lstm` from xGates = x·W + b: returns hidden states, cell states and gates of all steps.
 */
export const lstmSequenceOp = defineOp({
  name: 'lstm',
  inputs: ['xGates', 'recurrent', 'mask', 'hidden0', 'cell0'],
  shape: ([xGates]) => {
    const [time, batch, gates] = xGates.shape;
    const states = { shape: [time + 1, batch, gates / 4], dtype: 'f32' } as const;
    return [states, states, { shape: xGates.shape, dtype: 'f32' }];
  },
  dispatch: ([xGates, recurrent, mask, hidden0, cell0], [hidden, cells, gates], context) =>
    lstmLaunches({ xGates, recurrent, mask, hidden0, cell0, hidden, cells, gates }, context),
  vjp: ({ inputs: [xGates, recurrent, mask], outputs: [hidden, cells, gates], outputGrads: [dhidden, dcells] }) => {
    const [time, batch, width] = xGates.shape;
    const none = full(hidden.shape, 0);
    const [dgates, state] = lstmBackwardOp.all(recurrent, gates, cells, mask, dhidden ?? none, dcells ?? none);
    // dU = Σ_t h[t]ᵀ·dgates[t], where h[t] is the state before step t: one matrix product over all steps.
    const before = hidden.slice([0], [time]).reshape([time * batch, width / 4]);
    const drecurrent = matmulOp(before, dgates.reshape([time * batch, width]), { transposeA: true, transposeB: false });
    const dhidden0 = state.slice([0], [1]).reshape([batch, width / 4]);
    const dcell0 = state.slice([time + 1]).reshape([batch, width / 4]);
    return [dgates, drecurrent, null, dhidden0, dcell0];
  },
});

/** Computes the gradients of the recurrence of `lstm`, from the last step to the first. Error ≤ 1e-5·|y| + 1e-5. */
export const lstmBackwardOp = defineOp({
  name: 'lstmBackward',
  inputs: ['recurrent', 'gates', 'cells', 'mask', 'dhidden', 'dcells'],
  // The outputs are dgates, and the gradients of the states: dh of steps 0 to time - 1, then dc of step 0.
  shape: ([, gates, cells]) => {
    const [time, batch, size] = cells.shape;
    return [
      { shape: gates.shape, dtype: 'f32' },
      { shape: [time + 1, batch, size], dtype: 'f32' },
    ];
  },
  dispatch: ([recurrent, gates, cells, mask, dhidden, dcells], [dgates, state], context) =>
    lstmBackwardLaunches({ recurrent, gates, cells, mask, dhidden, dcells, dgates, state }, context),
  vjp: 'it is a fused gradient, without a second derivative',
});

/** The state of an LSTM between two steps. */
export interface LstmState {
  /** The hidden state (batch, hidden). */
  readonly hidden: Tensor;
  /** The cell state (batch, hidden). */
  readonly cell: Tensor;
}

/** Options of `lstm`. */
export interface LstmOptions {
  /** (batch, time) of f32: 1 for a step, 0 for padding, which leaves the state unchanged. Default: no padding. */
  readonly mask?: Tensor;
  /** The state before the first step. Default: zeros. */
  readonly initial?: LstmState;
}

/**
 * Computes a long short-term memory over a sequence (Hochreiter and Schmidhuber 1997; Gers et al. 2000). x (batch,
 * time, in), kernel W (in, 4·hidden), recurrent U (hidden, 4·hidden), bias b (4·hidden); gates in the order i, f, g, o.
 *
 *   i, f, o = σ(x[t]·W + h·U + b)      g = tanh(x[t]·W + h·U + b)
 *   c ← f ⊙ c + i ⊙ g                  h ← o ⊙ tanh(c)
 *
 * Returns all hidden states (batch, time, hidden) and the last state. x and kernel may both be f16.
 * Error ≤ 4e-6·|y| + 4e-6.
 *
 * @throws TesseraError if shapes or dtypes do not match.
 */
export function lstm(
  x: Tensor,
  kernel: Tensor,
  recurrent: Tensor,
  bias: Tensor,
  options: LstmOptions = {},
): { sequence: Tensor; last: LstmState } {
  const { mask, initial } = checkOptions('lstm', options, { mask: anything, initial: anything });
  expectRank('lstm', 'x', x, 3, 'batch, time, features');
  expectType('lstm', 'x', x, 'f32', 'f16');
  const [batch, time, features] = x.shape;
  expectRank('lstm', 'recurrent', recurrent, 2, 'hidden, 4 · hidden');
  const hidden = recurrent.shape[0];
  expectFloats('lstm', 'recurrent', recurrent, [hidden, 4 * hidden]);
  expectShape('lstm', 'kernel', kernel, [features, 4 * hidden]);
  expectSameType('lstm', x, kernel);
  expectFloats('lstm', 'bias', bias, [4 * hidden]);
  if (time === 0) throw new TesseraError(`lstm: x ${x.describe()} has no time steps; expected at least one`);
  if (mask !== undefined) expectFloats('lstm', 'mask', mask, [batch, time]);
  if (initial !== undefined) {
    expectFloats('lstm', 'initial.hidden', initial.hidden, [batch, hidden]);
    expectFloats('lstm', 'initial.cell', initial.cell, [batch, hidden]);
  }
  const zeros = full([batch, hidden], 0);
  // One matrix product for all steps, whose rows are ordered by time.
  const byTime = x.permute([1, 0, 2]).reshape([time * batch, features]);
  const xGates = byTime
    .matmul(kernel)
    .add(bias)
    .reshape([time, batch, 4 * hidden]);
  const steps = mask === undefined ? full([time, batch], 1) : mask.permute([1, 0]);
  const [states, cells] = lstmSequenceOp.all(
    xGates,
    recurrent,
    steps,
    initial?.hidden ?? zeros,
    initial?.cell ?? zeros,
  );
  const at = (sequence: Tensor) => sequence.slice([time]).reshape([batch, hidden]);
  return {
    sequence: states.slice([1]).permute([1, 0, 2]),
    last: { hidden: at(states), cell: at(cells) },
  };
}
