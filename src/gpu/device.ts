import type { Kernel, Needs, Span, SubgroupMatrixConfig } from './kernel.js';
import type { Choices, Origin } from './tuning.js';

/**
 * How an element is to be understood: four bytes, `bool` being a u32 that is 0 or 1; or two bytes, `f16`, which are
 * stored only: kernels compute with them as f32.
 */
export type ElementType = 'f32' | 'i32' | 'u32' | 'bool' | 'f16';

/** Bytes that elements take in a buffer, in whole vec4, as copies need them. */
export const bytesOf = (type: ElementType, count: number): number =>
  type === 'f16' ? 4 * Math.ceil(count / 2) : 4 * count;

/** True for more elements than a device binds at once. */
export const exceedsBinding = (
  type: ElementType,
  count: number,
  { bindingBytes }: Pick<DeviceLimits, 'bindingBytes'>,
): boolean => bytesOf(type, count) > bindingBytes;

/**
 * Numbers on the host. A Float64Array keeps its precision on the reference device and is rounded for a GPU. f16
 * stands in a Float32Array.
 */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Memory of one device, of at least `bytes` bytes. */
export interface DeviceBuffer {
  readonly bytes: number;
}

/** Elements of a buffer that holds elements of a type. */
export interface Window extends Span {
  readonly type: ElementType;
}

/** One kernel, the buffers behind its storage bindings, and the values of its uniforms. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly bindings: Readonly<Record<string, DeviceBuffer>>;
  /** Of which buffers only a part is bound; it begins at a multiple of the device's `bindingAlignment`. */
  readonly windows?: Readonly<Record<string, Window>>;
  readonly uniforms: Readonly<Record<string, number>>;
  /** Names the dispatch in errors and profiles, such as `matmul [32, 128] x [128, 10]`. */
  readonly label: string;
}

/** Dispatches made ready to be submitted again and again: pipelines, bind groups and uniforms exist. */
export interface Prepared {
  readonly dispatches: readonly Dispatch[];
  /** How many bind groups it holds. */
  readonly bindGroups: number;
  /** Changes a uniform of one dispatch, from the next submission on. */
  set(dispatch: number, name: string, value: number): void;
  /** Puts another buffer behind a storage binding of one dispatch, from the next submission on. */
  bind(dispatch: number, name: string, buffer: DeviceBuffer): void;
  release(): void;
}

export interface Copy {
  readonly from: DeviceBuffer;
  readonly to: DeviceBuffer;
  readonly bytes: number;
}

export interface Readback {
  readonly from: DeviceBuffer;
  readonly type: ElementType;
  readonly length: number;
}

/** What is done around the dispatches of one submission, all in the queue's order. */
export interface Around {
  readonly before?: readonly Copy[];
  readonly after?: readonly Copy[];
  readonly readbacks?: readonly Readback[];
}

/** What a device can hold and bind; planning keeps within it. */
export interface DeviceLimits {
  readonly bufferBytes: number;
  readonly bindingBytes: number;
  /** A binding begins at a multiple of this many bytes. */
  readonly bindingAlignment: number;
  readonly storageBuffers: number;
  /** How many bind groups may exist at once. */
  readonly bindGroups: number;
  readonly invocations: number;
  readonly workgroupsPerDimension: number;
  /** Lanes of the smallest subgroup that it may form; 0 without the feature `subgroups`. */
  readonly subgroupLanes: number;
  /** Matrices that a subgroup multiplies at once. */
  readonly subgroupMatrices: readonly SubgroupMatrixConfig[];
}

/** Running totals. Once a plan was replayed with every buffer that it is given in turn, none but `submissions` grows. */
export interface Counters {
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  submissions: number;
}

/** How many plans a device remembers by default. */
export const REMEMBERED_PLANS = 64;

