import { TesseraError } from '../../gpu/errors.js';
import { gatherLaunches, scatterAddLaunches } from '../../launch/gather.js';
import type { Tensor } from '../tensor.js';
import { checkIndices, expectRank, expectShape, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { where } from './elementwise.js';

/** Computes `gather` without checking arguments. */
export const gatherOp: Op<readonly ['table', 'indices']> = defineOp({
  name: 'gather',
  inputs: ['table', 'indices'],
  shape: ([table, indices]) => ({ shape: [...indices.shape, table.shape[1]], dtype: 'f32' }),
  dispatch: ([table, indices], [y]) => gatherLaunches(table, indices, y),
  vjp: ({ inputs: [table, indices], outputGrad: dy }) => [
    scatterAdd(dy.reshape([indices.size, table.shape[1]]), indices.reshape([indices.size]), table.shape[0]),
    null,
  ],
});

/**
 * Gathers rows of a table by index: table (rows, cols), indices (...) of i32 -> (..., cols). An index out of range
 * gives NaN. Exact.
 * @throws TesseraError if an index that is known on the host is out of range.
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  expectRank('gather', 'table', table, 2, 'rows, cols');
  expectType('gather', 'table', table, 'f32');
  expectType('gather', 'indices', indices, 'i32');
  checkIndices('gather', 'index', indices, { count: table.shape[0], of: 'rows' });
  return gatherOp(table, indices);
}

/** Computes `scatterAdd` without checking arguments. */
export const scatterAddOp: Op<readonly ['values', 'indices'], { rows: number }> = defineOp({
  name: 'scatterAdd',
  inputs: ['values', 'indices'],
  shape: ([values], { rows }: { rows: number }) => [rows, values.shape[1]],
  dispatch: ([values, indices], [y], context) => scatterAddLaunches(values, indices, y, context),
  // Rows whose index is out of range were ignored, so their gradient is 0.
  vjp: ({ inputs: [values, indices], outputGrad: dy, attributes: { rows } }) => {
    const isRow = indices.greaterEqual(0).and(indices.less(rows)).reshape([values.shape[0], 1]);
    return [where(isRow, gatherOp(dy, indices), 0), null];
  },
});

/**
 * Sums rows by index, y[v,:] = Σ_{i: indices[i] = v} values[i,:]: values (count, cols), indices (count) of i32 ->
 * (rows, cols). Terms are added in ascending i, so that results are reproducible. Indices out of range are ignored.
 * Error ≤ 1e-6·Σ|terms|.
 */
export function scatterAdd(values: Tensor, indices: Tensor, rows: number): Tensor {
  expectRank('scatterAdd', 'values', values, 2, 'count, cols');
  expectType('scatterAdd', 'values', values, 'f32');
  expectType('scatterAdd', 'indices', indices, 'i32');
  expectShape('scatterAdd', 'indices', indices, [values.shape[0]]);
  if (!Number.isSafeInteger(rows) || rows < 0)
    throw new TesseraError(`scatterAdd: rows must be a non-negative integer, got ${rows}`);
  return scatterAddOp(values, indices, { rows });
}
