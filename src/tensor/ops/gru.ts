import { TesseraError } from '../../gpu/errors.js';
import { full } from '../create.js';
import { anything, boolean, checkOptions, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectFloats, expectRank, expectSameType, expectShape, expectType } from './checks.js';
import { where } from './elementwise.js';
import { split, stack } from './rearrange.js';

/** Options of `gru`. */
export interface GruOptions {
  /** (batch, time) of f32: 1 for a step, 0 for padding, which leaves the state unchanged. Default: no padding. */
  readonly mask?: Tensor;
  /** The initial state (batch, hidden). Default: zeros. */
  readonly initial?: Tensor;
  /**
   * Whether the reset gate multiplies after the recurrent product (default, as in Keras) or before it (Cho et al.
   * 2014).
   */
  readonly resetAfter?: boolean;
}

/**
 * Computes a gated recurrent unit over a sequence (Cho et al. 2014). x (batch, time, in), kernel W (in, 3·hidden),
 * recurrent U (hidden, 3·hidden), bias b and recurrentBias bᵤ (3·hidden); gates in the order z, r, n.
 *
 *   z, r = σ(x[t]·W + b + h·U + bᵤ)
 *   n = tanh(x[t]·W + b + r ⊙ (h·U + bᵤ)), or with resetAfter = false tanh(x[t]·W + b + (r ⊙ h)·U + bᵤ)
 *   h ← z ⊙ h + (1 - z) ⊙ n
 *
 * Returns all hidden states (batch, time, hidden) and the last one (batch, hidden). It is composed of other ops for
 * each time step. Error ≤ 4e-6·|y| + 4e-6.
 *
 * @throws TesseraError if shapes or dtypes do not match.
 */
export function gru(
  x: Tensor,
  kernel: Tensor,
  recurrent: Tensor,
  bias: Tensor,
  recurrentBias: Tensor,
  options: GruOptions = {},
): { sequence: Tensor; last: Tensor } {
  const {
    mask,
    initial,
    resetAfter = true,
  } = checkOptions('gru', options, { mask: anything, initial: anything, resetAfter: optional(boolean) });
  expectRank('gru', 'x', x, 3, 'batch, time, features');
  expectType('gru', 'x', x, 'f32', 'f16');
  const [batch, time, features] = x.shape;
  expectRank('gru', 'recurrent', recurrent, 2, 'hidden, 3 · hidden');
  const hidden = recurrent.shape[0];
  expectFloats('gru', 'recurrent', recurrent, [hidden, 3 * hidden]);
  expectShape('gru', 'kernel', kernel, [features, 3 * hidden]);
  expectSameType('gru', x, kernel);
  expectFloats('gru', 'bias', bias, [3 * hidden]);
  expectFloats('gru', 'recurrentBias', recurrentBias, [3 * hidden]);
  if (time === 0) throw new TesseraError(`gru: x ${x.describe()} has no time steps; expected at least one`);
  if (mask !== undefined) expectFloats('gru', 'mask', mask, [batch, time]);
  if (initial !== undefined) expectFloats('gru', 'initial', initial, [batch, hidden]);
  // One matrix product for all steps.
  const fromInput = split(x.matmul(kernel).add(bias), time, 1).map((step) => split(step.squeeze(1), 3, 1));
  const keeps = mask === undefined ? undefined : split(mask.greater(0), time, 1);
  const [, , candidates] = split(recurrent, 3, 1);
  const [, , candidateBias] = split(recurrentBias, 3, 0);
  let h = initial ?? full([batch, hidden], 0);
  const states: Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const [xz, xr, xn] = fromInput[t];
    const [hz, hr, hn] = split(h.matmul(recurrent).add(recurrentBias), 3, 1);
    const [z, r] = [xz.add(hz).sigmoid(), xr.add(hr).sigmoid()];
    const n = xn.add(resetAfter ? r.mul(hn) : r.mul(h).matmul(candidates).add(candidateBias)).tanh();
    const next = n.add(z.mul(h.sub(n)));
    h = keeps === undefined ? next : where(keeps[t], next, h);
    states.push(h);
  }
  return { sequence: stack(states, 1), last: h };
}
