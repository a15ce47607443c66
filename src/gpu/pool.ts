/** What a pool needs to know of a buffer. */
export interface Pooled {
  readonly bytes: number;
}

/** Large buffers come in steps of so many bytes. */
const LARGEST_STEP = 2 ** 25;

/** Four classes to an octave, from 256 bytes: a buffer is never more than a quarter larger than what was asked for. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.min(LARGEST_STEP, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}

/**
 * Buffers by size class. `acquire` hands out a free one or makes one; `release` takes it back.
 * Free buffers beyond `idleLimit` bytes are destroyed, oldest first.
 */
export class BufferPool<Buffer extends Pooled> {
  readonly #free = new Map<number, Buffer[]>();
  #idleBytes = 0;
  #bytes = 0;
  #count = 0;

  constructor(
    private readonly create: (bytes: number) => Buffer,
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

  acquire(bytes: number): Buffer {
    const size = sizeClass(bytes);
    const buffer = this.#free.get(size)?.pop();
    if (buffer !== undefined) {
      this.#idleBytes -= size;
      return buffer;
    }
    const made = this.create(size);
    this.#bytes += size;
    this.#count++;
    return made;
  }

  release(buffer: Buffer): void {
    const free = this.#free.get(buffer.bytes) ?? [];
    // Re-inserting moves the class to the end of the map: the first class is the one longest unused.
    this.#free.delete(buffer.bytes);
    this.#free.set(buffer.bytes, free);
    free.push(buffer);
    this.#idleBytes += buffer.bytes;
    for (const list of this.#free.values()) {
      while (this.#idleBytes > this.idleLimit && list.length > 0) this.#discard(list.shift()!);
    }
  }

  /** Destroys every free buffer. */
  clear(): void {
    for (const list of this.#free.values()) for (const buffer of list.splice(0)) this.#discard(buffer);
  }

  #discard(buffer: Buffer): void {
    this.#idleBytes -= buffer.bytes;
    this.#bytes -= buffer.bytes;
    this.#count--;
    this.destroy(buffer);
  }
}
