import type { Device } from '../gpu/device.js';
import { openDevice } from '../gpu/open.js';

/** The one piece of global state: the device of graphs that name none. */
let current: Promise<Device> | undefined;

/** The device that graphs without variables run on; opens the best one at first use. */
export function defaultDevice(): Promise<Device> {
  current ??= openDevice();
  return current;
}

/** Makes a device the default; undefined lets the next use choose anew. */
export function setDefaultDevice(device: Device | undefined): void {
  current = device === undefined ? undefined : Promise.resolve(device);
}
