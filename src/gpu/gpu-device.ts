import { subgroupMatricesOf } from './adapter.js';
import {
  type Around,
  bytesOf,
  type Counters,
  type Device,
  type DeviceBuffer,
  type DeviceLimits,
  type Dispatch,
  type ElementType,
  type HostArray,
  lackOf,
  type Prepared,
  REMEMBERED_PLANS,
  type Readback,
  type Window,
} from './device.js';
import { DeviceLostError, KernelError, OutOfMemoryError, TesseraError } from './errors.js';
import { packF16, unpackF16 } from './f16.js';
import { PipelineCache } from './pipelines.js';
import { BufferPool, sizeClass } from './pool.js';
import { measurePasses } from './timestamps.js';
import type { Choices, Fingerprint } from './tuning.js';
import { UniformArena } from './uniforms.js';

class GpuBuffer implements DeviceBuffer {
  static #count = 0;
  readonly id = GpuBuffer.#count++;
  constructor(
    readonly bytes: number,
    readonly gpu: GPUBuffer,
  ) {}
}

const gpuOf = (buffer: DeviceBuffer): GPUBuffer => (buffer as GpuBuffer).gpu;

/** A dispatch that is ready to be encoded. */
interface BoundDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly x: number;
  readonly y: number;
}

/** The bind groups of a plan, by dispatch and the buffers that it binds: these may alternate. */
class BindGroups {
  readonly #groups = new Map<string, GPUBindGroup>();
  /** `most` bounds the cached groups, so that buffers that change at each step do not accumulate groups. */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.#groups.size;
  }

  clear(): void {
    this.#groups.clear();
  }

  get(key: string, create: () => GPUBindGroup): GPUBindGroup {
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= this.most) this.#groups.clear();
    const made = create();
    this.#groups.set(key, made);
    return made;
  }
}

class PreparedOnGpu implements Prepared {
  /** The time that the device takes, estimated from earlier runs; 0 while unknown. */
  milliseconds = 0;
  runs = 0;
  readonly #bindings: Record<string, DeviceBuffer>[];
  constructor(
    readonly dispatches: readonly Dispatch[],
    readonly bound: BoundDispatch[],
    readonly arena: UniformArena,
    readonly uniforms: GpuBuffer | undefined,
    private readonly groups: BindGroups,
    private readonly rebind: (dispatch: Dispatch, index: number) => BoundDispatch,
    readonly release: () => void,
  ) {
    this.#bindings = dispatches.map(({ bindings }) => ({ ...bindings }));
  }

  get bindGroups(): number {
    return this.groups.size;
  }

  /**
   * Updates the estimate after a run. The first two runs include compilation. The estimate grows by at most 5%, as a
   * measured time includes a sleep that was too long.
   */
  took(milliseconds: number): void {
    if (++this.runs <= 2) return;
    this.milliseconds = this.milliseconds === 0 ? milliseconds : Math.min(milliseconds, 1.05 * this.milliseconds);
  }

  set(dispatch: number, name: string, value: number): void {
    this.arena.set(dispatch, name, value);
  }

  bind(dispatch: number, name: string, buffer: DeviceBuffer): void {
    const bindings = this.#bindings[dispatch];
    if (bindings[name] === buffer) return;
    bindings[name] = buffer;
    this.bound[dispatch] = this.rebind({ ...this.dispatches[dispatch], bindings }, dispatch);
  }
}

/** A device that runs kernels through WebGPU, on a GPU or a software adapter. */
export class GpuDevice implements Device {
  readonly kind = 'gpu';
  readonly limits: DeviceLimits;
  readonly features: ReadonlySet<string>;
  readonly counters: Counters = { buffersCreated: 0, bindGroupsCreated: 0, pipelinesCreated: 0, submissions: 0 };
  rememberedPlans = REMEMBERED_PLANS;
  readonly #storage: BufferPool<GpuBuffer>;
  readonly #staging: BufferPool<GpuBuffer>;
  readonly #pipelines: PipelineCache;
  /** The submissions since the last wait: their number, the last one, and their estimated time. */
  #unawaited: { count: number; last?: PreparedOnGpu; milliseconds: number } = { count: 0, milliseconds: 0 };
  #bindGroups = 0;
  readonly #collected = new FinalizationRegistry<undefined>(() => this.#bindGroups--);
  /** The first error outside of any error scope; the next call throws it. */
  #fault: Error | undefined;

