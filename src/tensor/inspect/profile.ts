import { TesseraError } from '../../gpu/errors.js';
import { deviceOf } from '../evaluate.js';
import { trace } from '../graph/trace.js';
import { runtimeOf } from '../runtime/runtime.js';
import type { Tensor } from '../tensor.js';
import { modulesOf } from './attribution.js';
import { type DispatchOutline, outlineOf } from './explain.js';

/** One dispatch that ran. */
export interface ProfiledDispatch extends DispatchOutline {
  /** The dotted name of the layer it belongs to, such as `encoder.lstm`; `-` where none is known. */
  readonly module: string;
  /** How long it ran. */
  readonly nanoseconds: number;
}

/** What evaluating some tensors took. */
export interface Profile {
  /** The adapter, in words. */
  readonly device: string;
  /** In the order in which they ran. */
  readonly dispatches: readonly ProfiledDispatch[];
  /**
   * What the host took before the device began: finding or making the plan, uploading inputs. The first time of a plan
   * kernels are compiled, too.
   */
  readonly hostMilliseconds: number;
}

/**
 * Computes tensors and does assigns as `startReading` does, and measures how long every dispatch ran. Timestamps exist only at
 * the boundaries of passes, so each dispatch runs in a pass of its own: their sum is more than they take together in
 * the one pass of a normal evaluation. On the reference device times are the clock's. What was computed before is not
 * computed again, and has no dispatches.
 *
 * A step of training is profiled with `profile(loss, ...optimizer.assigns(loss))`, after which
 * `optimizer.resumeAt(optimizer.steps + 1)` counts it.
 *
 * Layers are found by the names that `Module.namedParameters` gives: a dispatch belongs to the layer of the variables
 * that it reads or writes; one without variables to the layer that uses its result next, or else to where its inputs
 * come from.
 *
 * @throws TesseraError if the device has no timestamps, or a tensor was built on a variable that was assigned to since.
 */
export async function profile(...targets: readonly Tensor[]): Promise<Profile> {
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
