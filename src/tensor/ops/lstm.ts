import type { Device } from '../../gpu/device.js';
import { TesseraError } from '../../gpu/errors.js';
import type { Kernel } from '../../gpu/kernel.js';
import { lstmSequence, lstmSequenceBackward } from '../../kernels/lstm/sequence.js';
import { lstmCell, lstmCellFours, lstmCellSubgroup } from '../../kernels/lstm/step.js';
import { lstmCellBackward, lstmCellBackwardFours, lstmCellBackwardSubgroup } from '../../kernels/lstm/step-backward.js';
import { copyRegion, whole } from '../../launch/copy.js';
import { type Launch, launch, type Value, type Variants } from '../../launch/launch.js';
import { type Batched, bySamples } from '../../launch/split-batch.js';
import { full } from '../create.js';
import { defineOp, expectRank, expectShape, expectType } from '../graph/define.js';
import type { Tensor } from '../tensor.js';
import { matmulOp } from './matmul.js';

/*
 * An LSTM over a whole sequence is one node: its launches are one cell kernel a step, on buffers that hold all steps.
 * Time comes first in every one of them.
 */
/**
 * The recurrence of `lstm`, of inputs that were multiplied by the kernel already; gives hidden states, cells and gates.
 */
export const lstmSequenceOp = defineOp({
  name: 'lstm',
  inputs: ['xGates', 'recurrent', 'mask', 'hidden0', 'cell0'],
  shape: ([xGates]) => {
    const [time, batch, gates] = xGates.shape;
    const states = { shape: [time + 1, batch, gates / 4], dtype: 'f32' } as const;
    return [states, states, { shape: xGates.shape, dtype: 'f32' }];
  },
  dispatch: ([xGates, recurrent, mask, hidden0, cell0], [hidden, cells, gates], context) => {
    const { device, choose } = context;
    const [time, batch, width] = xGates.shape;
    const hidden_size = width / 4;
    const kernels = kernelsFor(device, hidden_size, lstmCellSubgroup, lstmCellFours, lstmCell);
    const launches = ({ hidden0, cell0, ...states }: Readonly<Record<string, Value>>, batch: number): Launch[] => {
      const buffers = { recurrent: recurrent, ...states };
      const first = whole(hidden0.shape);
      return [
        ...copyRegion({ device }, hidden0, states.hidden, hidden0.shape, first, first),
        ...copyRegion({ device }, cell0, states.cells, cell0.shape, first, first),
        ...choose(
          'lstm',
          { batch, hidden: hidden_size },
          {
            ...variantsOf(kernels, (kernel) =>
              Array.from({ length: time }, (_, step) => launch(kernel, buffers, { step, batch, hidden_size })),
            ),
            ...(hidden_size % 4 === 0 && {
              sequence: () => [launch(lstmSequence, buffers, { time, batch, hidden_size })],
            }),
          },
          ruleFor(device, { time, batch, hidden: hidden_size }, kernels),
        ),
      ];
    };
    const reads = {
      ...{ x_gates: byTime(xGates), mask: byTime(mask) },
      ...{ hidden0: { value: hidden0, axis: 0 }, cell0: { value: cell0, axis: 0 } },
    };
    const writes = { hidden: byTime(hidden), cells: byTime(cells), gates: byTime(gates) };
    return bySamples({ batch, reads, writes, launches }, context);
  },
  vjp: ({ inputs: [xGates, recurrent, mask], outputs: [hidden, cells, gates], outputGrads: [dhidden, dcells] }) => {
    const [time, batch, width] = xGates.shape;
    const none = full(hidden.shape, 0);
    const [dgates, state] = lstmBackwardOp.all(recurrent, gates, cells, mask, dhidden ?? none, dcells ?? none);
    // Row r of h[0..time) met row r of dgates: dU = Σ_r h[r]ᵀ·dgates[r], one product over all steps.
    const before = hidden.slice([0], [time]).reshape([time * batch, width / 4]);
    const drecurrent = matmulOp(before, dgates.reshape([time * batch, width]), { transposeA: true, transposeB: false });
    const dhidden0 = state.slice([0], [1]).reshape([batch, width / 4]);
    const dcell0 = state.slice([time + 1]).reshape([batch, width / 4]);
    return [dgates, drecurrent, null, dhidden0, dcell0];
  },
});

