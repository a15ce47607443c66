import { CellErrors } from '../../data/cell-errors.js';
import { encodeTable } from '../../data/encoded.js';
import { decodeBytes, decodeSound } from '../../data/node/index.js';
import { targetOf } from '../../data/schema.js';
import type { Table } from '../../data/table.js';
import { TesseraError } from '../../tensor/index.js';
import { expectFieldColumns, type ReadOptions } from '../data.js';
import type { Predictions } from '../metrics/predictions.js';
import { predictRows } from '../predict-rows.js';
import type { Predictor } from './predictor.js';

/** The predictions of a model for a table, and what was left out. */
export interface EvaluatedTable {
  readonly predictions: Predictions;
  /** The number of rows that are left out, as they have no target. */
  readonly withoutTarget: number;
  /** The errors of cells that could not be used. */
  readonly errors: CellErrors;
}

/**
 * Predicts all rows of a table that have a target. `onRows` gets the number of rows done and the total, and may throw
 * to stop.
 * @throws TesseraError if the table lacks a column or has no row with a target, and as the options say.
 */
export async function evaluateTable(
  { model, schema }: Predictor,
  table: Table,
  { onError, onRows, ...options }: ReadOptions & { onRows?(done: number, all: number): void },
): Promise<EvaluatedTable> {
  expectFieldColumns(table, schema);
  const { column } = targetOf(schema);
  if (!table.columns.includes(column))
    throw new TesseraError(
      `${table.name}: there is no column '${column}', which the model predicts; to evaluate it the truth must be there (tessera predict needs none)`,
    );
  const errors = new CellErrors(onError);
  const { encoded, test, withoutTarget } = await encodeTable(table, schema, undefined, {
    decodeImage: decodeBytes,
    decodeSound,
    ...options,
    errors,
  });
  if (test.length === 0)
    throw new TesseraError(
      `${table.name}: no row can be used${withoutTarget > 0 ? `; ${withoutTarget} without '${column}'` : ''}\n${errors.summary()}`.trimEnd(),
    );
  const predictions = await predictRows(model, targetOf(schema), encoded, test, (done) => onRows?.(done, test.length));
  return { predictions, withoutTarget, errors };
}
