import { TesseraError } from '../../gpu/errors.js';
import { position } from '../../kernels/elementwise/table.js';
import type { Shape } from '../../launch/shape.js';
import { scalar } from '../create.js';
import { defineOp } from '../graph/define.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';

/** The index of each element, row-major, from a start. */
export const positionOp = defineOp({
  name: 'position',
  inputs: ['start'],
  elementwise: position,
  shape: (_, { shape }: { shape: Shape }) => ({ shape, dtype: 'i32' }),
  vjp: 'its result is whole',
});

/** 0, 1, ..., count - 1 as i32. It is computed where it is used, and takes no memory there. Exact. */
export function arange(count: number): Tensor {
  if (!Number.isSafeInteger(count) || count < 0)
    throw new TesseraError(`arange: expected a non-negative integer, got ${count}`);
  return positionOp(scalar(0, 'u32'), { shape: [count] });
}

/**
 * Numbers at equal distances from start to stop, both included, as f32; one number is start. Error ≤ 1e-6·|y| + 4e-6
 * for ends within ±10.
 */
export function linspace(start: number, stop: number, count: number): Tensor {
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  return arange(count).cast('f32').mul(step).add(start);
}

/** The identity matrix (size, size). Exact. */
export const eye = (size: number): Tensor => arange(size).reshape([size, 1]).equal(arange(size)).cast('f32');

/** True where column - row ≤ diagonal, for the last two axes of a shape. */
function isBelow(shape: Shape, diagonal: number): Tensor {
  const [rows, columns] = shape.slice(-2);
  return arange(columns)
    .sub(arange(rows).reshape([rows, 1]))
    .lessEqual(diagonal);
}

/**
 * x on and below a diagonal of the last two axes, else 0; diagonal 0 is the main one, 1 the one above it. NumPy's tril.
 * Exact.
 */
export const tril = (x: Tensor, diagonal = 0): Tensor => where(isBelow(x.shape, diagonal), x, 0);

/** x on and above a diagonal of the last two axes, else 0. NumPy's triu. Exact. */
export const triu = (x: Tensor, diagonal = 0): Tensor => where(isBelow(x.shape, diagonal - 1), 0, x);