  constructor(
    readonly name: string,
    readonly software: boolean,
    readonly gpu: GPUDevice,
    readonly fingerprint: Fingerprint,
    public choices: Choices,
    private readonly onClose: () => void = () => {},
  ) {
    this.features = new Set([...gpu.features]);
    this.limits = {
      bufferBytes: gpu.limits.maxBufferSize,
      bindingBytes: Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize),
      bindingAlignment: gpu.limits.minStorageBufferOffsetAlignment,
      storageBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
      // lavapipe uses a memory mapping for each; beyond the 65,530 mappings of a Linux process it crashes.
      bindGroups: software ? 50_000 : Number.POSITIVE_INFINITY,
      invocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
      workgroupsPerDimension: gpu.limits.maxComputeWorkgroupsPerDimension,
      subgroupLanes: gpu.features.has('subgroups') ? gpu.adapterInfo.subgroupMinSize : 0,
      subgroupMatrices: this.features.has('chromium-experimental-subgroup-matrix')
        ? subgroupMatricesOf(gpu.adapterInfo)
        : [],
    };
    const destroy = (buffer: GpuBuffer) => buffer.gpu.destroy();
    this.#storage = new BufferPool(name, destroy);
    this.#staging = new BufferPool(name, destroy, 64 * 2 ** 20);
    this.#pipelines = new PipelineCache(gpu, () => this.counters.pipelinesCreated++);
    gpu.addEventListener('uncapturederror', (event) => {
      this.#fault ??= typed(event.error, 'a submission');
    });
    void gpu.lost.then((info) => {
      if (!this.isOpen) return;
      this.#fault = new DeviceLostError(
        `${name}: the device was lost (${info.message || info.reason}); open a new one`,
      );
    });
  }

  get memory() {
    return { bytes: this.#storage.bytes + this.#staging.bytes, buffers: this.#storage.count + this.#staging.count };
  }

  get bindGroups(): number {
    return this.#bindGroups;
  }

  get isOpen(): boolean {
    return !(this.#fault instanceof DeviceLostError);
  }

  /** Takes a buffer from the pool, or creates one. */
  async #acquire(bytes: number, owner: string): Promise<GpuBuffer> {
    const free = this.#storage.take(bytes, owner);
    if (free !== undefined) return free;
    let made = await this.#createBuffer(sizeClass(bytes));
    if (made === undefined) {
      await this.#makeRoom();
      made = await this.#createBuffer(sizeClass(bytes));
    }
    this.#assertSound();
    if (made === undefined) throw this.#storage.outOfMemory(bytes, owner);
    this.#storage.add(made, owner);
    return made;
  }

  /** Creates a buffer; returns undefined if memory is exhausted, as using an invalid buffer would fail later. */
  async #createBuffer(size: number): Promise<GpuBuffer | undefined> {
    this.counters.buffersCreated++;
    const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST | UNIFORM;
    const { made, exhausted } = await this.#scoped(() => this.gpu.createBuffer({ size, usage }));
    if (exhausted === null) return new GpuBuffer(size, made);
    made.destroy();
    return undefined;
  }

  /** Destroys free buffers, and waits until the device has freed their memory. */
  async #makeRoom(): Promise<void> {
    this.#storage.clear();
    this.#staging.clear();
    await this.gpu.queue.onSubmittedWorkDone();
  }

  async allocate(bytes: number, owner: string): Promise<DeviceBuffer> {
    this.#assertSound();
    if (bytes > this.limits.bufferBytes) {
      throw new OutOfMemoryError(
        `${owner}: ${bytes} bytes exceed the largest buffer of ${this.name} (${this.limits.bufferBytes} bytes); split the tensor`,
        bytes,
      );
    }
    return this.#acquire(bytes, owner);
  }

  release(buffer: DeviceBuffer): void {
    if (!(this.#fault instanceof DeviceLostError)) this.#storage.release(buffer as GpuBuffer);
  }

  write(buffer: DeviceBuffer, data: HostArray, type?: ElementType): void {
    this.#assertSound();
    const words = type === 'f16' ? packF16(data) : wordsOf(data);
    // Dawn rejects views of shared memory, so these are copied.
    const own = words.buffer instanceof ArrayBuffer ? words : words.slice();
    this.gpu.queue.writeBuffer(gpuOf(buffer), 0, own);
  }

  async prepare(dispatches: readonly Dispatch[]): Promise<Prepared> {
    this.#assertSound();
    for (const { kernel, label } of dispatches) {
      const lack = lackOf(kernel, this);
      if (lack !== undefined) throw new KernelError(`${label}: ${this.name} cannot run '${kernel.name}': ${lack}`);
    }
    const pipelines = await Promise.all(dispatches.map((d) => this.#pipelines.get(d.kernel, d.label)));
    const arena = new UniformArena(dispatches, this.gpu.limits.minUniformBufferOffsetAlignment);
    const where = dispatches.map((dispatch) => dispatch.label).join('; ');
    const size = arena.bytes.byteLength;
    const uniforms = size === 0 ? undefined : await this.#acquire(size, 'uniforms');
    const release = () => {
      if (uniforms !== undefined) this.release(uniforms);
    };
    const groups = new BindGroups(16 + 2 * dispatches.length);
    const bind = (dispatch: Dispatch, index: number): BoundDispatch => {
      const { pipeline, layout } = pipelines[index];
      const key = `${index}: ${Object.values(dispatch.bindings).map((buffer) => (buffer as GpuBuffer).id)}`;
      const create = () => this.#createBindGroup(dispatch, layout, arena.blocks[index], uniforms);
      return { pipeline, group: groups.get(key, create), ...this.#gridOf(dispatch) };
    };
    try {
      const { made: bound, exhausted, invalid } = await this.#scoped(() => dispatches.map(bind));
      const error = exhausted ?? invalid;
      if (error !== null) throw typed(error, where);
      this.#assertSound();
      return new PreparedOnGpu(dispatches, bound, arena, uniforms, groups, bind, release);
    } catch (error) {
      groups.clear(); // The error's stack trace keeps this scope alive.
      release();
      throw error;
    }
  }

  /** Runs synchronous work within error scopes, and returns its result and the errors. */
  async #scoped<T>(work: () => T): Promise<{ made: T; exhausted: GPUError | null; invalid: GPUError | null }> {
    this.gpu.pushErrorScope('out-of-memory');
    this.gpu.pushErrorScope('validation');
    let scopes: Promise<[GPUError | null, GPUError | null]>;
    let made: T;
    try {
      made = work();
    } finally {
      scopes = Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()]);
    }
    const [invalid, exhausted] = await scopes;
    return { made, exhausted, invalid };
  }

  #createBindGroup(
    { kernel, bindings, windows, label }: Dispatch,
    layout: GPUBindGroupLayout,
    blocks: UniformArena['blocks'][0],
    arena: GpuBuffer | undefined,
  ): GPUBindGroup {
    if (this.#bindGroups >= this.limits.bindGroups) {
      throw new OutOfMemoryError(
        `${label}: ${this.name} has reached its limit of ${this.#bindGroups} bind groups; evaluate the graph in several parts`,
        0,
      );
    }
    let block = 0;
    const entries = kernel.bindings.map(({ name, access }, binding): GPUBindGroupEntry => {
      const buffer = access === 'uniform' ? arena : bindings[name];
      if (buffer === undefined) throw new TesseraError(`${label}: binding '${name}' of '${kernel.name}' has no buffer`);
      if (access !== 'uniform') return { binding, resource: this.#resourceOf(gpuOf(buffer), windows?.[name]) };
      // Not a dynamic offset: lavapipe copies the bind group whenever it is set with one.
      const { offset, bytes } = blocks[block++];
      return { binding, resource: { buffer: gpuOf(buffer), offset, size: bytes } };
    });
    const group = this.gpu.createBindGroup({ label, layout, entries });
    this.counters.bindGroupsCreated++;
    this.#bindGroups++;
    this.#collected.register(group, undefined);
    return group;
  }

  #gridOf({ kernel, uniforms }: Dispatch): Pick<BoundDispatch, 'x' | 'y'> {
    const count = kernel.workgroups(uniforms);
    const x = Math.min(count, this.limits.workgroupsPerDimension);
    return { x, y: x === 0 ? 0 : Math.ceil(count / x) };
  }

  /** Returns the binding of a buffer or a window of it; sizes are multiples of 16 bytes, as kernels may read vec4s. */
  #resourceOf(buffer: GPUBuffer, window?: Window): GPUBufferBinding {
    if (window === undefined) return { buffer, size: Math.min(buffer.size, this.limits.bindingBytes) };
    const offset = bytesOf(window.type, window.first);
    const size = 16 * Math.max(1, Math.ceil(bytesOf(window.type, window.length) / 16));
    return { buffer, offset, size: Math.min(size, buffer.size - offset) };
  }

  submit(prepared: Prepared, around: Around = {}): Promise<HostArray[]> {
    this.#assertSound();
    const plan = prepared as PreparedOnGpu;
    this.#writeUniforms(plan);
    const encoder = this.gpu.createCommandEncoder();
    copyAll(encoder, around.before);
    if (plan.bound.length > 0) {
      const pass = encoder.beginComputePass();
      for (const bound of plan.bound) dispatchInto(pass, bound);
      pass.end();
    }
    copyAll(encoder, around.after);
    const readbacks = around.readbacks ?? [];
    const bytes = readbacks.reduce((sum, { type, length }) => sum + bytesOf(type, length), 0);
    const isRead = readbacks.length > 0;
    const staging = isRead ? this.#staging.take(bytes, 'reading') : undefined;
    if (staging !== undefined) copyToStaging(encoder, readbacks, staging);
    this.gpu.queue.submit([encoder.finish()]);
    this.counters.submissions++;
    const { count, milliseconds } = this.#unawaited;
    this.#unawaited = isRead
      ? { count: 0, milliseconds: 0 }
      : { count: count + 1, last: plan, milliseconds: milliseconds + plan.milliseconds };
    if (!isRead) return Promise.resolve([]);
    return staging === undefined ? this.#readIntoNew(bytes, readbacks, plan) : this.#read(staging, readbacks, plan);
  }

  #writeUniforms(plan: PreparedOnGpu): void {
    if (!plan.arena.dirty || plan.uniforms === undefined) return;
    this.gpu.queue.writeBuffer(plan.uniforms.gpu, 0, plan.arena.bytes);
    plan.arena.dirty = false;
  }

  /** Reads through a new staging buffer, in a separate submission, so that exhausted memory fails nothing else. */
  async #readIntoNew(bytes: number, readbacks: readonly Readback[], plan: PreparedOnGpu): Promise<HostArray[]> {
    this.counters.buffersCreated++;
    const size = sizeClass(bytes);
    const { made, exhausted, invalid } = await this.#scoped(() => {
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const staging = new GpuBuffer(size, this.gpu.createBuffer({ size, usage }));
      const encoder = this.gpu.createCommandEncoder();
      copyToStaging(encoder, readbacks, staging);
      this.gpu.queue.submit([encoder.finish()]);
      return staging;
    });
    if (exhausted !== null) {
      made.gpu.destroy();
      await this.#makeRoom();
      throw this.#storage.outOfMemory(size, 'reading');
    }
    if (invalid !== null) throw typed(invalid, 'reading');
    this.#staging.add(made, 'reading');
    return this.#read(made, readbacks, plan);
  }

  async #read(staging: GpuBuffer, readbacks: readonly Readback[], plan: PreparedOnGpu): Promise<HostArray[]> {
    const start = performance.now();
    await this.#sleepMostOf(plan.milliseconds);
    try {
      await staging.gpu.mapAsync(GPUMapMode.READ);
    } catch (error) {
      throw (
        this.#fault ??
        new DeviceLostError(`${this.name}: reading back failed: ${(error as Error).message}; open a new device`)
      );
    }
    plan.took(performance.now() - start);
    const mapped = staging.gpu.getMappedRange();
    let offset = 0;
    const values = readbacks.map(({ type, length }) => {
      const begin = offset;
      offset += bytesOf(type, length);
      const part = mapped.slice(begin, offset);
      if (type === 'f16') return unpackF16(part, length);
      if (type === 'f32') return new Float32Array(part);
      if (type === 'i32') return new Int32Array(part);
      return type === 'u32' ? new Uint32Array(part) : Uint8Array.from(new Uint32Array(part));
    });
    staging.gpu.unmap();
    this.#staging.release(staging);
    this.#assertSound();
    return values;
  }

  /** Sleeps for most of an estimated time on software adapters, as Dawn's polling takes a core away from their work. */
  async #sleepMostOf(milliseconds: number): Promise<void> {
    if (this.software && milliseconds > 2) await new Promise((resolve) => setTimeout(resolve, 0.8 * milliseconds));
  }

  async profile(prepared: Prepared): Promise<number[]> {
    this.#assertSound();
    const plan = prepared as PreparedOnGpu;
    if (!this.features.has('timestamp-query')) {
      throw new TesseraError(`profile: ${this.name} has no timestamp-query; time whole submissions instead`);
    }
    this.#writeUniforms(plan);
    return measurePasses(
      this.gpu,
      plan.bound.map((bound) => (pass) => dispatchInto(pass, bound)),
      () => this.#sleepMostOf(plan.milliseconds),
    );
  }

  async idle(): Promise<void> {
    const start = performance.now();
    const { count, last, milliseconds } = this.#unawaited;
    this.#unawaited = { count: 0, milliseconds: 0 };
    await this.#sleepMostOf(milliseconds);
    await this.gpu.queue.onSubmittedWorkDone();
    if (count === 1) last?.took(performance.now() - start);
    this.#assertSound();
  }

  close(): void {
    this.#fault = new DeviceLostError(`${this.name}: the device was closed; open a new one with openDevice()`);
    this.#storage.clear();
    this.#staging.clear();
    const end = () => {
      this.gpu.destroy();
      this.onClose();
    };
    // Some drivers crash if a device is destroyed while they compile for it.
    const { compiling } = this.#pipelines;
    if (compiling.size === 0) end();
    else void Promise.allSettled(compiling).then(end);
  }

  /** Throws the error that occurred since the last call; a lost device stays lost. */
  #assertSound(): void {
    const fault = this.#fault;
    if (fault === undefined) return;
    if (!(fault instanceof DeviceLostError)) this.#fault = undefined;
    throw fault;
  }
}

