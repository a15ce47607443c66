import { TesseraError } from '../../gpu/errors.js';
import type { ElementwiseFunction } from '../../kernels/elementwise/table.js';
import type { Launch, Value } from '../../launch/launch.js';
import type { Shape } from '../../launch/shape.js';
import { isTensor, makeTensor } from '../factory.js';
import {
  assignedBy,
  type DispatchContext,
  type DType,
  type OpDefinition,
  type OpNode,
  type TensorType,
  type VjpContext,
} from '../graph/graph.js';
import { broadcastShapes, checkShape } from '../graph/shape.js';
import { shown } from '../options.js';
import type { Tensor } from '../tensor.js';

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
    for (const { shape } of types) checkShape(definition.name, shape);
    return outputsOf({
      kind: 'op',
      op: definition,
      inputs: current,
      attributes: attributes as OpNode['attributes'],
      numbers,
      outputs: types,
      structure: `${definition.name}${structure.length > 0 ? JSON.stringify(structure) : ''}:${types.map(typeKey).join()}`,
      tensors: [],
    });
  };
  const op = (...given: unknown[]) => all(...given)[0];
  return Object.assign(op, { all, definition }) as unknown as Op<Names, A>;
}

/** Gives a node its outputs as tensors. */
function outputsOf(node: OpNode): Tensor[] {
  const tensors = node.outputs.map(({ shape, dtype }, index) => makeTensor(node, index, shape, dtype));
  node.tensors = tensors;
  return tensors;
}

/** Adds a node like another one to the graph, on other inputs of the same types. */
export const repeated = (node: OpNode, inputs: readonly Tensor[]): Tensor[] => outputsOf({ ...node, inputs });

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
    const got = given.map((value) => (isTensor(value) ? value.describe() : shown(value))).join(', ');
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
      const alike = fn.name === 'where' ? inputs.slice(1) : inputs;
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
