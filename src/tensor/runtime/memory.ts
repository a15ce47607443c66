import { bytesOf, type Device, type DeviceBuffer, type Window } from '../../gpu/device.js';
import { sizeClass } from '../../gpu/pool.js';

/** Memory of a plan: a slot for a leaf's values, a variable's own memory, or workspace that lives for some dispatches. */
export class Storage {
  /** Which of the plan's workspace buffers it was given. */
  workspace = -1;
  constructor(
    readonly kind: 'slot' | 'variable' | 'workspace',
    readonly bytes: number,
    /** What it holds, in words. */
    readonly owner: string,
    /** Position among the trace's slots or variables. */
    readonly position = -1,
  ) {}
}

/** What a binding is bound to: elements of a storage. */
export interface Bound extends Window {
  readonly storage: Storage;
}

/** Bytes of the memory of some elements. */
export const memoryFor = ({ type, length }: Pick<Window, 'type' | 'length'>): number =>
  Math.max(16, bytesOf(type, length));

/**
 * Gives each workspace storage of some dispatches a buffer, reusing those whose last reader has run; what is `kept` lives to
 * the end. Returns the buffers' sizes.
 */
export function assignWorkspace(
  dispatches: readonly { readonly storages: Readonly<Record<string, Storage>> }[],
  kept: ReadonlySet<Storage | undefined>,
): number[] {
  const lives = new Map<Storage, { first: number; last: number }>();
  dispatches.forEach(({ storages }, position) => {
    for (const storage of Object.values(storages))
      if (storage.kind === 'workspace')
        lives.set(storage, {
          first: lives.get(storage)?.first ?? position,
          last: kept.has(storage) ? Number.POSITIVE_INFINITY : position,
        });
  });
  const sizes: number[] = [];
  const free = new Map<number, number[]>();
  let live: { storage: Storage; last: number }[] = [];
  // In the order of their first dispatches, as the map has them.
  for (const [storage, { first, last }] of lives) {
    for (const ended of live.filter((one) => one.last < first)) {
      const size = sizes[ended.storage.workspace];
      free.set(size, [...(free.get(size) ?? []), ended.storage.workspace]);
    }
    live = live.filter((one) => one.last >= first);
    const size = sizeClass(storage.bytes);
    storage.workspace = free.get(size)?.pop() ?? sizes.push(size) - 1;
    live.push({ storage, last });
  }
  return sizes;
}

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
