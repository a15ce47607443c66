import { TesseraError } from '../tensor/index.js';
import { CellErrors, type OnError } from './cell-errors.js';
import { textOf } from './cells.js';
import { type ColumnStatistics, type TableStatistics, tableStatistics } from './columns.js';
import { DuplicateFinder } from './duplicates.js';
import { isFileKind } from './fields/field.js';
import { type Inference, inferKind, settingsOf } from './infer.js';
import { describeJoin, type JoinedSequence } from './join.js';
import { type Overrides, overrideSchema, taskOf } from './overrides.js';
import { Reservoir } from './reservoir.js';
import {
  expectColumn,
  expectColumns,
  isOneClass,
  type Schema,
  type SchemaField,
  type Split,
  type TaskKind,
} from './schema.js';
import { type RowParts, splitRows } from './splits.js';
import { type Row, type Table, watchRows } from './table.js';
import { inferTarget } from './target.js';
import { sequenceWarnings, type TableWarning, warningsOf } from './warnings.js';

/** How rows are divided where nothing else is asked for. */
export const DEFAULT_FRACTIONS = { train: 0.8, validation: 0.1, test: 0.1 } as const;

/** Options of `inspectTable`. */
export interface InspectOptions {
  /** The column that is predicted. Default the schema's, if one is given, or else the table's, if it has one. */
  readonly target?: string;
  /** Kinds that are given to columns. */
  readonly overrides?: Overrides;
  /** A schema to start from; by default everything is inferred. */
  readonly schema?: Schema;
  /** How rows are divided. Default the schema's, else 80/10/10% at random by seed 0. */
  readonly split?: Split;
  /** The columns that were joined to the table. */
  readonly sequences?: readonly JoinedSequence[];
  /** What happens to rows and cells that cannot be read. Default 'stop'. */
  readonly onError?: OnError;
}

/** The result of inspecting a table. */
export interface Inspection {
  /** What every column is, and how rows are divided. */
  readonly schema: Schema;
  /** Why a column is what it is, by name. */
  readonly reasons: ReadonlyMap<string, string>;
  /** The statistics of the columns, and a sample of rows. */
  readonly statistics: TableStatistics;
  /** The part of every row. */
  readonly parts: RowParts;
  /** Rows with images or sounds, drawn at random: at most 36. */
  readonly withFiles: readonly Row[];
  /** Warnings of what looks wrong. */
  readonly warnings: readonly TableWarning[];
  /** The cells that could not be read. */
  readonly errors: CellErrors;
}

const MOST_WITH_FILES = 36;

/**
 * Infers what every column of a table is, splits the rows, and warns of what looks wrong, in two passes over the table.
 * @throws TesseraError for what cannot be: an unknown column, a column of two kinds, a target that cannot be predicted
 * (see `inferTarget`), a table without rows, a split that leaves no rows for a part.
 */
export async function inspectTable(table: Table, options: InspectOptions = {}): Promise<Inspection> {
  const { schema: given, sequences = [], onError } = options;
  const target = options.target ?? (given === undefined ? table.target : given.target?.column);
  if (target !== undefined) expectColumn(`${table.name}: --target`, target, table.columns);
  if (given !== undefined) expectColumns(given, table.columns);

  const statistics = await tableStatistics(table, new CellErrors(onError));
  const { columns } = statistics;
  if (sequences.some(({ column }) => column === target))
    throw new TesseraError(`--target: '${target}' has events, which cannot be predicted; name another column`);
  const schema = decide(table, columns, target, options);

  const at = ({ column }: { column: string }): number => table.columns.indexOf(column);
  const used = [...schema.fields, ...(schema.target === undefined ? [] : [schema.target])];
  const duplicates = new DuplicateFinder(used.map(at));
  const ofFiles = schema.fields.filter(({ kind }) => isFileKind(kind)).map(at);
  const withFiles = new Reservoir<Row>(MOST_WITH_FILES);
  const watched = watchRows(table, (row) => {
    duplicates.add(row);
    if (ofFiles.some((index) => textOf(row.cells[index]) !== undefined)) withFiles.offer(() => row);
  });
  const errors = new CellErrors(onError);
  const parts = await splitRows(watched, schema.split, {
    target: schema.target?.column,
    isStratified: schema.target !== undefined && isOneClass(schema.target),
    allowEmpty: schema.target === undefined,
    errors,
  });
  return {
    schema,
    reasons: new Map(columns.map((column) => [column.column, reasonOf(column, schema, options)])),
    statistics,
    parts,
    withFiles: withFiles.items,
    warnings: [
      ...sequenceWarnings(sequences, schema),
      ...warningsOf(schema, statistics, duplicates.count(parts.parts), parts.untrained),
    ],
    errors,
  };
}

