import { gatherRows, rowStarts, sumRows } from '../kernels/reduce/gather.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { sortLaunches } from './sort.js';

/**
 * Launches that group the indices by the row that they name: `order` sorts them, and the entries of row v are those
 * from starts[v] to starts[v + 1] of it.
 */
export function groupByRow(
  indices: Value,
  rows: number,
  context: Pick<LaunchContext, 'temporary'>,
): { launches: Launch[]; order: Value; starts: Value } {
  const count = indices.length;
  const order = context.temporary([count], 'i32');
  const starts = context.temporary([rows + 1], 'u32');
  const launches = [
    ...sortLaunches(indices, order, { outer: 1, n: count, inner: 1 }, context),
    launch(rowStarts, { indices, order, starts }, { count, rows }),
  ];
  return { launches, order, starts };
}

/** The launch of y[i,:] = table[indices[i],:], for a table (rows, cols). */
export function gatherLaunches(table: Value, indices: Value, y: Value): Launch[] {
  const [rows, cols] = table.shape;
  const kernel = cols % 4 === 0 ? gatherRows.vec4 : gatherRows.scalar;
  return [launch(kernel, { table, indices, y }, { count: indices.length, rows, cols, first_row: 0 })];
}

/** Launches of the scatter-add y (rows, cols), where y[v,:] is the sum of the values (count, cols) whose index is v. */
export function scatterAddLaunches(
  values: Value,
  indices: Value,
  y: Value,
  context: Pick<LaunchContext, 'temporary'>,
): Launch[] {
  const [count, cols] = values.shape;
  const [rows] = y.shape;
  const { launches, order, starts } = groupByRow(indices, rows, context);
  const kernel = cols % 4 === 0 ? sumRows.vec4 : sumRows.scalar;
  return [...launches, launch(kernel, { values, order, starts, y }, { count, rows, cols })];
}