/** The gradients of the recurrence of `lstm`, from the last step to the first. Error ≤ 1e-5·|y| + 1e-5. */
export const lstmBackwardOp = defineOp({
  name: 'lstmBackward',
  inputs: ['recurrent', 'gates', 'cells', 'mask', 'dhidden', 'dcells'],
  // dgates, and the state's gradients: dh of steps 0 to time, then dc at step 0.
  shape: ([, gates, cells]) => {
    const [time, batch, size] = cells.shape;
    return [
      { shape: gates.shape, dtype: 'f32' },
      { shape: [time + 1, batch, size], dtype: 'f32' },
    ];
  },
  dispatch: ([recurrent, gates, cells, mask, dhidden, dcells], [dgates, state], context) => {
    const { device, choose } = context;
    const [time, batch, width] = gates.shape;
    const hidden_size = width / 4;
    const kernels = kernelsFor(device, hidden_size, lstmCellBackwardSubgroup, lstmCellBackwardFours, lstmCellBackward);
    const launches = (states: Readonly<Record<string, Value>>, batch: number): Launch[] => {
      const buffers = { recurrent: recurrent, ...states };
      return choose(
        'lstm_backward',
        { batch, hidden: hidden_size },
        {
          ...variantsOf(kernels, (kernel) =>
            Array.from({ length: time + 1 }, (_, passed) =>
              launch(kernel, buffers, { step: time - passed, time, batch, hidden_size }),
            ),
          ),
          ...(hidden_size % 4 === 0 && {
            sequence: () => [launch(lstmSequenceBackward, buffers, { time, batch, hidden_size })],
          }),
        },
        ruleFor(device, { time, batch, hidden: hidden_size }, kernels),
      );
    };
    const reads = {
      ...{ gates: byTime(gates), cells: byTime(cells), mask: byTime(mask) },
      ...{ dhidden: byTime(dhidden), dcells: byTime(dcells) },
    };
    return bySamples({ batch, reads, writes: { state: byTime(state), dgates: byTime(dgates) }, launches }, context);
  },
  vjp: 'it is a fused gradient, without a second derivative',
});

const byTime = (value: Value): Batched => ({ value, axis: 1 });

type CellKernels = Readonly<Partial<Record<'subgroup' | 'fours' | 'single', Kernel>>>;

/** The kernels of a cell that the device can run, from the cleverest to the simplest. */
function kernelsFor(
  { limits }: Pick<Device, 'limits'>,
  hidden: number,
  subgroup: Kernel,
  fours: Kernel,
  single: Kernel,
): CellKernels {
  if (hidden % 4 !== 0) return { single };
  return limits.subgroupLanes >= subgroup.subgroupLanes ? { subgroup, fours, single } : { fours, single };
}

/** A step of less work than its dispatch: then all steps are one. What is so little, a GPU's many invocations stretch. */
const isSmall = (software: boolean, batch: number, hidden: number): boolean =>
  hidden % 4 === 0 && (software ? batch * hidden <= 128 : hidden <= 64);

/** Where a CPU does the work, loads are the cost: subgroups or fours share them. A GPU wants many small invocations. */
function ruleFor(
  { software }: Pick<Device, 'software'>,
  { time, batch, hidden }: Readonly<Record<'time' | 'batch' | 'hidden', number>>,
  kernels: CellKernels,
): string {
  if (time > 1 && isSmall(software, batch, hidden)) return 'sequence';
  return software ? Object.keys(kernels)[0] : 'single';
}

const variantsOf = (kernels: CellKernels, launches: (kernel: Kernel) => Launch[]): Variants =>
  Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, () => launches(kernel)]));

/** The state of an LSTM between two steps. */
export interface LstmState {
  /** (batch, hidden) */
  readonly hidden: Tensor;
  /** (batch, hidden) */
  readonly cell: Tensor;
}

/** Padding and first state of an LSTM. */
export interface LstmOptions {
  /** (batch, time) of f32: 1 for a step, 0 for padding, which leaves the state as it is. Default: no padding. */
  readonly mask?: Tensor;
  /** Default: zeros. */
  readonly initial?: LstmState;
}

/**
 * An LSTM over a sequence. x (batch, time, in), kernel (in, 4·hidden), recurrent (hidden, 4·hidden), bias (4·hidden),
 * gates in the order i, f, g, o. Returns all hidden states (batch, time, hidden) and the last state.
 *
 *   (i, f, g, o) = σ, σ, tanh, σ of (x[t]·W + h[t]·U + b);   c ← f ⊙ c + i ⊙ g;   h ← o ⊙ tanh c
 * x and kernel may both be of f16. Error ≤ 4e-6·|y| + 4e-6.
 *
 * @throws TesseraError if shapes or dtypes do not fit.
 */
export function lstm(
  x: Tensor,
  kernel: Tensor,
  recurrent: Tensor,
  bias: Tensor,
  { mask, initial }: LstmOptions = {},
): { sequence: Tensor; last: LstmState } {
  expectRank('lstm', 'x', x, 3, 'batch, time, features');
  expectType('lstm', 'x', x, 'f32', 'f16');
  const [batch, time, features] = x.shape;
  const hidden = recurrent.shape[0];
  expectShape('lstm', 'recurrent', recurrent, [hidden, 4 * hidden]);
  expectShape('lstm', 'kernel', kernel, [features, 4 * hidden]);
  expectShape('lstm', 'bias', bias, [4 * hidden]);
  if (time === 0) throw new TesseraError(`lstm: x ${x.describe()} has no time step; give at least one`);
  if (mask !== undefined) expectShape('lstm', 'mask', mask, [batch, time]);
  const zeros = full([batch, hidden], 0);
  // One product for all steps; its rows are ordered by time.
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