/** Something that runs kernels: a GPU behind WebGPU, or their float64 references on the CPU. */
export interface Device {
  /** A GPU's adapter, or the float64 references on the CPU. */
  readonly kind: 'gpu' | 'reference';
  /** The adapter, in words. */
  readonly name: string;
  /** True where the CPU does a GPU's work. */
  readonly software: boolean;
  /** What its adapter allows. */
  readonly limits: DeviceLimits;
  /** Optional features that it has, by WebGPU's names. */
  readonly features: ReadonlySet<string>;
  /** What measurements on it hold for; null on the reference device, where there is nothing to measure. */
  readonly origin: Origin | null;
  /**
   * The variants of ops that were measured to be the fastest; ops that are not among them take what a rule says.
   * It may be replaced by another map at any time.
   */
  choices: Choices;
  /**
   * How many plans are remembered, each for graphs of one structure and shapes; beyond it the one longest unused is
   * forgotten, and is made anew where it is needed again. Default 64.
   */
  rememberedPlans: number;
  /** How often something was done since it was opened. */
  readonly counters: Readonly<Counters>;
  /** Bytes and number of the buffers that exist on the device now. */
  readonly memory: { readonly bytes: number; readonly buffers: number };
  /** How many bind groups exist. WebGPU cannot destroy them: they are there until they are collected as garbage. */
  readonly bindGroups: number;

  /**
   * A buffer from the pool. What it held before is not cleared. It may be larger than what is bound at once.
   * @throws OutOfMemoryError when `bytes` is more than one buffer may have, or there is no memory for it even after the
   * pool was emptied: `owner` names the culprit, and those who hold the most memory are named.
   */
  allocate(bytes: number, owner: string): Promise<DeviceBuffer>;
  /** Gives a buffer back to the pool. */
  release(buffer: DeviceBuffer): void;
  /** Copies data into a buffer, in order with what is submitted; as `f16` where that is the type of its elements. */
  write(buffer: DeviceBuffer, data: HostArray, type?: ElementType): void;
  /**
   * Compiles and binds.
   * @throws KernelError when the device refuses a kernel, OutOfMemoryError when it has no memory for the uniforms or
   * cannot hold as many bind groups.
   */
  prepare(dispatches: readonly Dispatch[]): Promise<Prepared>;
  /**
   * Submits at once; the promise brings the readbacks, in order, when the device has done them. Where there is no memory
   * to read them into, it is an OutOfMemoryError, and the rest is done.
   */
  submit(prepared: Prepared, around?: Around): Promise<HostArray[]>;
  /** Runs each dispatch in a pass of its own and returns the nanoseconds each took. */
  profile(prepared: Prepared): Promise<number[]>;
  /** Resolves when all that was submitted is done. */
  idle(): Promise<void>;
  /** False once it was closed or lost. */
  readonly isOpen: boolean;
  /**
   * Ends the device, when the pipelines that are being compiled are done; using it afterwards is a DeviceLostError.
   *
   * Where a process is made to exit, or a worker to terminate, Dawn and drivers end in the middle of what they do, which
   * may crash the process: before it, let evaluations finish (`await device.idle()`) and close the device.
   */
  close(): void;
}

/** What a kernel needs and a device lacks, in words; undefined where it runs. The reference device runs all. */
export function lackOf(
  { subgroupLanes, subgroupMatrix, f16, bindings }: Needs & Pick<Kernel, 'bindings'>,
  { kind, limits, features }: Pick<Device, 'kind' | 'limits' | 'features'>,
): string | undefined {
  if (kind === 'reference') return undefined;
  if (subgroupLanes > limits.subgroupLanes)
    return `it shares values among ${subgroupLanes} lanes of a subgroup, there are ${limits.subgroupLanes}`;
  if (subgroupMatrix !== undefined && !limits.subgroupMatrices.some((one) => textOf(one) === textOf(subgroupMatrix)))
    return `its subgroups multiply matrices of ${textOf(subgroupMatrix)}, there are ${limits.subgroupMatrices.map(textOf).join(', ') || 'none'}`;
  if (f16 && !features.has('shader-f16'))
    return "half precision needs the feature 'shader-f16'; compute in f32 (precision: 'f32')";
  const buffers = bindings.filter(({ access }) => access !== 'uniform').length;
  return buffers > limits.storageBuffers
    ? `it binds ${buffers} storage buffers of ${limits.storageBuffers}`
    : undefined;
}

const textOf = ({ M, N, K, componentType, resultComponentType }: SubgroupMatrixConfig): string =>
  `${M} x ${N} x ${K} ${componentType} to ${resultComponentType}`;