/** What every column is, and how rows are divided. @throws TesseraError, which names the table, for what cannot be. */
function decide(
  { name }: Table,
  columns: readonly ColumnStatistics[],
  target: string | undefined,
  { overrides = {}, schema: given, sequences = [], split }: InspectOptions,
): Schema {
  try {
    const start = { ...(given ?? inferSchema(columns, sequences)), ...(split === undefined ? {} : { split }) };
    const targeted = target === undefined ? start : withTarget(start, target, columns, overrides);
    const schema = withWholeSounds(
      withoutSplitColumn(overrideSchema(targeted, overrides, columns), columns, overrides),
      given,
    );
    if (target !== undefined && 'column' in schema.split && schema.split.column === target)
      throw new TesseraError(
        `rows cannot be split by the target '${target}', which would leave some of it out of the training; name another column`,
      );
    return schema;
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    throw new TesseraError(`${name}: ${error.message}`, { cause: error });
  }
}

/** The schema of columns by inference alone, without a target. */
function inferSchema(columns: readonly ColumnStatistics[], sequences: readonly JoinedSequence[]): Schema {
  const inferred = columns.map((statistics) => ({
    column: statistics.column,
    ...(inferJoined(statistics.column, sequences) ?? inferKind(statistics)),
  }));
  return {
    version: 1,
    fields: inferred.flatMap(({ column, kind, settings }): SchemaField[] =>
      kind === 'ignored' ? [] : [{ column, kind, settings }],
    ),
    ignored: inferred.filter(({ kind }) => kind === 'ignored').map(({ column, why }) => ({ column, reason: why })),
    split: { by: 'fraction', fractions: DEFAULT_FRACTIONS, seed: 0 },
  };
}

/** What a column is that was joined, or that events were joined by: that one says who, not what. */
function inferJoined(column: string, sequences: readonly JoinedSequence[]): Inference | undefined {
  const joined = sequences.find((sequence) => sequence.column === column);
  if (joined !== undefined) return { kind: 'sequence', settings: { ...joined.settings }, why: describeJoin(joined) };
  const byKey = sequences.find(({ rowKey }) => rowKey === column);
  return byKey && { kind: 'ignored', settings: {}, why: `${byKey.events} is joined by it` };
}

/** The schema with a column as its target: as it is there, or inferred. */
function withTarget(
  schema: Schema,
  target: string,
  columns: readonly ColumnStatistics[],
  overrides: Overrides,
): Schema {
  const statistics = columns.find(({ column }) => column === target);
  if (statistics === undefined || schema.target?.column === target) return schema;
  const isOther = ({ column }: { column: string }): boolean => column !== target;
  const { fields, ignored } = schema;
  return {
    ...schema,
    target: inferTarget(statistics, taskOf(target, overrides) ?? transcriptTask(statistics, fields)).target,
    fields: fields.filter(isOther),
    ignored: ignored.filter(isOther),
  };
}

/** Sounds whose transcript is predicted are neither cut off nor shifted, which would take words away. */
function withWholeSounds(schema: Schema, given: Schema | undefined): Schema {
  if (schema.target?.kind !== 'text') return schema;
  const isGivenField = ({ column }: SchemaField) => given?.fields.some((field) => field.column === column) ?? false;
  return {
    ...schema,
    fields: schema.fields.map((field) =>
      field.kind === 'sound' && !isGivenField(field)
        ? { ...field, settings: { keptWhole: 1, shift: 0, ...field.settings } }
        : field,
    ),
  };
}

/** A target of texts beside sounds is what they say, or `undefined`. */
const transcriptTask = (target: ColumnStatistics, fields: readonly SchemaField[]): TaskKind | undefined =>
  inferKind(target).kind === 'text' && fields.some(({ kind }) => kind === 'sound') ? 'text' : undefined;

/**
 * Ignores the column that rows are split by, as it says who, not what, unless it was given a kind; a date is read as
 * its column is.
 */
function withoutSplitColumn(schema: Schema, columns: readonly ColumnStatistics[], overrides: Overrides): Schema {
  const { split, fields, ignored } = schema;
  if (!('column' in split)) return schema;
  const { column } = split;
  if (split.by === 'time') {
    const statistics = columns.find((statistics) => statistics.column === column);
    return statistics === undefined ? schema : { ...schema, split: { ...split, ...settingsOf('date', statistics) } };
  }
  if (isGiven(column, overrides) || !fields.some((field) => field.column === column)) return schema;
  const reason = split.by === 'group' ? 'rows are split by it' : 'it says which part a row is in';
  return {
    ...schema,
    fields: fields.filter((field) => field.column !== column),
    ignored: [...ignored, { column, reason }],
  };
}

const isGiven = (column: string, overrides: Overrides): boolean =>
  Object.values(overrides).some((names) => names.includes(column));

/** Why a column is what a schema says. */
function reasonOf(
  statistics: ColumnStatistics,
  { target, fields, ignored }: Schema,
  { overrides = {}, schema: given, sequences = [] }: InspectOptions,
): string {
  const { column } = statistics;
  const found = inferJoined(column, sequences) ?? inferKind(statistics);
  const reason = ignored.find((other) => other.column === column)?.reason;
  if (reason !== undefined) return reason;
  if (isGiven(column, overrides)) return 'as asked';
  if (target?.column === column)
    return target === given?.target ? 'as the schema says' : inferTarget(statistics, target.kind).why;
  const kind = fields.find((field) => field.column === column)?.kind;
  return kind === found.kind ? found.why : 'as the schema says';
}
