import { type Device, type DeviceChoice, openDevice, setDefaultDevice } from '../tensor/index.js';
import type { Terminal } from './terminal.js';

/** Opens a device, prints its name, makes it the default while `work` runs, and closes it in any case. */
export async function withDevice<T>(
  choice: DeviceChoice,
  terminal: Terminal,
  work: (device: Device) => Promise<T>,
): Promise<T> {
  const device = await openDevice({ device: choice });
  const { size } = device.choices;
  terminal.note(`adapter: ${device.name}${size > 0 ? `, ${size} tuned choices` : ''}`);
  if (device.kind === 'reference') {
    terminal.note(
      "warning: the reference device computes in float64 on the CPU, which is slow; run 'tessera doctor' to see what to install",
    );
  }
  setDefaultDevice(device);
  try {
    return await work(device);
  } finally {
    setDefaultDevice(undefined);
    device.close();
  }
}
