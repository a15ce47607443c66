import { sizeClass } from '../../gpu/pool.js';

/** Memory of a plan: a slot for a leaf's values, a variable's own memory, or workspace that lives for some dispatches. */
export class Storage {
  /** The first and the last dispatch that touches it. */
  first = Number.POSITIVE_INFINITY;
  last = -1;
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

/** Gives every workspace storage a buffer, reusing those whose last reader has run. Returns the buffers' sizes. */
export function assignWorkspace(storages: Iterable<Storage>): number[] {
  const sizes: number[] = [];
  const free = new Map<number, number[]>();
  const own = [...storages].filter((storage) => storage.kind === 'workspace').sort((a, b) => a.first - b.first);
  const live: Storage[] = [];
  for (const storage of own) {
    for (let index = live.length - 1; index >= 0; index--) {
      const ended = live[index];
      if (ended.last >= storage.first) continue;
      live.splice(index, 1);
      const size = sizes[ended.workspace];
      free.set(size, [...(free.get(size) ?? []), ended.workspace]);
    }
    const size = sizeClass(storage.bytes);
    storage.workspace = free.get(size)?.pop() ?? sizes.push(size) - 1;
    live.push(storage);
  }
  return sizes;
}
