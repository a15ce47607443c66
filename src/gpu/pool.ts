import { OutOfMemoryError } from './errors.js';

/** A buffer that a pool manages. */
export interface Pooled {
  readonly bytes: number;
}

/** The sizes of large buffers are multiples of this many bytes. */
const LARGEST_STEP = 2 ** 25;

/**
 * Rounds a size up to a size class. There are four classes per power of two, from 256 bytes on, so that a buffer is at
 * most a quarter larger than requested.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.min(LARGEST_STEP, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}

/** The number of owners of the most memory that an error names. */
const NAMED_HOLDERS = 5;

/**
 * A pool of buffers by size class: `take` returns a free buffer, `add` registers a new one, and `release` returns one
 * to the pool. Free buffers beyond `idleLimit` bytes are destroyed, least recently used classes first.
 */
export class BufferPool<Buffer extends Pooled> {
  readonly #free = new Map<number, Buffer[]>();
  readonly #owners = new Map<Buffer, string>();
  #idleBytes = 0;
  #bytes = 0;
  #count = 0;

  constructor(
    private readonly device: string,
    private readonly destroy: (buffer: Buffer) => void,
    private readonly idleLimit = 256 * 2 ** 20,
  ) {}

  /** The total size of all buffers in bytes, in use or free. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of buffers, in use or free. */
  get count(): number {
    return this.#count;
  }

  /** Returns a free buffer of at least `bytes`, or undefined if there is none. */
  take(bytes: number, owner: string): Buffer | undefined {
    const buffer = this.#free.get(sizeClass(bytes))?.pop();
    if (buffer === undefined) return undefined;
    this.#idleBytes -= buffer.bytes;
    this.#owners.set(buffer, owner);
    return buffer;
  }

  /** Registers a new buffer, which has the size of a size class. */
  add(buffer: Buffer, owner: string): void {
    this.#bytes += buffer.bytes;
    this.#count++;
    this.#owners.set(buffer, owner);
  }

  release(buffer: Buffer): void {
    this.#owners.delete(buffer);
    const free = this.#free.get(buffer.bytes) ?? [];
    // Re-inserting moves the class to the end of the map, so that the first one is the least recently used.
    this.#free.delete(buffer.bytes);
    this.#free.set(buffer.bytes, free);
    free.push(buffer);
    this.#idleBytes += buffer.bytes;
    for (const list of this.#free.values()) {
      while (this.#idleBytes > this.idleLimit && list.length > 0) this.#discard(list.shift());
    }
  }

  /** Destroys every free buffer. */
  clear(): void {
    for (const list of this.#free.values()) for (const buffer of list.splice(0)) this.#discard(buffer);
  }

  #discard(buffer: Buffer | undefined): void {
    if (buffer === undefined) return;
    this.#idleBytes -= buffer.bytes;
    this.#bytes -= buffer.bytes;
    this.#count--;
    this.destroy(buffer);
  }

  /** Returns the error for exhausted memory, which names the owners of the most memory. */
  outOfMemory(bytes: number, owner: string): OutOfMemoryError {
    const held = new Map<string, number>();
    for (const [buffer, holder] of this.#owners) held.set(holder, (held.get(holder) ?? 0) + buffer.bytes);
    const most = [...held].sort(([, a], [, b]) => b - a).slice(0, NAMED_HOLDERS);
    const holders = most.map(([holder, bytes]) => `${formatBytes(bytes)} by '${holder}'`).join(', ');
    const used = this.#bytes - this.#idleBytes;
    return new OutOfMemoryError(
      `${owner}: ${this.device} has no memory left for ${formatBytes(bytes)}; ${formatBytes(used)} are in use` +
        `${holders === '' ? '' : ` (${holders})`}; use smaller batches, or dispose of tensors that are not needed`,
      bytes,
    );
  }
}

const formatBytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
