import type { Device } from '../gpu/device.js';
import type { Kernel } from '../gpu/kernel.js';
import { lstmSequence, lstmSequenceBackward } from '../kernels/lstm/sequence.js';
import { lstmCell, lstmCellSubgroup, lstmCellVec4 } from '../kernels/lstm/step.js';
import { lstmCellBackward, lstmCellBackwardSubgroup, lstmCellBackwardVec4 } from '../kernels/lstm/step-backward.js';

import { contiguous, copyRegion } from './copy.js';
import { type Launch, type LaunchContext, launch, type Value, type Variants } from './launch.js';
import { type Batched, splitBatch } from './split-batch.js';

/** The values of the recurrence, with time as their first axis; hidden and cell states include the initial ones. */
type Forward = Readonly<
  Record<'xGates' | 'recurrent' | 'mask' | 'hidden0' | 'cell0' | 'hidden' | 'cells' | 'gates', Value>
>;
type Backward = Readonly<
  Record<'recurrent' | 'gates' | 'cells' | 'mask' | 'dhidden' | 'dcells' | 'dgates' | 'state', Value>
>;

/** Launches of the recurrence of an LSTM: one per time step, or one for all of them. */
export function lstmLaunches(
  { xGates, recurrent, mask, hidden0, cell0, hidden, cells, gates }: Forward,
  context: LaunchContext,
): Launch[] {
  const { device, choose } = context;
  const [time, batch, width] = xGates.shape;
  const hidden_size = width / 4;
  const kernels = kernelsFor(device, hidden_size, lstmCellSubgroup, lstmCellVec4, lstmCell);
  const launches = ({ hidden0, cell0, ...states }: Readonly<Record<string, Value>>, batch: number): Launch[] => {
    const buffers = { recurrent, ...states };
    const first = contiguous(hidden0.shape);
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
        defaultFor(device, { time, batch, hidden: hidden_size }, kernels),
      ),
    ];
  };
  const reads = {
    x_gates: byTime(xGates),
    mask: byTime(mask),
    hidden0: { value: hidden0, axis: 0 },
    cell0: { value: cell0, axis: 0 },
  };
  const writes = { hidden: byTime(hidden), cells: byTime(cells), gates: byTime(gates) };
  return splitBatch({ batch, reads, writes, launches }, context);
}

/** Launches of the gradients of the recurrence, from the last step to the first. */
export function lstmBackwardLaunches(
  { recurrent, gates, cells, mask, dhidden, dcells, dgates, state }: Backward,
  context: LaunchContext,
): Launch[] {
  const { device, choose } = context;
  const [time, batch, width] = gates.shape;
  const hidden_size = width / 4;
  const kernels = kernelsFor(device, hidden_size, lstmCellBackwardSubgroup, lstmCellBackwardVec4, lstmCellBackward);
  const launches = (states: Readonly<Record<string, Value>>, batch: number): Launch[] => {
    const buffers = { recurrent, ...states };
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
      defaultFor(device, { time, batch, hidden: hidden_size }, kernels),
    );
  };
  const reads = {
    gates: byTime(gates),
    cells: byTime(cells),
    mask: byTime(mask),
    dhidden: byTime(dhidden),
    dcells: byTime(dcells),
  };
  return splitBatch({ batch, reads, writes: { state: byTime(state), dgates: byTime(dgates) }, launches }, context);
}

const byTime = (value: Value): Batched => ({ value, axis: 1 });

type CellKernels = Readonly<Partial<Record<'subgroup' | 'vec4' | 'scalar', Kernel>>>;

/** The kernels of a cell that the device can run, the most elaborate first. */
function kernelsFor(
  { limits }: Pick<Device, 'limits'>,
  hidden: number,
  subgroup: Kernel,
  vec4: Kernel,
  scalar: Kernel,
): CellKernels {
  if (hidden % 4 !== 0) return { scalar };
  return limits.subgroupLanes >= subgroup.subgroupLanes ? { subgroup, vec4, scalar } : { vec4, scalar };
}

/** True if a step is less work than a dispatch costs, so that one dispatch should compute all steps. */
const isSmall = (software: boolean, batch: number, hidden: number): boolean =>
  hidden % 4 === 0 && (software ? batch * hidden <= 128 : hidden <= 64);

/**
 * The variant to run without measurements: CPUs gain from fewer loads by subgroups or vec4, GPUs from many invocations.
 */
function defaultFor(
  { software }: Pick<Device, 'software'>,
  { time, batch, hidden }: Readonly<Record<'time' | 'batch' | 'hidden', number>>,
  kernels: CellKernels,
): string {
  if (time > 1 && isSmall(software, batch, hidden)) return 'sequence';
  return software ? Object.keys(kernels)[0] : 'scalar';
}

const variantsOf = (kernels: CellKernels, launches: (kernel: Kernel) => Launch[]): Variants =>
  Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, () => launches(kernel)]));
