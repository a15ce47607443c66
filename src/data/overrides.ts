import { TesseraError } from '../tensor/index.js';
import type { ColumnStatistics } from './columns.js';
import type { KindName } from './fields/field.js';
import { settingsOf } from './infer.js';
import {
  expectColumn,
  type IgnoredColumn,
  KINDS,
  type Schema,
  type SchemaField,
  type SchemaTarget,
  type TaskKind,
} from './schema.js';
import { inferTarget } from './target.js';

/** A kind that a user gives to columns; sequences are joined. */
export type GivenKind = Exclude<KindName, 'sequence'> | 'ignore';

/** Those kinds. */
export const GIVEN_KINDS: readonly GivenKind[] = [
  ...Object.values(KINDS).filter((kind) => kind !== 'sequence'),
  'ignore',
];

/** Columns by the kind that a user gives them. */
export type Overrides = Readonly<Partial<Record<GivenKind, readonly string[]>>>;

/** The task if the target is given a kind. */
const TASK_OF: Readonly<Partial<Record<KindName, TaskKind>>> = {
  category: 'category',
  boolean: 'category',
  number: 'number',
  tags: 'tags',
  text: 'text',
};

/**
 * Gives columns of a schema the kinds that a user chose: fields change their kind, ignored columns become fields,
 * fields are ignored. The kind of the target decides the task: a number, a category, tags, a text.
 * @throws TesseraError for an unknown column, with the nearest one, a column with two kinds, and a target that is
 * ignored or cannot have the kind.
 */
export function overrideSchema(schema: Schema, overrides: Overrides, columns: readonly ColumnStatistics[]): Schema {
  const names = columns.map(({ column }) => column);
  const chosen = new Map<string, GivenKind>();
  for (const kind of GIVEN_KINDS)
    for (const column of overrides[kind] ?? []) {
      expectColumn(`--${kind}`, column, names);
      const other = chosen.get(column);
      if (other !== undefined)
        throw new TesseraError(`column '${column}' is given twice: --${other} and --${kind}; expected one kind`);
      chosen.set(column, kind);
    }

  const target = schema.target === undefined ? undefined : overrideTarget(schema.target, overrides, columns);
  const fields: SchemaField[] = [];
  const ignored: IgnoredColumn[] = [];
  for (const statistics of columns) {
    const { column } = statistics;
    const kind = chosen.get(column);
    if (column === target?.column) continue;
    const field = schema.fields.find((field) => field.column === column);
    if (kind === 'ignore') ignored.push({ column, reason: 'as asked' });
    else if (kind !== undefined && kind !== field?.kind)
      fields.push({ column, kind, settings: settingsOf(kind, statistics) });
    else if (field !== undefined) fields.push(field);
    else
      ignored.push(
        schema.ignored.find((ignored) => ignored.column === column) ?? { column, reason: 'not in the schema' },
      );
  }
  return { ...schema, ...(target === undefined ? {} : { target }), fields, ignored };
}

/** The target with the kind that it was given. @throws TesseraError if it is ignored or cannot have that kind. */
function overrideTarget(
  target: SchemaTarget,
  overrides: Overrides,
  columns: readonly ColumnStatistics[],
): SchemaTarget {
  const task = taskOf(target.column, overrides);
  const statistics = columns.find(({ column }) => column === target.column);
  return task === undefined || task === target.kind || statistics === undefined
    ? target
    : inferTarget(statistics, task).target;
}

/**
 * The task that overrides give to a target, if any. @throws TesseraError if they ignore it, or give it another kind.
 */
export function taskOf(target: string, overrides: Overrides): TaskKind | undefined {
  const given = Object.entries(overrides).find(([, columns]) => columns.includes(target))?.[0];
  if (given === undefined) return undefined;
  const task = TASK_OF[given as KindName];
  if (task === undefined)
    throw new TesseraError(
      `--${given}: '${target}' is the target; expected --category, --boolean, --number, --tags or --text`,
    );
  return task;
}
