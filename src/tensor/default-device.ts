import type { Device } from '../gpu/device.js';
import { openDevice } from '../gpu/open.js';
import { type Check, expectValue, optional } from './options.js';

/** The only global state: the device of graphs that name none, either set by the user or opened at first use. */
let chosen: Device | undefined;
let opened: Promise<Device> | undefined;

/**
 * Returns the device that graphs without variables run on. The first call opens the best one; a device that was closed
 * or lost is replaced.
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

const DEVICE: Check = optional({
  expected: 'a device, as `await openDevice()` returns it',
  fits: (value) => typeof value === 'object' && value !== null && 'isOpen' in value,
});

/** Sets the default device, even after it is closed; with undefined, the next use opens one again. */
export function setDefaultDevice(device: Device | undefined): void {
  expectValue('setDefaultDevice', 'the device', device, DEVICE);
  chosen = device;
  opened = undefined;
}
