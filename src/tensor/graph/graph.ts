import type { Device, DeviceBuffer, ElementType, HostArray } from '../../gpu/device.js';
import { shown, TesseraError } from '../../gpu/errors.js';
import type { ElementwiseFunction } from '../../kernels/elementwise/table.js';
import type { Launch, LaunchContext, Value } from '../../launch/launch.js';
import type { Shape } from '../../launch/shape.js';
import type { Resident } from './resident.js';

/**
 * The type of a tensor's elements. On the reference device f32 tensors carry float64 values. f16 is a way to store:
 * products and elementwise ops take it and compute in f32.
 */
export type DType = ElementType;

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * A value in a graph, as the engine sees it. It is a `Tensor`, whose methods are ops: what traces, plans and runs
 * graphs needs none of them.
 */
export interface Node extends TensorType {
  /** Where its value comes from: an op, or a leaf. */
  readonly source: Source;
  /** Which output of the op it is. */
  readonly index: number;
  readonly size: number;
  /** The value on the host, once it was read. */
  readonly host: HostArray | undefined;
  /** A read that is under way: its end sets `host`. */
  pending: Promise<void> | undefined;
  /** The value on a device, kept by `evaluate`. */
  readonly resident: Resident | undefined;
  /** The node that an op records: itself, or a variable's value as it is now. */
  current(): Node;
  /** Makes a value on a device, or on the host, its own. */
  keep(value: Resident | HostArray): void;
  /** Takes over the value of another node of its shape. */
  takeValueOf(other: Node): void;
  /** Its dtype and shape, for messages. */
  describe(): string;
}

const isNode = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'source' in value && 'describe' in value;

/** @throws TesseraError if this is not a list of tensors. */
export function checkTensors(where: string, tensors: readonly unknown[]): void {
  if (Array.isArray(tensors) && tensors.every(isNode)) return;
  const odd = Array.isArray(tensors) ? tensors.find((value) => !isNode(value)) : tensors;
  throw new TesseraError(`${where}: expected tensors, got ${shown(odd)}`);
}

/** A `Variable`, as the engine sees it: memory that lasts, and how often it was changed. */
export interface VariableMemory extends TensorType {
  readonly id: number;
  readonly name: string;
  version: number;
  /** The device that holds it, once it was used. */
  readonly device: Device | undefined;
  /** Its memory on its device; undefined before it was used, and after it was disposed of. */
  readonly buffer: DeviceBuffer | undefined;
  /** Its memory on a device; uploads the initial value at first use. */
  place(device: Device): Promise<DeviceBuffer>;
}

/** Where a tensor comes from: an op, or one of the four kinds of leaves. */
export type Source = OpNode | DataLeaf | NumberLeaf | VariableLeaf | DetachedLeaf;

/** Numbers on the host. A plan has a slot for them and uploads them when they are not what the slot holds already. */
export interface DataLeaf {
  readonly kind: 'data';
  readonly data: HostArray;
}

/** One number: data, never structure. It goes into the plan's uniforms. */
export interface NumberLeaf {
  readonly kind: 'number';
  readonly value: number;
}

/** A variable as it was after `version` assigns. */
export interface VariableLeaf {
  readonly kind: 'variable';
  readonly variable: VariableMemory;
  readonly version: number;
}

/** A value that is known, on the host or on a device, and has let go of the graph that it came from. */
export interface DetachedLeaf {
  readonly kind: 'detached';
}

/** An op applied to tensors. */
export interface OpNode {
  readonly kind: 'op';
  readonly op: OpDefinition;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  /** The attributes that are data: a plan rereads them at each step. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly outputs: readonly TensorType[];
  /** The op, its structural attributes and its outputs' types, as a part of the plan's key. */
  readonly structure: string;
  /** Its outputs as tensors, which carry their values once those are known. */
  tensors: readonly Node[];
}

export type Attributes = Readonly<Record<string, unknown>>;

/** The context of `dispatch`, beside inputs and outputs. */
export interface DispatchContext extends LaunchContext {
  readonly attributes: Attributes;
}

/** The context of a gradient rule. Gradients that are missing (the output did not matter) are undefined. */
export interface VjpContext<Value = Node> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly output: Value;
  readonly outputGrads: readonly (Value | undefined)[];
  readonly outputGrad: Value;
  readonly attributes: Attributes;
}

/** The variable that a tensor assigns to, if it is an assign. */
export const assignedBy = ({ source }: Node): VariableMemory | undefined =>
  source.kind === 'op' && source.op.assigns ? (source.attributes.variable as VariableMemory) : undefined;

/** An op with its types erased, as graphs, plans and autograd handle it. */
export interface OpDefinition {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Set for elementwise ops, which fusion composes; they have no dispatch of their own. */
  readonly elementwise?: ElementwiseFunction;
  /**
   * True if it takes f16; aliases do, and elementwise ops say so themselves. All others are refused it, as their
   * kernels read f32.
   */
  readonly acceptsF16?: boolean;
  /** True if the output is the input's memory under another shape. */
  readonly alias?: boolean;
  /** True if no gradient passes it: once its value is known, it lets go of its graph. */
  readonly detaches?: boolean;
  /** True if evaluating it makes its input the value of the variable in its attributes; it has no value of its own. */
  readonly assigns?: boolean;
  /** True if elementwise work on output 0 can be fused into the kernel that writes it. */
  readonly epilogue?: boolean;
  /** True if elementwise work on input 0 can be fused into the kernels that read it. */
  readonly prologue?: boolean;
  /** For each output that is written over an input: output's position -> input's position. */
  readonly inPlace?: Readonly<Record<number, number>>;
  dispatch?(inputs: readonly Value[], outputs: readonly Value[], context: DispatchContext): Launch[];
  /** The gradients of the inputs, or in words why there is none. */
  readonly vjp: ((context: VjpContext) => readonly (Node | null)[]) | string;
}
