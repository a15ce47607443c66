import type { HostArray } from '../../gpu/device.js';
import { TesseraError } from '../../gpu/errors.js';
import type { ElementwiseFunction } from '../../kernels/elementwise/table.js';
import type { Launch, Value } from '../../launch/launch.js';
import type { Shape } from '../../launch/shape.js';
import type { Tensor } from '../tensor.js';
import { isTensor, makeTensor } from './factory.js';
import {
  assignedBy,
  type DispatchContext,
  type DType,
  type Node,
  type OpDefinition,
  type OpNode,
  type TensorType,
  type VjpContext,
} from './graph.js';
import { broadcastShapes, checkShape, formatShape } from './shape.js';

/** Positional tensors, then one object of attributes, which may be left out when all of them are optional. */
type Arguments<Names extends readonly string[], A> = [
  ...{ [Index in keyof Names]: Tensor },
  ...(object extends A ? [attributes?: A] : [attributes: A]),
];

/** An op: call it to add a node to the graph. `all` returns every output, the call itself the first. */
export interface Op<Names extends readonly string[] = readonly string[], A = object> {
  (...given: Arguments<Names, A>): Tensor;
  all(...given: Arguments<Names, A>): Tensor[];
  readonly definition: OpDefinition;
}

type With<A, Context> = Omit<Context, 'attributes'> & { readonly attributes: Readonly<A> };

export interface OpDescription<Names extends readonly string[], A> {
  readonly name: string;
  /** Names of the tensors, for messages. A single name that begins with '...' takes any number. */
  readonly inputs: Names;
  /** Attributes that are numbers to compute with, not structure: changing them does not change the plan. */
  readonly numbers?: readonly (keyof A & string)[];
  /** Checks the inputs and gives the outputs: a shape (of the first input's dtype), a type, or several types. */
  shape(inputs: readonly Tensor[], attributes: Readonly<A>): Shape | TensorType | readonly TensorType[];
  /** The launches that compute it. Absent for an alias. */
  dispatch?(inputs: readonly Value[], outputs: readonly Value[], context: With<A, DispatchContext>): Launch[];
  /** Gradients of the inputs, written with ops; or in words why there is none. */
  readonly vjp: ((context: With<A, VjpContext<Tensor>>) => readonly (Tensor | null)[]) | string;
  readonly elementwise?: ElementwiseFunction;
  readonly acceptsF16?: boolean;
  readonly alias?: boolean;
  readonly assigns?: boolean;
  readonly detaches?: boolean;
  readonly epilogue?: boolean;
  readonly prologue?: boolean;
  readonly inPlace?: Readonly<Record<number, number>>;
}

/** Makes an op of its shape rule, its launches and its gradient. */
export function defineOp<const Names extends readonly string[], A extends object = object>(
  description: OpDescription<Names, A>,
): Op<Names, A> {
  const definition = description as unknown as OpDefinition;
  const numberNames: readonly string[] = description.numbers ?? [];
  const all = (...given: unknown[]): Tensor[] => {
    const inputs: Tensor[] = [];
    while (inputs.length < given.length && isTensor(given[inputs.length])) inputs.push(given[inputs.length] as Tensor);
    checkArguments(definition, inputs, given);
    const attributes = (given[inputs.length] ?? {}) as A;
    const current = inputs.map((input) => input.current());
    const types = outputTypes(description.shape(current, attributes), current);
    const numbers: Record<string, number> = {};
    const structure: unknown[] = [];
    for (const [key, value] of Object.entries(attributes)) {
      if (numberNames.includes(key)) numbers[key] = value;
      else structure.push(key, value);
    }
    const node: OpNode = {
      kind: 'op',
      op: definition,
      inputs: current,
      attributes: attributes as OpNode['attributes'],
      numbers,
      outputs: types,
      structure: `${definition.name}${structure.length > 0 ? JSON.stringify(structure) : ''}:${types.map(typeKey).join()}`,
      tensors: [],
    };
    const tensors = types.map(({ shape, dtype }, index) =>
      makeTensor(node, index, checkShape(definition.name, shape), dtype),
    );
    node.tensors = tensors;
    return tensors;
  };
  const op = (...given: unknown[]) => all(...given)[0];
  return Object.assign(op, { all, definition }) as unknown as Op<Names, A>;
}

const typeKey = ({ shape, dtype }: TensorType): string => `${dtype}[${shape.join()}]`;

function outputTypes(
  given: Shape | TensorType | readonly TensorType[],
  inputs: readonly Tensor[],
): readonly TensorType[] {
  if (!Array.isArray(given)) return [given as TensorType];
  if (given.length === 0 || typeof given[0] === 'number') {
    return [{ shape: given, dtype: inputs[0]?.dtype ?? 'f32' }];
  }
  return given;
}

function checkArguments(
  { name, inputs: names, acceptsF16, alias, elementwise }: OpDefinition,
  inputs: readonly Tensor[],
  given: readonly unknown[],
): void {
  const variadic = names[0]?.startsWith('...') ?? false;
  const wrong = variadic ? inputs.length === 0 : inputs.length !== names.length;
  if (wrong || given.length > inputs.length + 1) {
    const got = given.map((value) => (isTensor(value) ? value.describe() : typeof value)).join(', ');
    throw new TesseraError(`${name}: expected tensors (${names.join(', ')}), got (${got})`);
  }
  const assigned = inputs.map(assignedBy).find((variable) => variable !== undefined);
  if (assigned !== undefined)
    throw new TesseraError(
      `${name}: an assign to '${assigned.name}' has no value to compute with; use the value that it assigns`,
    );
  const half =
    acceptsF16 || alias || elementwise !== undefined ? undefined : inputs.find(({ dtype }) => dtype === 'f16');
  if (half !== undefined)
    throw new TesseraError(`${name}: it does not take f16, got ${half.describe()}; convert it with cast('f32')`);
}

