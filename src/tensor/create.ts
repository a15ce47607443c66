import type { HostArray } from '../gpu/device.js';
import { shown, TesseraError } from '../gpu/errors.js';
import { toF16 } from '../gpu/f16.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import { makeTensor } from './factory.js';
import type { DType } from './graph/graph.js';
import { checkShape, formatShape, sameShape } from './graph/shape.js';
import { checkHolds, expectTensor } from './ops/checks.js';
import { broadcastTo } from './ops/movement.js';
import type { Tensor } from './tensor.js';

const DTYPES: readonly DType[] = ['f32', 'f16', 'i32', 'u32', 'bool'];

/** A number, or arrays of numbers nested to any depth. */
export type Nested = number | boolean | readonly Nested[];

/**
 * Creates a tensor of shape [] from a number. The number is data: graphs that differ only in it share one plan.
 *
 * @throws TesseraError if the dtype cannot represent the number: a fraction as an integer, or 2 as a bool.
 */
export function scalar(value: number, dtype: DType = 'f32'): Tensor {
  return scalarOf('scalar', value, dtype);
}

/** Creates a tensor of shape [] from a number that was passed to an op, whose name its errors begin with. */
export function scalarOf(op: string, value: number, dtype: DType): Tensor {
  if (typeof value !== 'number') throw new TesseraError(`${op}: expected a number, got ${describeValue(value)}`);
  checkHolds(op, value, checkDType(op, dtype));
  return makeTensor({ kind: 'number', value: dtype === 'f16' ? toF16(value) : value }, 0, [], dtype);
}

/**
 * Creates a tensor from values on the host, which are copied. The shape defaults to that of the nested arrays, or to
 * rank 1 for a typed array. The dtype defaults to i32 for an Int32Array, u32 for a Uint32Array, bool for booleans, and
 * f32 for everything else; 8-bit and 16-bit integers are exact in f32.
 *
 * @throws TesseraError if the values are not numbers, their count does not match the shape, a nested array is ragged,
 * the dtype is unknown, or an integer dtype cannot represent a value.
 */
export function tensor(values: Nested | HostArray, shape?: Shape, dtype?: DType): Tensor {
  return tensorOf('tensor', values, shape, dtype);
}

/** Creates a tensor with errors under the name of the function that was called. */
export function tensorOf(op: string, values: Nested | HostArray, shape?: Shape, dtype?: DType): Tensor {
  if (!ArrayBuffer.isView(values) && !Array.isArray(values) && !isNumber(values)) throw notNumbers(op, values);
  const flat = ArrayBuffer.isView(values) ? values : flatten(values);
  const own = shape ?? (ArrayBuffer.isView(values) ? [values.length] : nestedShape(op, values));
  const type = checkValues(op, flat, own, dtype ?? dtypeOf(flat));
  return makeTensor({ kind: 'data', data: hostArray(flat, type) }, 0, own, type);
}

/** @throws TesseraError if these are not as many numbers as the shape needs, or the dtype cannot represent one. */
export function checkValues(
  op: string,
  values: HostArray | readonly (number | boolean)[],
  shape: Shape,
  dtype: DType,
): DType {
  const isOdd = ArrayBuffer.isView(values)
    ? values instanceof BigInt64Array || values instanceof BigUint64Array || values instanceof DataView
    : !Array.isArray(values) || !values.every(isNumber);
  if (isOdd) throw notNumbers(op, values);
  checkDType(op, dtype);
  checkShape(op, shape);
  if (sizeOf(shape) !== values.length)
    throw new TesseraError(`${op}: shape ${formatShape(shape)} needs ${sizeOf(shape)} values, got ${values.length}`);
  if (dtype === 'i32' || dtype === 'u32') for (const value of values) checkHolds(op, Number(value), dtype);
  return dtype;
}

/**
 * Copies values into the array type of a dtype. A Float64Array stays one as f32, as the reference device computes in
 * float64; f16 values are rounded.
 */
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

/** @throws TesseraError if the dtype is unknown. */
export function checkDType(op: string, dtype: DType): DType {
  if (!DTYPES.includes(dtype))
    throw new TesseraError(`${op}: expected a dtype of ${DTYPES.join(', ')}, got ${shown(dtype)}`);
  return dtype;
}

const isNumber = (value: unknown): value is number | boolean => typeof value === 'number' || typeof value === 'boolean';

const notNumbers = (op: string, values: unknown): TesseraError =>
  new TesseraError(
    `${op}: expected numbers, booleans, nested lists of them or a typed array, got ${describeValue(values)}`,
  );

function describeValue(values: unknown): string {
  if (Array.isArray(values))
    return `a list with ${describeValue(values.flat(Number.POSITIVE_INFINITY).find((value) => !isNumber(value)))}`;
  if (values === null || typeof values !== 'object') return typeof values === 'string' ? `'${values}'` : String(values);
  return values.constructor?.name ?? 'an object';
}

function flatten(values: Nested): (number | boolean)[] {
  return Array.isArray(values) ? values.flatMap(flatten) : [values as number | boolean];
}

function nestedShape(op: string, values: Nested): Shape {
  if (!Array.isArray(values)) return [];
  const shapes = values.map((part) => nestedShape(op, part));
  const first = shapes[0] ?? [];
  const odd = shapes.find((shape) => !sameShape(shape, first));
  if (odd !== undefined) {
    throw new TesseraError(`${op}: the list is ragged: parts of shapes ${formatShape(first)} and ${formatShape(odd)}`);
  }
  return [values.length, ...first];
}

/** Creates a tensor filled with one number. */
export function full(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  return fullOf('full', shape, value, dtype);
}

function fullOf(op: string, shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  return broadcastTo(scalarOf(op, value, dtype), checkShape(op, shape));
}

/** Creates a tensor of zeros. It takes no memory where a kernel can use the constant itself. */
export const zeros = (shape: Shape, dtype?: DType): Tensor => fullOf('zeros', shape, 0, dtype);
/** Creates a tensor of ones. It takes no memory where a kernel can use the constant itself. */
export const ones = (shape: Shape, dtype?: DType): Tensor => fullOf('ones', shape, 1, dtype);
/** Creates a tensor of zeros with the shape and dtype of another tensor. */
export const zerosLike = (x: Tensor): Tensor => fullLike('zerosLike', x, 0);
/** Creates a tensor of ones with the shape and dtype of another tensor. */
export const onesLike = (x: Tensor): Tensor => fullLike('onesLike', x, 1);

function fullLike(op: string, x: Tensor, value: number): Tensor {
  expectTensor(op, 'x', x);
  return fullOf(op, x.shape, value, x.dtype);
}
