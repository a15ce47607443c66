import type { Device, DeviceBuffer } from '../../gpu/device.js';

/** A buffer, and how many plans use it. */
interface Shared {
  readonly buffer: DeviceBuffer;
  users: number;
}

/** Workspace buffers by size class. Plans run one after the other, so all of them share the same ones. */
export class Workspace {
  readonly #buffers = new Map<number, Shared[]>();
  constructor(private readonly device: Device) {}

  /** Bytes of all buffers that are borrowed. */
  get bytes(): number {
    let sum = 0;
    for (const [size, list] of this.#buffers) sum += size * list.length;
    return sum;
  }

  /** A buffer for each of the sizes. Nothing is borrowed where there is no memory for one of them. */
  async borrow(sizes: readonly number[], owner: string): Promise<DeviceBuffer[]> {
    const borrowed: DeviceBuffer[] = [];
    try {
      for (const { list, index, size } of this.#entries(sizes)) {
        list[index] ??= { buffer: await this.device.allocate(size, owner), users: 0 };
        list[index].users++;
        borrowed.push(list[index].buffer);
      }
    } catch (error) {
      this.giveBack(sizes.slice(0, borrowed.length));
      throw error;
    }
    return borrowed;
  }

  giveBack(sizes: readonly number[]): void {
    for (const { list, index } of this.#entries(sizes)) list[index].users--;
    for (const list of this.#buffers.values()) {
      for (let last = list.at(-1); last?.users === 0; last = list.at(-1)) {
        this.device.release(last.buffer);
        list.pop();
      }
    }
  }

  /** Where the buffers of some sizes are: those of one size are used in their order. */
  #entries(sizes: readonly number[]) {
    const used = new Map<number, number>();
    return sizes.map((size) => {
      const index = used.get(size) ?? 0;
      used.set(size, index + 1);
      const list = this.#buffers.get(size) ?? [];
      this.#buffers.set(size, list);
      return { list, index, size };
    });
  }
}
