import type { Device } from '../gpu/device.js';
import { openDevice } from '../gpu/open.js';

/** The one piece of global state: the device of graphs that name none, as it was chosen, or opened at first use. */
let chosen: Device | undefined;
let opened: Promise<Device> | undefined;

/**
 * The device that graphs without variables run on; opens the best one at first use, and another one after that was
 * closed or lost.
 */
export async function defaultDevice(): Promise<Device> {
  if (chosen !== undefined) return chosen;
  opened ??= openDevice();
  const mine = opened;
  const device = await mine.catch(() => undefined);
  if (device?.isOpen) return device;
  if (opened === mine) opened = undefined;
  return device === undefined ? mine : defaultDevice();
}

/** Makes a device the default, also after it was closed; undefined lets the next use choose anew. */
export function setDefaultDevice(device: Device | undefined): void {
  chosen = device;
  opened = undefined;
}
