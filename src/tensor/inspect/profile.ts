import { TesseraError } from '../../gpu/errors.js';
import { deviceOf } from '../evaluate.js';
import { checkTensors } from '../graph/graph.js';
import { trace } from '../graph/trace.js';
import { runtimeOf } from '../runtime/runtime.js';
import type { Tensor } from '../tensor.js';
import { modulesOf } from './attribution.js';
import { type DispatchOutline, outlineOf } from './explain.js';

/** One dispatch of a profile. */
export interface ProfiledDispatch extends DispatchOutline {
  /** The dotted name of the layer that it belongs to, such as `encoder.lstm`, or `-` if none is known. */
  readonly module: string;
  /** The time that it ran on the device. */
  readonly nanoseconds: number;
}

/** The times of an evaluation. */
export interface Profile {
  /** The name of the device. */
  readonly device: string;
  /** The dispatches in order of execution. */
  readonly dispatches: readonly ProfiledDispatch[];
  /**
   * The time on the host before the device starts: looking up or making the plan and uploading inputs. The first run of
   * a plan includes compiling its kernels.
   */
  readonly hostMilliseconds: number;
}

/**
 * Evaluates tensors and assigns, and measures the time of each dispatch. Timestamps exist only at the boundaries of
 * passes, so each dispatch runs in a pass of its own; the sum of the times exceeds that of a normal evaluation, which
 * runs them all in one pass. On the reference device times are wall-clock times. Values that were computed before are
 * not computed again and have no dispatches.
 *
 * To profile a training step, call `profile(loss, ...optimizer.assigns(loss))`, then
 * `optimizer.resumeAt(optimizer.steps + 1)` to count it.
 *
 * Layers have the names that `Module.namedParameters` gives. A dispatch belongs to the layer of the variables that it
 * reads or writes; one without variables to the layer that uses its output, or else to that of its inputs.
 *
 * @throws TesseraError if the device cannot measure timestamps, or a tensor was built before an assign to one of its
 * variables.
 */
export async function profile(...targets: readonly Tensor[]): Promise<Profile> {
  checkTensors('profile', targets);
  const traced = trace(targets.map((target) => target.current()));
  const device = await deviceOf(traced);
  if (device.kind === 'gpu' && !device.features.has('timestamp-query')) {
    throw new TesseraError(
      `profile: ${device.name} has no timestamp-query, so dispatches cannot be timed; time whole evaluations, or use another device ('tessera doctor' lists them)`,
    );
  }
  const run = await runtimeOf(device).profile(traced);
  if (run === undefined) return { device: device.name, dispatches: [], hostMilliseconds: 0 };
  const modules = modulesOf(run.plan, run.traced);
  const dispatches = run.plan.dispatches.map((dispatch, index) => ({
    ...outlineOf(dispatch),
    module: modules[index],
    nanoseconds: run.nanoseconds[index],
  }));
  return { device: device.name, dispatches, hostMilliseconds: run.hostMilliseconds };
}
