import type { UpdateKernels } from '../kernels/optimizers.js';
import { placesByRow } from './gather.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';

/** The updates by name: what they keep beside a parameter, the numbers that they take, and their kernels. */
export * as updates from '../kernels/optimizers.js';

/**
 * Launches that update parameters in turn, as many in one as the device can bind. The inputs are the scale, then of each
 * parameter itself, its gradient and its moments; the outputs are of each the new parameter and the new moments.
 */
export function updateLaunches(
  { moments, dense }: UpdateKernels,
  inputs: readonly Value[],
  outputs: readonly Value[],
  { device }: Pick<LaunchContext, 'device'>,
): Launch[] {
  const states = ['parameter', ...moments];
  const own = states.length + 1;
  const together = Math.min(dense.length, Math.floor((device.limits.storageBuffers - 1) / own));
  const parameters = outputs.length / states.length;
  return Array.from({ length: Math.ceil(parameters / together) }, (_, turn) => {
    const slots = Math.min(together, parameters - turn * together);
    const bound: Record<string, Value> = { scale: inputs[0] };
    const sizes: Record<string, number> = {};
    for (let slot = 0; slot < slots; slot++) {
      const at = turn * together + slot;
      bound[`gradient${slot}`] = inputs[2 + at * own];
      for (const [index, state] of states.entries()) bound[`${state}${slot}`] = outputs[at * states.length + index];
      sizes[`count${slot}`] = outputs[at * states.length].length;
    }
    return launch(dense[slots - 1], bound, sizes);
  });
}

/** Launches that update a table (rows, cols) by a gradient that is never stored: sums of values (count, cols) by row. */
export function updateByRowsLaunches(
  { moments, byRows }: UpdateKernels,
  { scale, values, indices }: Readonly<Record<'scale' | 'values' | 'indices', Value>>,
  outputs: readonly Value[],
  context: LaunchContext,
): Launch[] {
  const [rows, cols] = outputs[0].shape;
  const { launches, order, starts } = placesByRow(indices, rows, context);
  const changed = Object.fromEntries(['parameter', ...moments].map((state, at) => [`${state}0`, outputs[at]]));
  const bound = { scale, values, order, starts, ...changed };
  return [...launches, launch(byRows, bound, { count: values.shape[0], rows, cols })];
}
