import type { Around, Device, DeviceBuffer, Dispatch, HostArray, Prepared, Readback } from './device.js';
import { REMEMBERED_PLANS } from './device.js';
import { DeviceLostError, OutOfMemoryError } from './errors.js';
import { BufferPool, sizeClass } from './pool.js';
import type { Choices } from './tuning.js';

/**
 * A buffer with one float64 for each element, which represents every f32, f16, i32 and u32 exactly. There is one
 * float64 for every two bytes, which suffices for any element type.
 */
class ReferenceBuffer implements DeviceBuffer {
  readonly values: Float64Array;
  constructor(readonly bytes: number) {
    this.values = new Float64Array(bytes / 2);
  }
}

const valuesOf = (buffer: DeviceBuffer): Float64Array => (buffer as ReferenceBuffer).values;

/**
 * A device that runs the float64 references of kernels on the CPU: slow, but precise, and with the same plans as a GPU.
 */
export class ReferenceDevice implements Device {
  readonly kind = 'reference';
  readonly name = 'reference (float64 on the CPU)';
  readonly software = true;
  readonly features: ReadonlySet<string> = new Set();
  readonly fingerprint = null;
  choices: Choices = new Map();
  readonly limits = {
    bufferBytes: 2 ** 31,
    bindingBytes: 2 ** 31,
    bindingAlignment: 4,
    storageBuffers: 8,
    bindGroups: Number.POSITIVE_INFINITY,
    invocations: 256,
    workgroupsPerDimension: 65_535,
    subgroupLanes: 0,
    subgroupMatrices: [],
  };
  readonly counters = { buffersCreated: 0, bindGroupsCreated: 0, pipelinesCreated: 0, submissions: 0 };
  readonly #pool = new BufferPool<ReferenceBuffer>('the reference device', () => {});
  readonly bindGroups = 0;
  rememberedPlans = REMEMBERED_PLANS;
  #closed = false;

  get memory() {
    return { bytes: this.#pool.bytes, buffers: this.#pool.count };
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  async allocate(bytes: number, owner: string): Promise<DeviceBuffer> {
    this.#assertOpen();
    if (bytes > this.limits.bufferBytes) {
      throw new OutOfMemoryError(
        `${owner}: ${bytes} bytes exceed the largest buffer of the reference device, ${2 ** 31} bytes`,
        bytes,
      );
    }
    const free = this.#pool.take(bytes, owner);
    if (free !== undefined) return free;
    let made = this.#createBuffer(sizeClass(bytes));
    if (made === undefined) {
      this.#pool.clear();
      made = this.#createBuffer(sizeClass(bytes));
    }
    if (made === undefined) throw this.#pool.outOfMemory(bytes, owner);
    this.#pool.add(made, owner);
    return made;
  }

  /** Creates a buffer; returns undefined if memory is exhausted. */
  #createBuffer(bytes: number): ReferenceBuffer | undefined {
    this.counters.buffersCreated++;
    try {
      return new ReferenceBuffer(bytes);
    } catch {
      return undefined;
    }
  }

  release(buffer: DeviceBuffer): void {
    if (!this.#closed) this.#pool.release(buffer as ReferenceBuffer);
  }

  write(buffer: DeviceBuffer, data: HostArray): void {
    this.#assertOpen();
    valuesOf(buffer).set(data);
  }

  async prepare(dispatches: readonly Dispatch[]): Promise<Prepared> {
    this.#assertOpen();
    const own = dispatches.map(({ uniforms, bindings, ...rest }) => ({
      ...rest,
      uniforms: { ...uniforms },
      bindings: { ...bindings },
    }));
    return {
      dispatches: own,
      bindGroups: 0,
      set: (dispatch, name, value) => {
        own[dispatch].uniforms[name] = value;
      },
      bind: (dispatch, name, buffer) => {
        own[dispatch].bindings[name] = buffer;
      },
      release: () => {},
    };
  }

  async submit(prepared: Prepared, around: Around = {}): Promise<HostArray[]> {
    this.#assertOpen();
    this.counters.submissions++;
    const copy = (list: Around['before']) => {
      for (const { from, to, bytes } of list ?? []) valuesOf(to).set(valuesOf(from).subarray(0, bytes / 2));
    };
    copy(around.before);
    for (const dispatch of prepared.dispatches) run(dispatch);
    copy(around.after);
    return (around.readbacks ?? []).map(read);
  }

  async profile(prepared: Prepared): Promise<number[]> {
    return prepared.dispatches.map((dispatch) => {
      const start = performance.now();
      run(dispatch);
      return (performance.now() - start) * 1e6;
    });
  }

  async idle(): Promise<void> {}

  close(): void {
    this.#closed = true;
    this.#pool.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new DeviceLostError('the reference device was closed: open a new one with openDevice()');
  }
}

function run({ kernel, bindings, windows, uniforms }: Dispatch): void {
  if (kernel.workgroups(uniforms) === 0) return;
  const given: Record<string, Float64Array | number> = { ...uniforms };
  for (const name in bindings) {
    const window = windows?.[name];
    const whole = valuesOf(bindings[name]);
    given[name] = window === undefined ? whole : whole.subarray(window.first, window.first + window.length);
  }
  kernel.reference(given);
}

function read({ from, type, length }: Readback): HostArray {
  const values = valuesOf(from).subarray(0, length);
  if (type === 'f32' || type === 'f16') return values.slice();
  if (type === 'i32') return Int32Array.from(values);
  return type === 'u32' ? Uint32Array.from(values) : Uint8Array.from(values);
}
