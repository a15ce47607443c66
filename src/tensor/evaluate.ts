import type { Device } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import { defaultDevice } from './default-device.js';
import type { Node } from './graph/graph.js';
import { checkTensors } from './graph/graph.js';
import { type Trace, trace } from './graph/trace.js';
import { runtimeOf } from './runtime/runtime.js';

/**
 * Computes tensors and keeps them on their device, and does assigns. Returns when the work is submitted, not when it
 * is done: only reading waits.
 *
 * @throws TesseraError if a target is not a tensor, or was built on a variable that was assigned to since.
 */
export async function evaluate(...targets: readonly Node[]): Promise<void> {
  checkTensors('evaluate', targets);
  await run(targets, 'device');
}

/** Computes tensors and reads their values back to the host, all in one submission. */
export async function readBack(targets: readonly Node[]): Promise<void> {
  const current = targets.map((target) => target.current());
  await startReading(current);
  await Promise.all(current.map((target) => target.pending));
}

/** As `readBack`, but returns at once after submission: `data()` of a target waits for its value. */
export async function startReading(targets: readonly Node[]): Promise<void> {
  await run(targets, 'host');
}

async function run(given: readonly Node[], keep: 'host' | 'device'): Promise<void> {
  const targets = [...new Set(given.map((target) => target.current()))];
  const traced = trace(targets);
  await runtimeOf(await deviceOf(traced)).submit(traced, keep);
}

/** The device of a trace: that of its variables and kept values, or the default device. */
export async function deviceOf(traced: Trace): Promise<Device> {
  const devices = new Set<Device>();
  for (const { variable } of traced.variables) if (variable.device !== undefined) devices.add(variable.device);
  for (const { resident } of traced.slots) if (resident !== undefined) devices.add(resident.device);
  if (devices.size > 1) {
    const names = [...devices].map((device) => `'${device.name}'`).join(' and ');
    throw new TesseraError(`evaluate: the graph joins tensors of ${names}; keep a graph on one device`);
  }
  return devices.values().next().value ?? (await defaultDevice());
}
