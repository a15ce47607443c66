import type { Device, DeviceBuffer } from '../../gpu/device.js';

/** Workspace buffers by size class. Plans run one after the other, so all of them share the same ones. */
export class Workspace {
  readonly #buffers = new Map<number, { buffer: DeviceBuffer; users: number }[]>();
  constructor(private readonly device: Device) {}

  borrow(sizes: readonly number[], owner: string): DeviceBuffer[] {
    return this.#entries(sizes, (list, index, size) => {
      list[index] ??= { buffer: this.device.allocate(size, owner), users: 0 };
      list[index].users++;
      return list[index].buffer;
    });
  }

  giveBack(sizes: readonly number[]): void {
    this.#entries(sizes, (list, index) => {
      list[index].users--;
    });
    for (const list of this.#buffers.values()) {
      while (list.length > 0 && list.at(-1)!.users === 0) this.device.release(list.pop()!.buffer);
    }
  }

  #entries<T>(
    sizes: readonly number[],
    use: (list: { buffer: DeviceBuffer; users: number }[], index: number, size: number) => T,
  ): T[] {
    const used = new Map<number, number>();
    return sizes.map((size) => {
      const index = used.get(size) ?? 0;
      used.set(size, index + 1);
      const list = this.#buffers.get(size) ?? [];
      this.#buffers.set(size, list);
      return use(list, index, size);
    });
  }
}
