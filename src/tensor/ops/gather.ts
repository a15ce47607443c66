import { runLength } from '../../gpu/kernel.js';
import { gatherRows, linkEqual, scatterAddRows } from '../../kernels/gather.js';
import { fills } from '../../kernels/movement.js';
import { defineOp, expectRank, expectType } from '../define.js';
import { launch } from '../graph.js';
import { sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkIndices } from './cross-entropy.js';

/** `gather`, unchecked. */
export const gatherOp = defineOp({
  name: 'gather',
  inputs: ['table', 'indices'],
  shape: ([table, indices]) => ({ shape: [...indices!.shape, table!.shape[1]!], dtype: 'f32' }),
  dispatch: ([table, indices], [y]) => {
    const [rows, cols] = table!.shape as [number, number];
    return [launch(gatherRows, { table: table!, indices: indices!, y: y! }, { count: indices!.length, rows, cols })];
  },
  vjp: ({ inputs: [table, indices], outputGrad: dy }) => [
    scatterAdd(dy.reshape([indices!.size, table!.shape[1]!]), indices!.reshape([indices!.size]), table!.shape[0]!),
    null,
  ],
});

/**
 * Rows of a table by index: table (rows, cols), indices (...) of i32 -> (..., cols).
 * An index outside of the table gives zeros; one whose value is known on the host is an error. Exact.
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  expectRank('gather', 'table', table, 2, 'rows, cols');
  expectType('gather', 'table', table, 'f32');
  expectType('gather', 'indices', indices, 'i32');
  checkIndices('gather', 'index', indices, table.shape[0]!, 'rows');
  return gatherOp(table, indices);
}

/** `scatterAdd`, unchecked. */
export const scatterAddOp = defineOp({
  name: 'scatter_add',
  inputs: ['values', 'indices'],
  shape: ([values], { rows }: { rows: number }) => [rows, values!.shape[1]!],
  dispatch: ([values, indices], [y], { temporary, device, attributes: { rows } }) => {
    const [count, cols] = values!.shape as [number, number];
    const heads = temporary([count], 'i32');
    const links = temporary([count], 'i32');
    return [
      launch(fills[runLength(device)].f32, { y: y! }, { count: sizeOf(y!.shape), value: 0 }),
      launch(linkEqual, { indices: indices!, heads, links }, { count }),
      launch(scatterAddRows, { dy: values!, indices: indices!, heads, links, dtable: y! }, { count, rows, cols }),
    ];
  },
  vjp: ({ inputs: [, indices], outputGrad: dy }) => [gatherOp(dy, indices!), null],
});

/**
 * Sums of rows by index: y[v,:] = Σ_{i: indices[i] = v} values[i,:], in ascending i: the same bits every time.
 * values (count, cols), indices (count) of i32 -> (rows, cols). Indices outside are left out. Error ≤ 1e-6·Σ|terms|.
 */
export function scatterAdd(values: Tensor, indices: Tensor, rows: number): Tensor {
  expectRank('scatter_add', 'values', values, 2, 'count, cols');
  expectType('scatter_add', 'values', values, 'f32');
  expectType('scatter_add', 'indices', indices, 'i32');
  return scatterAddOp(values, indices, { rows });
}