/** An op that computes one element of the result from one element of each input; it fuses with its neighbors. */
export interface ElementwiseDescription<Names extends readonly string[]> {
  readonly inputs: Names;
  readonly vjp: ((context: VjpContext<Tensor>) => readonly (Tensor | null)[]) | string;
}

/** Makes an op of an elementwise function. Inputs broadcast; autograd sums their gradients over the broadcast axes. */
export function defineElementwise<const Names extends readonly string[]>(
  fn: ElementwiseFunction,
  { inputs: names, vjp }: ElementwiseDescription<Names>,
): Op<Names> {
  return defineOp<Names>({
    name: fn.name,
    elementwise: fn,
    inputs: names,
    shape: (inputs) => {
      const last = inputs[inputs.length - 1];
      const alike = fn.name === 'select' ? inputs.slice(1) : inputs;
      for (const input of alike) expectDType(fn.name, input, fn.takes, last.dtype);
      const shape = inputs.reduce<Shape>((shape, input) => broadcastShapes(fn.name, shape, input.shape), []);
      return { shape, dtype: fn.gives === 'same' ? last.dtype : fn.gives };
    },
    vjp: vjp as never,
  });
}

function expectDType(op: string, input: Tensor, takes: readonly DType[], others: DType): void {
  if (!takes.includes(input.dtype)) {
    throw new TesseraError(`${op}: expected ${takes.join(', ')}, got ${input.describe()}; convert it with cast()`);
  }
  if (input.dtype !== others) {
    throw new TesseraError(`${op}: dtypes differ: ${input.dtype} and ${others}; convert one with cast()`);
  }
}

/** @throws TesseraError if two tensors have not the same dtype. */
export function expectSameType(op: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype)
    throw new TesseraError(`${op}: dtypes differ: ${a.describe()} and ${b.describe()}; convert one with cast()`);
}

/** @throws TesseraError if this is no list of at least one tensor. */
export function expectTensors(op: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0 || !tensors.every(isTensor))
    throw new TesseraError(
      `${op}: expected a list of at least one tensor, got ${Array.isArray(tensors) ? `a list of ${tensors.length}` : typeof tensors}`,
    );
}

/** @throws TesseraError if what an op was given is no tensor. */
function expectTensor(op: string, name: string, input: unknown): void {
  if (!isTensor(input))
    throw new TesseraError(`${op}: ${name} must be a tensor, got ${input === null ? 'null' : typeof input}`);
}

/** @throws TesseraError if a tensor has not the rank that an op needs. */
export function expectRank(op: string, name: string, input: Tensor, rank: number, axes: string): void {
  expectTensor(op, name, input);
  if (input.shape.length !== rank) {
    throw new TesseraError(`${op}: ${name} must have rank ${rank} (${axes}), got ${formatShape(input.shape)}`);
  }
}

/** @throws TesseraError if a tensor has not the dtype that an op needs. */
export function expectType(op: string, name: string, input: Tensor, ...dtypes: DType[]): void {
  expectTensor(op, name, input);
  if (!dtypes.includes(input.dtype)) {
    throw new TesseraError(
      `${op}: ${name} must be ${dtypes.join(' or ')}, got ${input.dtype} ${formatShape(input.shape)}; convert it with cast()`,
    );
  }
}

/** @throws TesseraError if a tensor has not the shape that an op needs. */
export function expectShape(op: string, name: string, input: Tensor, shape: Shape): void {
  expectTensor(op, name, input);
  if (input.shape.length !== shape.length || input.shape.some((size, axis) => size !== shape[axis])) {
    throw new TesseraError(`${op}: ${name} must have shape ${formatShape(shape)}, got ${formatShape(input.shape)}`);
  }
}

/** @throws TesseraError if a tensor is not of f32, or has not the shape that an op needs. */
export function expectFloats(op: string, name: string, input: Tensor, shape: Shape): void {
  expectType(op, name, input, 'f32');
  expectShape(op, name, input, shape);
}

/** The range of indices, from `first` (0 where left out), and what to leave unchecked. */
export interface IndexRange {
  readonly count: number;
  /** What there are `count` of, for messages. */
  readonly of: string;
  readonly first?: number;
  readonly except?: number;
}

/** @throws TesseraError if an index whose value is known on the host does not lie within its range. */
export function checkIndices(
  op: string,
  what: string,
  indices: Tensor,
  { count, of, first = 0, except }: IndexRange,
): void {
  const values = hostValues(indices);
  const at = values?.findIndex((value) => value !== except && !(value >= first && value < count)) ?? -1;
  if (values !== undefined && at >= 0)
    throw new TesseraError(
      `${op}: ${what} ${values[at]} at position ${at} is out of range: expected ${first} to ${count - 1} (${count} ${of})`,
    );
}

/** The values of a tensor, as far as the host knows them: also through a reshape. */
function hostValues({ host, source }: Node): HostArray | undefined {
  if (host !== undefined) return host;
  if (source.kind === 'data') return source.data;
  return source.kind === 'op' && source.op.name === 'reshape' ? hostValues(source.inputs[0]) : undefined;
}
