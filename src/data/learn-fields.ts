import { TesseraError } from '../tensor/index.js';
import { CellErrors } from './cell-errors.js';
import type { KindName } from './fields/field.js';
import { kinds } from './fields/index.js';
import { type EncodeOptions, filesOf, originOf, parseRow, readerOf } from './readers.js';
import type { Schema } from './schema.js';
import type { Table } from './table.js';

/**
 * Learns the states of the fields of a schema from the training rows alone, in one pass over a table, and mean and
 * deviation of a target that is a number. `isTraining` says of each row, by its number in the table from 0 on, whether
 * it is a training row. Returns the schema with the states.
 *
 * @throws TesseraError if the table lacks a column, a setting is unknown or invalid, a column has nothing to learn
 * from, or as `options.errors` say.
 */
export async function learnFields(
  table: Table,
  schema: Schema,
  isTraining: (row: number) => boolean,
  options: EncodeOptions = {},
): Promise<Schema> {
  const { fields, target } = schema;
  const { errors = new CellErrors() } = options;
  const learned = target?.kind === 'number' ? [...fields, { ...target, kind: target.kind }] : fields;
  const columns = learned.map((field) => columnOf(table, schema, field, field.column === target?.column, options));
  const readers = columns.map(({ reader }) => reader);
  let number = 0;
  for await (const rows of table.rows(errors))
    for (const row of rows) {
      if (!isTraining(number++)) continue;
      const origin = originOf(row);
      parseRow(readers, row, errors)?.forEach((value, at) => {
        columns[at].learner.add(value, origin);
      });
    }
  const states: unknown[] = [];
  for (const [at, { column, kind }] of learned.entries()) {
    try {
      states.push(await columns[at].learner.finish());
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      throw new TesseraError(`${table.name}: column '${column}' as ${kind}: ${error.message}`, { cause: error });
    }
  }
  return {
    ...schema,
    fields: fields.map((field, at) => ({ ...field, state: states[at] })),
    ...(target?.kind === 'number' ? { target: { ...target, state: states[fields.length] } } : {}),
  };
}

/** How a column is read and learned from. */
function columnOf(
  table: Table,
  schema: Schema,
  { column, kind, settings: chosen }: { column: string; kind: KindName; settings: object },
  isTarget: boolean,
  options: EncodeOptions,
) {
  const settings = kinds[kind].settings(chosen);
  return {
    reader: readerOf(table, column, (cell) => kinds[kind].parse(cell, settings), isTarget),
    learner: kinds[kind].learner(settings, filesOf(table, schema, column, options)),
  };
}
