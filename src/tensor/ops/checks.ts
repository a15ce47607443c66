import type { HostArray } from '../../gpu/device.js';
import { TesseraError } from '../../gpu/errors.js';
import type { Shape } from '../../launch/shape.js';
import { isTensor } from '../factory.js';
import type { DType, Node } from '../graph/graph.js';
import { formatShape } from '../graph/shape.js';
import { shown } from '../options.js';
import type { Tensor } from '../tensor.js';

/** @throws TesseraError if two tensors have not the same dtype. */
export function expectSameType(op: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype)
    throw new TesseraError(`${op}: dtypes differ: ${a.describe()} and ${b.describe()}; convert one with cast()`);
}

/** @throws TesseraError if this is no list of at least one tensor. */
export function expectTensors(op: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0 || !tensors.every(isTensor))
    throw new TesseraError(
      `${op}: expected a list of at least one tensor, got ${Array.isArray(tensors) ? `a list of ${tensors.length}` : shown(tensors)}`,
    );
}

/** @throws TesseraError if what an op was given is no tensor. */
export function expectTensor(op: string, name: string, input: unknown): void {
  if (!isTensor(input)) throw new TesseraError(`${op}: ${name} must be a tensor, got ${shown(input)}`);
}

/**
 * Returns a tensor unchanged if it has the given dtype and axes. An axis is a size, or a name where any size fits;
 * '...' stands for any number of axes.
 * @throws TesseraError if it is no tensor or differs.
 */
export function expectAxes(
  where: string,
  name: string,
  x: Tensor | undefined,
  dtype: DType,
  axes: readonly (number | string)[],
): Tensor {
  const given: unknown = x;
  if (isTensor(given)) {
    const more = axes.indexOf('...');
    const hasRank = more < 0 ? given.rank === axes.length : given.rank >= axes.length - 1;
    const hasSizes = axes.every((axis, at) => {
      const fromEnd = more >= 0 && at > more;
      return typeof axis === 'string' || given.shape.at(fromEnd ? at - axes.length : at) === axis;
    });
    if (given.dtype === dtype && hasRank && hasSizes) return given;
  }
  const got = isTensor(given) ? given.describe() : given === undefined ? 'nothing' : shown(given);
  throw new TesseraError(`${where}: expected ${name} of ${dtype} [${axes.join(', ')}], got ${got}`);
}

/** Runs a function; an error in it begins with the name of the layer that the user called. */
export function within<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TesseraError) || error.message.startsWith(`${where}: `)) throw error;
    throw new TesseraError(`${where}: ${error.message}`);
  }
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

const INTEGERS = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], bool: [0, 1] } as const;

/** @throws TesseraError if an integer or bool dtype cannot represent the value. */
export function checkHolds(op: string, value: number, dtype: DType): void {
  if (dtype === 'f32' || dtype === 'f16') return;
  const [least, largest] = INTEGERS[dtype];
  if (Number.isInteger(value) && value >= least && value <= largest) return;
  throw new TesseraError(
    `${op}: ${value} is not a value of ${dtype}: expected an integer from ${least} to ${largest}; cast('f32') computes with fractions`,
  );
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
export function hostValues({ host, source }: Node): HostArray | undefined {
  if (host !== undefined) return host;
  if (source.kind === 'data') return source.data;
  return source.kind === 'op' && source.op.name === 'reshape' ? hostValues(source.inputs[0]) : undefined;
}
