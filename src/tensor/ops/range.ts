import { TesseraError } from '../../gpu/errors.js';
import { position } from '../../kernels/elementwise/table.js';
import type { Shape } from '../../launch/shape.js';
import { scalar } from '../create.js';
import { formatShape } from '../graph/shape.js';
import { expectValue, finite, integer, nonNegativeInteger } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectTensor } from './checks.js';
import { defineOp } from './define.js';
import { where } from './elementwise.js';

/** Computes the row-major index of each element, plus a start. */
export const positionOp = defineOp({
  name: 'position',
  inputs: ['start'],
  elementwise: position,
  shape: (_, { shape }: { shape: Shape }) => ({ shape, dtype: 'i32' }),
  vjp: 'its result is an integer',
});

/** Returns 0, 1, ..., count - 1 as i32. Where it fuses into the kernel that uses it, it takes no memory. Exact. */
export function arange(count: number): Tensor {
  expectValue('arange', 'count', count, nonNegativeInteger);
  return positionOp(scalar(0, 'u32'), { shape: [count] });
}

/**
 * Returns `count` evenly spaced numbers over [start, stop] as f32, as NumPy's linspace. Error ≤ 1e-6·|y| + 4e-6 for
 * ends within ±10.
 */
export function linspace(start: number, stop: number, count: number): Tensor {
  expectValue('linspace', 'start', start, finite);
  expectValue('linspace', 'stop', stop, finite);
  expectValue('linspace', 'count', count, nonNegativeInteger);
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  return arange(count).cast('f32').mul(step).add(start);
}

/** Returns the identity matrix (size, size) as f32. Exact. */
export function eye(size: number): Tensor {
  expectValue('eye', 'size', size, nonNegativeInteger);
  return arange(size).reshape([size, 1]).equal(arange(size)).cast('f32');
}

/** Returns a bool matrix for the last two axes of x: true where column - row ≤ diagonal + offset. */
function isBelow(op: string, x: Tensor, diagonal: number, offset: number): Tensor {
  expectTensor(op, 'x', x);
  expectValue(op, 'diagonal', diagonal, integer);
  if (x.rank < 2) throw new TesseraError(`${op}: expected rank 2 or more, got ${formatShape(x.shape)}`);
  const [rows, columns] = x.shape.slice(-2);
  return arange(columns)
    .sub(arange(rows).reshape([rows, 1]))
    .lessEqual(diagonal + offset);
}

/**
 * Returns the lower triangle of the last two axes, up to and including a diagonal, and 0 elsewhere, as NumPy's tril.
 * Diagonal 0 is the main one, 1 the one above it. Exact.
 */
export const tril = (x: Tensor, diagonal = 0): Tensor => where(isBelow('tril', x, diagonal, 0), x, 0);

/** Returns the upper triangle of the last two axes, from a diagonal on, and 0 elsewhere, as NumPy's triu. Exact. */
export const triu = (x: Tensor, diagonal = 0): Tensor => where(isBelow('triu', x, diagonal, -1), 0, x);
