import { OutOfMemoryError } from './errors.js';

/** What a pool needs to know of a buffer. */
export interface Pooled {
  readonly bytes: number;
}

/** Sizes of large buffers are multiples of this many bytes. */
const LARGEST_STEP = 2 ** 25;

/** Four classes to an octave, from 256 bytes: a buffer is never more than a quarter larger than what was asked for. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.min(LARGEST_STEP, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}

/** How many of those who hold the most memory an error names. */
const NAMED_HOLDERS = 5;

/**
 * Buffers by size class. `take` hands out a free one, `add` a new one; `release` takes them back.
 * Free buffers beyond `idleLimit` bytes are destroyed, oldest first.
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

  /** Bytes of all buffers that exist, in use or free. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many buffers exist, in use or free. */
  get count(): number {
    return this.#count;
  }

  /** A free buffer of at least `bytes`; undefined where there is none. */
  take(bytes: number, owner: string): Buffer | undefined {
    const buffer = this.#free.get(sizeClass(bytes))?.pop();
    if (buffer === undefined) return undefined;
    this.#idleBytes -= buffer.bytes;
    this.#owners.set(buffer, owner);
    return buffer;
  }

  /** Takes a new buffer, of the bytes of a size class, into its care. */
  add(buffer: Buffer, owner: string): void {
    this.#bytes += buffer.bytes;
    this.#count++;
    this.#owners.set(buffer, owner);
  }

  release(buffer: Buffer): void {
    this.#owners.delete(buffer);
    const free = this.#free.get(buffer.bytes) ?? [];
    // Re-inserting moves the class to the end of the map: the first class is the one longest unused.
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

  /** The error for memory that cannot be had, with those who hold the most. */
  outOfMemory(bytes: number, owner: string): OutOfMemoryError {
    const held = new Map<string, number>();
    for (const [buffer, holder] of this.#owners) held.set(holder, (held.get(holder) ?? 0) + buffer.bytes);
    const most = [...held].sort(([, a], [, b]) => b - a).slice(0, NAMED_HOLDERS);
    const holders = most.map(([holder, bytes]) => `${formatBytes(bytes)} by '${holder}'`).join(', ');
    const used = this.#bytes - this.#idleBytes;
    return new OutOfMemoryError(
      `${owner}: ${this.device} has no memory left for ${formatBytes(bytes)}; ${formatBytes(used)} are in use` +
        `${holders === '' ? '' : ` (${holders})`}. Use smaller batches, or dispose of tensors that are not needed`,
      bytes,
    );
  }
}

const formatBytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