/** Converts data to 32-bit words. */
function wordsOf(data: HostArray): Exclude<HostArray, Float64Array | Uint8Array> {
  if (data instanceof Float64Array) return new Float32Array(data);
  return data instanceof Uint8Array ? new Uint32Array(data) : data;
}

function dispatchInto(pass: GPUComputePassEncoder, { pipeline, group, x, y }: BoundDispatch): void {
  if (x === 0) return;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(x, y);
}

function copyToStaging(encoder: GPUCommandEncoder, readbacks: readonly Readback[], staging: GpuBuffer): void {
  let offset = 0;
  for (const { from, type, length } of readbacks) {
    const bytes = bytesOf(type, length);
    if (length > 0) encoder.copyBufferToBuffer(gpuOf(from), 0, staging.gpu, offset, bytes);
    offset += bytes;
  }
}

function copyAll(encoder: GPUCommandEncoder, copies: Around['before'] = []): void {
  for (const { from, to, bytes } of copies) encoder.copyBufferToBuffer(gpuOf(from), 0, gpuOf(to), 0, bytes);
}

function typed(error: GPUError, where: string): Error {
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return new OutOfMemoryError(`${where}: the device has no memory left (${error.message}); use smaller batches`, 0);
  }
  return new KernelError(`${where}: the device reported an error: ${error.message}`);
}
