import { bytesOf, type Device, type DeviceBuffer, type Window } from '../../gpu/device.js';
import { sizeClass } from '../../gpu/pool.js';

/**
 * Memory of a plan: a slot for a leaf's values, a variable's own memory, or workspace that lives for some dispatches.
 */
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

/** The elements of a storage that a binding is bound to. */
export interface Bound extends Window {
  readonly storage: Storage;
}

/** Bytes of the memory of some elements. */
export const memoryFor = ({ type, length }: Pick<Window, 'type' | 'length'>): number =>
  Math.max(16, bytesOf(type, length));

/**
 * Gives each workspace storage of some dispatches a buffer, reusing those whose last reader has run; what is `kept`
 * lives to the end. Returns the buffers' sizes.
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

/**
 * Workspace buffers of a device by size class. Plans run one after the other, so all of them share the same ones: a
 * plan that needs three of a class has the first three.
 */
export class Workspace {
  readonly #buffers = new Map<number, DeviceBuffer[]>();
  constructor(private readonly device: Device) {}

  /** The size of all buffers in bytes. */
  get bytes(): number {
    return [...this.#buffers].reduce((sum, [size, list]) => sum + size * list.length, 0);
  }

  /** A buffer for each of the sizes. */
  async borrow(sizes: readonly number[], owner: string): Promise<DeviceBuffer[]> {
    const borrowed: DeviceBuffer[] = [];
    for (const [position, size] of sizes.entries()) {
      const list = this.#buffers.get(size) ?? [];
      this.#buffers.set(size, list);
      const index = sizes.slice(0, position).filter((other) => other === size).length;
      list[index] ??= await this.device.allocate(size, owner);
      borrowed.push(list[index]);
    }
    return borrowed;
  }

  /** Gives back the buffers that none of the plans needs, of which the sizes are given. */
  trim(plans: readonly (readonly number[])[]): void {
    for (const [size, list] of this.#buffers) {
      const needed = plans.map((sizes) => sizes.filter((other) => other === size).length);
      for (const buffer of list.splice(Math.max(0, ...needed))) this.device.release(buffer);
    }
  }
}
