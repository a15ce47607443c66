import type { Kernel, Needs, Span, SubgroupMatrixConfig } from './kernel.js';
import type { Choices, Fingerprint } from './tuning.js';

/**
 * The type of the elements of a buffer. All take four bytes (`bool` is a u32 of 0 or 1), except `f16`, which takes two
 * and is a storage format only: kernels compute in f32.
 */
export type ElementType = 'f32' | 'i32' | 'u32' | 'bool' | 'f16';

/** Returns the bytes that elements take in a buffer, a multiple of 4, as copies require. */
export const bytesOf = (type: ElementType, count: number): number =>
  type === 'f16' ? 4 * Math.ceil(count / 2) : 4 * count;

/** Tests whether elements take more bytes than one binding of a device can have. */
export const exceedsBinding = (
  type: ElementType,
  count: number,
  { bindingBytes }: Pick<DeviceLimits, 'bindingBytes'>,
): boolean => bytesOf(type, count) > bindingBytes;

/**
 * An array of numbers on the host. A Float64Array keeps its precision on the reference device and is rounded on a GPU.
 * f16 values are held in a Float32Array.
 */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** A buffer in the memory of one device. */
export interface DeviceBuffer {
  readonly bytes: number;
}

/** A range of elements of a buffer, and their type. */
export interface Window extends Span {
  readonly type: ElementType;
}

/** A dispatch of a kernel: the buffers of its storage bindings and the values of its uniforms. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly bindings: Readonly<Record<string, DeviceBuffer>>;
  /** The buffers of which only a window is bound; it begins at a multiple of the device's `bindingAlignment`. */
  readonly windows?: Readonly<Record<string, Window>>;
  readonly uniforms: Readonly<Record<string, number>>;
  /** The name of the dispatch in errors and profiles, such as `matmul [32, 128] x [128, 10]`. */
  readonly label: string;
}

/** Dispatches that are ready to be submitted repeatedly: their pipelines, bind groups and uniforms exist. */
export interface Prepared {
  readonly dispatches: readonly Dispatch[];
  /** The number of bind groups that it holds. */
  readonly bindGroups: number;
  /** Sets a uniform of one dispatch, from the next submission on. */
  set(dispatch: number, name: string, value: number): void;
  /** Binds another buffer at a storage binding of one dispatch, from the next submission on. */
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

/** Copies before and after the dispatches of a submission, and readbacks after them, in the order of the queue. */
export interface Around {
  readonly before?: readonly Copy[];
  readonly after?: readonly Copy[];
  readonly readbacks?: readonly Readback[];
}

/** The limits of a device, which planning observes. */
export interface DeviceLimits {
  readonly bufferBytes: number;
  readonly bindingBytes: number;
  /** The offset of a binding is a multiple of this many bytes. */
  readonly bindingAlignment: number;
  readonly storageBuffers: number;
  /** The maximum number of bind groups that may exist at once. */
  readonly bindGroups: number;
  readonly invocations: number;
  readonly workgroupsPerDimension: number;
  /** The minimum subgroup size; 0 without the feature `subgroups`. */
  readonly subgroupLanes: number;
  /** The configurations of subgroup matrices; empty if they are not supported. */
  readonly subgroupMatrices: readonly SubgroupMatrixConfig[];
}

/** Running totals. Once a plan has run with every set of buffers that it rotates over, only `submissions` grows. */
export interface Counters {
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  submissions: number;
}

/** The devices that `openDevice` accepts. */
export const DEVICE_CHOICES = ['auto', 'gpu', 'swiftshader', 'reference'] as const;
/** One of `DEVICE_CHOICES`. */
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** The default number of plans that a device caches. */
export const REMEMBERED_PLANS = 64;

/** A device that runs kernels: a GPU through WebGPU, or the float64 references of the kernels on the CPU. */
export interface Device {
  /** Whether it runs kernels through WebGPU, or their float64 references on the CPU. */
  readonly kind: 'gpu' | 'reference';
  /** The name of the adapter. */
  readonly name: string;
  /** Whether it runs on the CPU. */
  readonly software: boolean;
  /** The limits of its adapter. */
  readonly limits: DeviceLimits;
  /** The optional WebGPU features that it has. */
  readonly features: ReadonlySet<string>;
  /** The adapter and versions that measurements are valid for; null on the reference device, which is not tuned. */
  readonly fingerprint: Fingerprint | null;
  /**
   * The variants of ops that were measured to be fastest; all other ops use their default variant. The map may be
   * replaced by another one at any time.
   */
  choices: Choices;
  /**
   * The number of plans that are cached, each for graphs of one structure and shapes; beyond it, the least recently
   * used one is evicted. Default 64.
   */
  rememberedPlans: number;
  /** Totals since the device was opened. */
  readonly counters: Readonly<Counters>;
  /** The total size and number of the buffers that exist on the device. */
  readonly memory: { readonly bytes: number; readonly buffers: number };
  /** The number of bind groups that exist. WebGPU cannot destroy them: they live until they are garbage collected. */
  readonly bindGroups: number;

