import { CellErrors } from '../data/cell-errors.js';
import { type EncodedTable, encodeTable } from '../data/encoded.js';
import { learnFields } from '../data/learn-fields.js';
import type { EncodeOptions } from '../data/readers.js';
import { expectColumn, PARTS, type Schema, targetOf } from '../data/schema.js';
import type { Table } from '../data/table.js';
import { TesseraError } from '../tensor/index.js';

/** A table, ready to train on. */
export interface RunData extends EncodedTable {
  /** What each column is, and what was learned from the training rows. */
  readonly schema: Schema;
  /** The errors of cells that could not be used. */
  readonly errors: CellErrors;
}

/** How the cells of a table are read. */
export type ReadOptions = Omit<EncodeOptions, 'errors'> & Pick<CellErrors, 'onError'>;

/**
 * Learns from the training rows of a table what its fields need to know, unless the schema has it already, and encodes
 * all rows: one pass over the table or two. `parts` has the part of each row, as `splitRows` returns them.
 *
 * @throws TesseraError if the schema has no target, a column has nothing to learn from, or no rows are left to train
 * on.
 */
export async function prepareData(
  table: Table,
  schema: Schema,
  parts: Uint8Array,
  { onError, ...options }: ReadOptions,
): Promise<RunData> {
  targetOf(schema);
  const isLearned = schema.fields.length > 0 && schema.fields.every(({ state }) => state !== undefined);
  const learned = isLearned
    ? schema
    : await learnFields(table, schema, parts, { ...options, errors: new CellErrors(onError) });
  const errors = new CellErrors(onError);
  const data = await encodeTable(table, learned, parts, { ...options, errors });
  for (const part of PARTS)
    if (data[part].length === 0)
      throw new TesseraError(
        `${table.name}: no rows are left for ${part}; a run needs rows for train, validation and test\n${errors.summary()}`.trimEnd(),
      );
  return { ...data, schema: learned, errors };
}

/** @throws TesseraError if a table lacks the column of a field. */
export function expectFieldColumns({ name, columns }: Pick<Table, 'name' | 'columns'>, { fields }: Schema): void {
  for (const { column, kind } of fields) {
    try {
      expectColumn(name, column, columns);
    } catch (error) {
      throw new TesseraError(
        `${(error as Error).message}; the model reads '${column}': ${kind === 'sequence' ? 'join a table of events by --sequence FILE:KEY' : 'rename a column, or add one, whose cells may be empty'}`,
        { cause: error },
      );
    }
  }
}
