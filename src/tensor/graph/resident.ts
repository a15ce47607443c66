import type { Device, DeviceBuffer } from '../../gpu/device.js';

/** Gives the memory of evaluated tensors back when nobody holds them any more. */
const collected = new FinalizationRegistry<Pick<Resident, 'device' | 'buffer'>>(({ device, buffer }) =>
  device.release(buffer),
);

/** A value that `evaluate` keeps on a device, for one tensor or for several of the same value. */
export class Resident {
  #holders = 1;

  constructor(
    readonly device: Device,
    readonly buffer: DeviceBuffer,
  ) {
    collected.register(this, { device, buffer }, this);
  }

  /** The same value, for one more tensor. */
  share(): this {
    this.#holders++;
    return this;
  }

  /** Gives the memory back once all of its tensors have dropped it. */
  drop(): void {
    if (--this.#holders > 0) return;
    collected.unregister(this);
    this.device.release(this.buffer);
  }
}