  /**
   * Allocates a buffer from the pool, without clearing it. It may be larger than one binding.
   * @throws OutOfMemoryError if `bytes` exceeds the maximum size of a buffer, or memory is exhausted even after the
   * pool was emptied. The error names `owner`, which asked for the buffer, and the owners that hold the most memory.
   */
  allocate(bytes: number, owner: string): Promise<DeviceBuffer>;
  /** Returns a buffer to the pool. */
  release(buffer: DeviceBuffer): void;
  /** Copies data to a buffer, in order with submissions; converts it if `type` is `f16`. */
  write(buffer: DeviceBuffer, data: HostArray, type?: ElementType): void;
  /**
   * Compiles kernels and creates bind groups.
   * @throws KernelError if the device rejects a kernel; OutOfMemoryError if there is no memory for the uniforms, or the
   * limit of bind groups is reached.
   */
  prepare(dispatches: readonly Dispatch[]): Promise<Prepared>;
  /**
   * Submits synchronously; the promise resolves to the readbacks, in order, once the device has completed them. If
   * there is no memory for the readbacks, it rejects with an OutOfMemoryError, but the dispatches and copies still run.
   */
  submit(prepared: Prepared, around?: Around): Promise<HostArray[]>;
  /** Runs each dispatch in a pass of its own and returns their times in nanoseconds. */
  profile(prepared: Prepared): Promise<number[]>;
  /** Resolves when all submitted work is complete. */
  idle(): Promise<void>;
  /** Whether it is usable: false once it has been closed or lost. */
  readonly isOpen: boolean;
  /**
   * Closes the device, once the pipelines in compilation are complete; using it afterwards throws a DeviceLostError.
   *
   * Exiting a process or terminating a worker while Dawn or a driver is at work may crash the process: wait for
   * evaluations to finish (`await device.idle()`) and close the device first.
   */
  close(): void;
}

/** Describes what a kernel requires and a device lacks; undefined if the kernel runs. The reference device runs all. */
export function lackOf(
  { subgroupLanes, subgroupMatrix, f16, bindings }: Needs & Pick<Kernel, 'bindings'>,
  { kind, limits, features }: Pick<Device, 'kind' | 'limits' | 'features'>,
): string | undefined {
  if (kind === 'reference') return undefined;
  if (subgroupLanes > limits.subgroupLanes)
    return `it needs subgroups of at least ${subgroupLanes} lanes, the device has ${limits.subgroupLanes}`;
  if (subgroupMatrix !== undefined && !limits.subgroupMatrices.some((one) => textOf(one) === textOf(subgroupMatrix)))
    return `it needs subgroup matrices of ${textOf(subgroupMatrix)}, the device has ${limits.subgroupMatrices.map(textOf).join(', ') || 'none'}`;
  if (f16 && !features.has('shader-f16'))
    return "half precision needs the feature 'shader-f16'; compute in f32 (precision: 'f32')";
  const buffers = bindings.filter(({ access }) => access !== 'uniform').length;
  return buffers > limits.storageBuffers
    ? `it binds ${buffers} storage buffers, the device allows ${limits.storageBuffers}`
    : undefined;
}

const textOf = ({ M, N, K, componentType, resultComponentType }: SubgroupMatrixConfig): string =>
  `${M} x ${N} x ${K} ${componentType} to ${resultComponentType}`;
