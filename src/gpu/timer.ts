import type { Device, Prepared } from './device.js';

/*
 * The one timer of `tune`, the bench and the roofline: wall-clock time of a submission, until the device is idle.
 */

/** Milliseconds from the submission of prepared dispatches until the device has done them. */
export async function timeSubmission(device: Pick<Device, 'submit' | 'idle'>, prepared: Prepared): Promise<number> {
  return timeOf(async () => {
    await device.submit(prepared);
    await device.idle();
  });
}

/** Milliseconds of asynchronous work. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** How many runs of `once` milliseconds make a submission of at least `target` milliseconds, within [1, most]. */
export const runsToLast = (target: number, once: number, most: number): number =>
  Math.max(1, Math.min(most, Math.ceil(target / once)));
