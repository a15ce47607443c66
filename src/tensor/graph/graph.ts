import type { ElementType, HostArray } from '../../gpu/device.js';
import type { ElementwiseFunction } from '../../kernels/elementwise/table.js';
import type { Launch, LaunchContext, Value } from '../../launch/launch.js';
import type { Shape } from '../../launch/shape.js';
import type { Tensor } from '../tensor.js';
import type { Variable } from '../variable.js';

/**
 * The type of a tensor's elements. On the reference device f32 tensors carry float64 values. f16 is a way to store: products
 * and elementwise ops take it and compute in f32.
 */
export type DType = ElementType;

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
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
  readonly variable: Variable;
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
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** The attributes that are data: a plan rereads them at each step. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly outputs: readonly TensorType[];
  /** The op, its structural attributes and its outputs' types, as a part of the plan's key. */
  readonly structure: string;
  /** Its outputs as tensors, which carry their values once those are known. */
  tensors: readonly Tensor[];
}

export type Attributes = Readonly<Record<string, unknown>>;

/** What `dispatch` may use beside inputs and outputs. */
export interface DispatchContext extends LaunchContext {
  readonly attributes: Attributes;
}

/** What a gradient rule is given: gradients that are missing (the output did not matter) are undefined. */
export interface VjpContext {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly output: Tensor;
  readonly outputGrads: readonly (Tensor | undefined)[];
  readonly outputGrad: Tensor;
  readonly attributes: Attributes;
}

/** The variable that a tensor assigns to, if it is an assign. */
export const assignedBy = ({ source }: Tensor): Variable | undefined =>
  source.kind === 'op' && source.op.assigns ? (source.attributes.variable as Variable) : undefined;

/** An op with its types erased, as graphs, plans and autograd handle it. */
export interface OpDefinition {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Set for elementwise ops, which fusion composes; they have no dispatch of their own. */
  readonly elementwise?: ElementwiseFunction;
  /** True if it takes f16; aliases do, and elementwise ops say so themselves. All others are refused it, as their kernels read f32. */
  readonly halves?: boolean;
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
  readonly vjp: ((context: VjpContext) => readonly (Tensor | null)[]) | string;
}
