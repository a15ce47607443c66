import { TesseraError } from '../tensor/index.js';
import { CellErrors } from './cell-errors.js';
import { kinds } from './fields/index.js';
import { type EncodeOptions, filesOf, originOf, parseRow, type Reader, readerOf } from './readers.js';
import { PARTS, type Schema, type SchemaField, type SchemaTarget } from './schema.js';
import type { Table } from './table.js';
import { targetColumn } from './target-column.js';

/**
 * Learns the states of the fields of a schema from the training rows alone, in one pass over a table, and mean and
 * deviation of a target that is a number. `parts` has the part of each row, as `splitRows` returns them. The cells of
 * all parts are read, so that those that cannot be used are named together. Returns the schema with the states.
 *
 * @throws TesseraError if the table lacks a column, a setting is unknown or invalid, a column has nothing to learn
 * from, or as `options.errors` say.
 */
export async function learnFields(
  table: Table,
  schema: Schema,
  parts: Uint8Array,
  options: EncodeOptions = {},
): Promise<Schema> {
  const { fields, target } = schema;
  const { errors = new CellErrors() } = options;
  const learned: SchemaField[] =
    target?.kind === 'number' ? [...fields, { ...target, kind: target.kind }] : [...fields];
  const columns = learned.map((field) => columnOf(table, schema, field, options));
  const readers = [...columns.map(({ reader }) => reader), ...classReaders(table, target)];
  let number = 0;
  for await (const rows of table.rows(errors))
    for (const row of rows) {
      const part = PARTS[parts[number++]];
      const values = part === undefined ? undefined : parseRow(readers, row, errors);
      if (values === undefined || part !== 'train') continue;
      const origin = originOf(row);
      columns.forEach(({ learner }, at) => {
        learner.add(values[at], origin);
      });
    }
  const states: unknown[] = [];
  for (const [at, { column, kind }] of learned.entries()) {
    try {
      states.push(await columns[at].learner.finish());
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      const remedy = column === target?.column ? '' : ` (to leave it out: --ignore ${column})`;
      throw new TesseraError(
        `${table.name}: column '${column}' as ${kind}${remedy}: ${error.message}\n${errors.summary()}`.trimEnd(),
        { cause: error },
      );
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
  { column, kind, settings: chosen }: SchemaField,
  options: EncodeOptions,
) {
  const settings = kinds[kind].settings(chosen);
  const isTarget = column === schema.target?.column;
  return {
    reader: readerOf(table, column, (cell) => kinds[kind].parse(cell, settings), isTarget),
    learner: kinds[kind].learner(settings, filesOf(table, schema, column, options)),
  };
}

/** How a target that is no number is read: nothing is learned of it. */
function classReaders(table: Table, target: SchemaTarget | undefined): Reader[] {
  if (target === undefined || target.kind === 'number') return [];
  const column = targetColumn(target);
  return [readerOf(table, target.column, (cell) => column.parse(cell), true)];
}
