import { TesseraError } from '../tensor/index.js';
import type { CellErrors } from './cell-errors.js';
import { type ColumnStatistics, type TableStatistics, tableStatistics } from './columns.js';
import { DuplicateFinder } from './duplicates.js';
import { inferKind, settingsOf } from './infer.js';
import { type Overrides, overrideSchema, taskOf } from './overrides.js';
import { expectColumn, expectColumns, type Schema, type SchemaField, type Split } from './schema.js';
import { type RowParts, splitRows } from './splits.js';
import type { Table } from './table.js';
import { inferTarget } from './target.js';
import { type TableWarning, warningsOf } from './warnings.js';

/** How rows are divided where nothing else is asked for. */
export const DEFAULT_FRACTIONS = { train: 0.8, validation: 0.1, test: 0.1 } as const;

/** Options of `inspectTable`. */
export interface InspectOptions {
  /** The column that is predicted. Default the schema's, if one is given. */
  readonly target?: string;
  /** Kinds that are given to columns. */
  readonly overrides?: Overrides;
  /** A schema to start from; by default everything is inferred. */
  readonly schema?: Schema;
  /** How rows are divided. Default the schema's, else 80/10/10% at random by seed 0. */
  readonly split?: Split;
  /** Makes what notes the rows that cannot be read, for each of the two passes. */
  readonly errors?: () => CellErrors;
}

/** What was found out about a table. */
export interface Inspection {
  /** What every column is, and how rows are divided. */
  readonly schema: Schema;
  /** Why a column is what it is, by name. */
  readonly reasons: ReadonlyMap<string, string>;
  /** The statistics of the columns, and a sample of rows. */
  readonly statistics: TableStatistics;
  /** The part of every row. */
  readonly parts: RowParts;
  /** What looks wrong. */
  readonly warnings: readonly TableWarning[];
}

/**
 * Finds out what every column of a table is, divides the rows, and says what looks wrong: two passes over the table.
 * @throws TesseraError for what cannot be: an unknown column, a column of two kinds, a target that cannot be predicted (see
 * `inferTarget`), a table without rows, a split without rows for a part.
 */
export async function inspectTable(table: Table, options: InspectOptions = {}): Promise<Inspection> {
  const { overrides = {}, schema: given, errors } = options;
  const target = options.target ?? given?.target?.column;
  if (target !== undefined) expectColumn('--target', target, table.columns);
  if (given !== undefined) expectColumns(given, table.columns);

  const statistics = await tableStatistics(table, errors?.());
  const { columns } = statistics;
  if (statistics.rows === 0) throw new TesseraError(`${table.name} has no rows; expected some`);
  const reasons = new Map(columns.map((column) => [column.column, inferKind(column).why]));
  const start = {
    ...(given ?? inferSchema(columns)),
    ...(options.split === undefined ? {} : { split: options.split }),
  };
  const targeted = target === undefined ? start : withTarget(start, target, columns, overrides, reasons);
  const schema = withoutSplitColumn(overrideSchema(targeted, overrides, columns), columns, overrides);
  for (const { column, reason } of schema.ignored) reasons.set(column, reason);
  for (const [kind, names] of Object.entries(overrides))
    for (const name of names) if (name !== target && kind !== 'ignore') reasons.set(name, 'as asked');

  const used = [...schema.fields, ...(schema.target === undefined ? [] : [schema.target])];
  const finder = new DuplicateFinder(used.map(({ column }) => table.columns.indexOf(column)));
  const parts = await splitRows(finder.watch(table), schema.split, {
    target: schema.target?.column,
    isStratified: schema.target?.classes !== undefined && schema.target.kind !== 'tags',
    errors: errors?.(),
  });
  const warnings = warningsOf(schema, statistics, finder.count(parts.parts));
  return { schema, reasons, statistics, parts, warnings };
}

/** The schema of columns by inference alone, without a target. */
function inferSchema(columns: readonly ColumnStatistics[]): Schema {
  const inferred = columns.map((statistics) => ({ column: statistics.column, ...inferKind(statistics) }));
  return {
    version: 1,
    fields: inferred.flatMap(({ column, kind, settings }): SchemaField[] =>
      kind === 'ignored' ? [] : [{ column, kind, settings }],
    ),
    ignored: inferred.filter(({ kind }) => kind === 'ignored').map(({ column, why }) => ({ column, reason: why })),
    split: { by: 'fraction', fractions: DEFAULT_FRACTIONS, seed: 0 },
  };
}

/** The schema with a column as its target: as it is there, or inferred. */
function withTarget(
  schema: Schema,
  target: string,
  columns: readonly ColumnStatistics[],
  overrides: Overrides,
  reasons: Map<string, string>,
): Schema {
  const statistics = columns.find(({ column }) => column === target);
  if (statistics === undefined || schema.target?.column === target) return schema;
  const inferred = inferTarget(statistics, taskOf(target, overrides));
  reasons.set(target, `the target: ${inferred.why}`);
  const isOther = ({ column }: { column: string }): boolean => column !== target;
  const { fields, ignored } = schema;
  return { ...schema, target: inferred.target, fields: fields.filter(isOther), ignored: ignored.filter(isOther) };
}

/** Ignores the column that rows are split by, as it says who, not what, unless it was given a kind; a date is read as its column is. */
function withoutSplitColumn(schema: Schema, columns: readonly ColumnStatistics[], overrides: Overrides): Schema {
  const { split, fields, ignored } = schema;
  if (!('column' in split)) return schema;
  const { column } = split;
  if (split.by === 'time') {
    const statistics = columns.find((statistics) => statistics.column === column);
    return statistics === undefined ? schema : { ...schema, split: { ...split, ...settingsOf('date', statistics) } };
  }
  if (
    Object.values(overrides).some((names) => names.includes(column)) ||
    !fields.some((field) => field.column === column)
  )
    return schema;
  const reason = split.by === 'group' ? 'rows are split by it' : 'it says which part a row is in';
  return {
    ...schema,
    fields: fields.filter((field) => field.column !== column),
    ignored: [...ignored, { column, reason }],
  };
}
