import type { UpdateKernels } from '../kernels/optimizers.js';
import { groupByRow } from './gather.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';

/** The update rules by name: their moments, their hyperparameters and their kernels. */
export * as updates from '../kernels/optimizers.js';

/**
 * Launches that update parameters, as many in each as the device can bind. The inputs are the scale and then, for each
 * parameter, the parameter, its gradient and its moments; the outputs are each parameter and its moments, updated.
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
  return Array.from({ length: Math.ceil(parameters / together) }, (_, group) => {
    const slots = Math.min(together, parameters - group * together);
    const bound: Record<string, Value> = { scale: inputs[0] };
    const sizes: Record<string, number> = {};
    for (let slot = 0; slot < slots; slot++) {
      const at = group * together + slot;
      bound[`gradient${slot}`] = inputs[2 + at * own];
      for (const [index, state] of states.entries()) bound[`${state}${slot}`] = outputs[at * states.length + index];
      sizes[`count${slot}`] = outputs[at * states.length].length;
    }
    return launch(dense[slots - 1], bound, sizes);
  });
}

/**
 * Launches that update a table (rows, cols) whose gradient is a scatter-add of values (count, cols). The gradient is
 * never stored.
 */
export function updateByRowsLaunches(
  { moments, byRows }: UpdateKernels,
  { scale, values, indices }: Readonly<Record<'scale' | 'values' | 'indices', Value>>,
  outputs: readonly Value[],
  context: LaunchContext,
): Launch[] {
  const [rows, cols] = outputs[0].shape;
  const { launches, order, starts } = groupByRow(indices, rows, context);
  const changed = Object.fromEntries(['parameter', ...moments].map((state, at) => [`${state}0`, outputs[at]]));
  const bound = { scale, values, order, starts, ...changed };
  return [...launches, launch(byRows, bound, { count: values.shape[0], rows, cols })];
}
