import type { HostArray } from '../gpu/device.js';
import { TesseraError } from '../gpu/errors.js';
import { toF16 } from '../gpu/f16.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import { makeTensor } from './graph/factory.js';
import type { DType } from './graph/graph.js';
import { checkShape, formatShape, sameShape } from './graph/shape.js';
import { broadcastTo } from './ops/movement.js';
import type { Tensor } from './tensor.js';

const DTYPES: readonly DType[] = ['f32', 'f16', 'i32', 'u32', 'bool'];

/** Numbers as a person writes them: one, a list, a list of lists. */
export type Nested = number | boolean | readonly Nested[];

/**
 * A number as a tensor of shape []. It is data, not structure: another number does not make another plan.
 *
 * @throws TesseraError if the dtype cannot hold the number: a fraction as an integer, 2 as a bool.
 */
export function scalar(value: number, dtype: DType = 'f32'): Tensor {
  return scalarOf('scalar', value, dtype);
}

/** A number that a user gave to an op, as a tensor of shape []; errors begin with the op's name. */
export function scalarOf(op: string, value: number, dtype: DType): Tensor {
  if (typeof value !== 'number') throw new TesseraError(`${op}: expected a number, got ${describeValue(value)}`);
  checkHolds(op, value, checkDType(op, dtype));
  return makeTensor({ kind: 'number', value: dtype === 'f16' ? toF16(value) : value }, 0, [], dtype);
}

/**
 * A tensor of numbers from the host, which are copied. Without a shape, nested lists give theirs and typed arrays are
 * of rank 1. The dtype is f32 unless it is asked for, i32 for Int32Array, u32 for Uint32Array and bool for booleans;
 * bytes and 16-bit integers are numbers like others, exact in f32.
 *
 * @throws TesseraError if the values are no numbers, their number is not that of the shape, a nested list is ragged, the
 * dtype is unknown, or an integer dtype cannot hold a value.
 */
export function tensor(values: Nested | HostArray, shape?: Shape, dtype?: DType): Tensor {
  const flat = ArrayBuffer.isView(values) ? values : flatten(values);
  const odd = ArrayBuffer.isView(flat)
    ? flat instanceof BigInt64Array || flat instanceof BigUint64Array || flat instanceof DataView
    : !flat.every((value) => typeof value === 'number' || typeof value === 'boolean');
  if (odd) {
    throw new TesseraError(
      `tensor: expected numbers, booleans, nested lists of them or a typed array, got ${describeValue(values)}`,
    );
  }
  const type = checkDType('tensor', dtype ?? dtypeOf(flat));
  const own = shape ?? (ArrayBuffer.isView(values) ? [values.length] : nestedShape(values));
  checkShape('tensor', own);
  if (sizeOf(own) !== flat.length) {
    throw new TesseraError(`tensor: shape ${formatShape(own)} needs ${sizeOf(own)} values, got ${flat.length}`);
  }
  if (type === 'i32' || type === 'u32') for (const value of flat) checkHolds('tensor', Number(value), type);
  return makeTensor({ kind: 'data', data: hostArray(flat, type) }, 0, own, type);
}

/** A copy of values in the array type of a dtype. Float64Array is kept for f32: only a GPU rounds it. Halves are rounded. */
export function hostArray(values: HostArray | readonly (number | boolean)[], dtype: DType): HostArray {
  const numbers = values as ArrayLike<number>;
  if (dtype === 'f32') return values instanceof Float64Array ? values.slice() : Float32Array.from(numbers);
  if (dtype === 'f16') return Float32Array.from(numbers, toF16);
  if (dtype === 'i32') return Int32Array.from(numbers);
  return dtype === 'u32' ? Uint32Array.from(numbers) : Uint8Array.from(numbers, (value) => (value ? 1 : 0));
}

function dtypeOf(values: HostArray | readonly (number | boolean)[]): DType {
  if (values instanceof Int32Array) return 'i32';
  if (values instanceof Uint32Array) return 'u32';
  return typeof values[0] === 'boolean' ? 'bool' : 'f32';
}

const INTEGERS = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], bool: [0, 1] } as const;

/** @throws TesseraError if the dtype is of integers and the value is none of them. */
function checkHolds(op: string, value: number, dtype: DType): void {
  if (dtype === 'f32' || dtype === 'f16') return;
  const [least, largest] = INTEGERS[dtype];
  if (Number.isInteger(value) && value >= least && value <= largest) return;
  throw new TesseraError(
    `${op}: ${value} is not a value of ${dtype}: expected an integer from ${least} to ${largest}; cast('f32') computes with fractions`,
  );
}

/** @throws TesseraError if there is no such dtype. */
export function checkDType(op: string, dtype: DType): DType {
  if (!DTYPES.includes(dtype))
    throw new TesseraError(`${op}: expected a dtype of ${DTYPES.join(', ')}, got '${dtype}'`);
  return dtype;
}

function describeValue(values: unknown): string {
  if (Array.isArray(values))
    return `a list with ${describeValue(values.flat(Number.POSITIVE_INFINITY).find((value) => typeof value !== 'number' && typeof value !== 'boolean'))}`;
  if (values === null || typeof values !== 'object') return typeof values === 'string' ? `'${values}'` : String(values);
  return values.constructor?.name ?? 'an object';
}

function flatten(values: Nested): (number | boolean)[] {
  return Array.isArray(values) ? values.flatMap(flatten) : [values as number | boolean];
}

function nestedShape(values: Nested): Shape {
  if (!Array.isArray(values)) return [];
  const shapes = values.map(nestedShape);
  const first = shapes[0] ?? [];
  const odd = shapes.find((shape) => !sameShape(shape, first));
  if (odd !== undefined) {
    throw new TesseraError(`tensor: the list is ragged: parts of shapes ${formatShape(first)} and ${formatShape(odd)}`);
  }
  return [values.length, ...first];
}

/** A tensor filled with one number. */
export function full(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  return broadcastTo(scalarOf('full', value, dtype), checkShape('full', shape));
}

/** A tensor of zeros. Takes no memory until it is needed as a whole. */
export const zeros = (shape: Shape, dtype?: DType): Tensor => full(shape, 0, dtype);
/** A tensor of ones. Takes no memory until it is needed as a whole. */
export const ones = (shape: Shape, dtype?: DType): Tensor => full(shape, 1, dtype);
/** A tensor of zeros of another's shape and dtype. */
export const zerosLike = (x: Tensor): Tensor => zeros(x.shape, x.dtype);
/** A tensor of ones of another's shape and dtype. */
export const onesLike = (x: Tensor): Tensor => ones(x.shape, x.dtype);
