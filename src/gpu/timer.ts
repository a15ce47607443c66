import type { Device, Prepared } from './device.js';

/*
 * The timer of `tune`, benchmarks and the roofline: the wall-clock time of a submission until the device is idle.
 */

/** Measures the milliseconds from the submission of prepared dispatches until the device is idle. */
export async function timeSubmission(device: Pick<Device, 'submit' | 'idle'>, prepared: Prepared): Promise<number> {
  return timeOf(async () => {
    await device.submit(prepared);
    await device.idle();
  });
}

/** Measures the milliseconds that asynchronous work takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Returns how many runs of `once` milliseconds take at least `target` milliseconds, clipped to [1, most]. */
export const runsToLast = (target: number, once: number, most: number): number =>
  Math.max(1, Math.min(most, Math.ceil(target / once)));
