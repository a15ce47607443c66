import { TesseraError } from '../tensor/index.js';
import {
  anything,
  boolean,
  checkOptions,
  closedFraction,
  lookUp,
  nonNegativeInteger,
  optional,
  text,
} from '../tensor/options.js';
import type { KindName } from './fields/field.js';
import { kinds } from './fields/index.js';

/** What is predicted: one class of several, a class of ordered ones, a number, a set of tags, or a transcript. */
export type TaskKind = 'category' | 'ordinal' | 'number' | 'tags' | 'text';

/** The settings of a kind of field, or of the target, as JSON. */
export type Settings = Readonly<Record<string, unknown>>;

/** The column that is predicted. */
export interface SchemaTarget {
  /** Its name. */
  readonly column: string;
  /** What is predicted. */
  readonly kind: TaskKind;
  /** How its cells are read, such as `{ decimal: ',' }` or `{ separator: ';' }`. */
  readonly settings: Settings;
  /** The classes, tags, or symbols of transcripts, in the order of the model's outputs; a number has none. */
  readonly classes?: readonly string[];
  /** The state of a number, learned from the training rows, once it was. */
  readonly state?: unknown;
}

/** A column that the model reads. */
export interface SchemaField {
  /** Its name. */
  readonly column: string;
  /** Its kind. */
  readonly kind: KindName;
  /** The settings chosen for it. */
  readonly settings: Settings;
  /** The state learned from the training rows, once it was. */
  readonly state?: unknown;
}

/** A column that the model does not read, and why. */
export interface IgnoredColumn {
  /** Its name. */
  readonly column: string;
  /** Why it is not read. */
  readonly reason: string;
}

/** The parts of a table. */
export const PARTS = ['train', 'validation', 'test'] as const;
/** The name of a part of a table. */
export type PartName = (typeof PARTS)[number];

/** The fractions of the rows that the parts get. */
export type Fractions = Readonly<Record<PartName, number>>;

/** How rows are divided into parts: see `splitRows`. */
export type Split =
  | { readonly by: 'fraction'; readonly fractions: Fractions; readonly seed: number }
  | { readonly by: 'group'; readonly column: string; readonly fractions: Fractions; readonly seed: number }
  | { readonly by: 'time'; readonly column: string; readonly fractions: Fractions; readonly dayFirst?: boolean }
  | { readonly by: 'column'; readonly column: string; readonly seed: number }
  | { readonly by: 'files'; readonly files: Readonly<Record<string, PartName>>; readonly seed: number };

/** What every column of a table is: decided by inference and the user, kept with a run as JSON. */
export interface Schema {
  /** The version of this format. */
  readonly version: 1;
  /** The target; a schema without one describes a table, but nothing can be trained on it. */
  readonly target?: SchemaTarget;
  /** The columns that the model reads. */
  readonly fields: readonly SchemaField[];
  /** The columns that it does not read. */
  readonly ignored: readonly IgnoredColumn[];
  /** How the rows are divided. */
  readonly split: Split;
}

const byName = <Name extends string>(...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, name])) as Record<Name, Name>;
/** The names of the kinds of fields. */
export const KINDS = byName(
  'text',
  'image',
  'sound',
  'number',
  'category',
  'boolean',
  'date',
  'tags',
  'sequence',
) satisfies Record<KindName, KindName>;
const TASKS = byName('category', 'ordinal', 'number', 'tags', 'text') satisfies Record<TaskKind, TaskKind>;
/** The largest number of classes or tags that can be predicted. */
export const MOST_CLASSES = 1_000;

const object = {
  expected: 'an object',
  fits: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
};
const list = { expected: 'a list', fits: Array.isArray };
const classes = {
  expected: `a list of 2 to ${MOST_CLASSES} different texts`,
  fits: (value: unknown) =>
    Array.isArray(value) &&
    value.length >= 2 &&
    value.length <= MOST_CLASSES &&
    value.every((name) => typeof name === 'string') &&
    new Set(value).size === value.length,
};

function checkTarget(where: string, target: SchemaTarget): SchemaTarget {
  checkOptions(where, target, {
    column: text,
    kind: text,
    settings: object,
    classes: optional(classes),
    state: optional(anything),
  });
  lookUp(where, 'kind', TASKS, target.kind);
  if ((target.kind === 'number') !== (target.classes === undefined))
    throw new TesseraError(
      `${where}: a target of kind '${target.kind}' has ${target.kind === 'number' ? 'no' : 'a list of'} classes, got ${target.classes === undefined ? 'none' : 'some'}`,
    );
  return target;
}

/** Checks the fractions of the parts. @throws TesseraError if one is no fraction, or they do not add up to 1. */
export function checkFractions(where: string, fractions: Fractions): Fractions {
  checkOptions(where, fractions, { train: closedFraction, validation: closedFraction, test: closedFraction });
  const sum = fractions.train + fractions.validation + fractions.test;
  if (Math.abs(sum - 1) > 1e-6 || fractions.train === 0)
    throw new TesseraError(
      `${where}: train, validation and test must add up to 1, with rows to train on; got ${PARTS.map((part) => fractions[part]).join(' + ')} = ${sum}`,
    );
  return fractions;
}

const SPLITS: Readonly<Record<Split['by'], readonly string[]>> = {
  fraction: ['fractions', 'seed'],
  group: ['column', 'fractions', 'seed'],
  time: ['column', 'fractions', 'dayFirst'],
  column: ['column', 'seed'],
  files: ['files', 'seed'],
};

function checkSplit(where: string, split: Split): Split {
  const names = lookUp(where, 'way to split', SPLITS, split.by);
  const checks = Object.entries({
    column: text,
    fractions: object,
    seed: nonNegativeInteger,
    files: object,
    dayFirst: optional(boolean),
  });
  checkOptions<object>(where, split, {
    by: text,
    ...Object.fromEntries(checks.filter(([name]) => names.includes(name))),
  });
  if ('fractions' in split) checkFractions(`${where}.fractions`, split.fractions);
  if ('files' in split)
    for (const [file, part] of Object.entries(split.files))
      lookUp(`${where}.files['${file}']`, 'part', byName(...PARTS), part);
  return split;
}

/** @throws TesseraError if a field has a setting that its kind does not know, or a value that makes no sense. */
function checkSettings(where: string, { column, settings }: SchemaField, kind: KindName): void {
  try {
    kinds[kind].settings(settings);
  } catch (error) {
    throw new TesseraError(`${where}, column '${column}': ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Checks a schema that was read from JSON, or edited.
 * @throws TesseraError that names the entry that is wrong, what was expected and what was got.
 */
export function parseSchema(json: unknown, where = 'schema'): Schema {
  const schema = checkOptions(where, json as Schema, {
    version: anything,
    target: optional(object),
    fields: list,
    ignored: list,
    split: object,
  });
  if (schema.version !== 1)
    throw new TesseraError(
      `${where}: expected version 1, got ${JSON.stringify(schema.version)}; make it again with 'tessera inspect'`,
    );
  if (schema.target !== undefined) checkTarget(`${where}.target`, schema.target);
  for (const [index, field] of schema.fields.entries()) {
    const place = `${where}.fields[${index}]`;
    checkOptions(place, field, { column: text, kind: text, settings: object, state: optional(anything) });
    checkSettings(place, field, lookUp(place, 'kind', KINDS, field.kind));
  }
  for (const [index, ignored] of schema.ignored.entries())
    checkOptions(`${where}.ignored[${index}]`, ignored, { column: text, reason: text });
  const columns = columnsOf(schema);
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined)
    throw new TesseraError(`${where}: column '${twice}' occurs twice; expected each column once`);
  checkSplit(`${where}.split`, schema.split);
  return schema;
}

/** The columns that a schema names: target, fields and ignored ones. */
function columnsOf({ target, fields, ignored }: Schema): string[] {
  return [...(target === undefined ? [] : [target]), ...fields, ...ignored].map(({ column }) => column);
}

/** @throws TesseraError if a table has no column of a name; the nearest one is suggested. */
export function expectColumn(where: string, column: string, columns: readonly string[]): void {
  const [only] = columns;
  if (columns.length === 1 && only !== column)
    throw new TesseraError(
      `${where}: there is no column '${column}'; there is one alone, '${only.length > 60 ? `${only.slice(0, 59)}…` : only}' (if it should be several: --delimiter or --encoding)`,
    );
  lookUp(where, 'column', byName(...columns), column);
}

/** @throws TesseraError if a table lacks a column that the schema names; the nearest one is suggested. */
export function expectColumns(schema: Schema, columns: readonly string[], where = 'schema'): void {
  for (const column of columnsOf(schema)) expectColumn(where, column, columns);
  if ('column' in schema.split) expectColumn(`${where}.split`, schema.split.column, columns);
}

/** The target of a schema. @throws TesseraError if it has none. */
export function targetOf(schema: Schema): SchemaTarget {
  if (schema.target === undefined) throw noTarget(columnsOf(schema));
  return schema.target;
}

/** Whether one class of several is predicted. */
export const isOneClass = ({ kind }: Pick<SchemaTarget, 'kind'>): boolean => kind === 'category' || kind === 'ordinal';

/** The error of a schema without a target. */
export const noTarget = (columns: readonly string[]): TesseraError =>
  new TesseraError(
    columns.length === 1
      ? `there is no target: expected a column beside '${columns[0]}', which is predicted (of images, a folder for each class)`
      : `there is no target; name the column that is predicted: --target COLUMN, one of ${columns.join(', ')}`,
  );

/**
 * @throws TesseraError if a schema has no target, no column is left that it could be predicted from, or a transcript has
 * not one column of sounds.
 */
export function expectFields(schema: Schema): void {
  const { column, kind } = targetOf(schema);
  const sounds = schema.fields.filter((field) => field.kind === 'sound');
  if (kind === 'text' && schema.fields.length > 0 && sounds.length !== 1)
    throw new TesseraError(
      `the target '${column}' is a text, which is predicted from one column of sounds; there are ${sounds.length === 0 ? 'none' : sounds.map((sound) => `'${sound.column}'`).join(', ')}: give one by --sound COLUMN, or the target a kind such as --category ${column}`,
    );
  if (schema.fields.length > 0) return;
  const others = schema.ignored.map((ignored) => `'${ignored.column}' (${ignored.reason})`);
  throw new TesseraError(
    `there is no column to predict '${column}' from${others.length === 0 ? '' : `: ignored are ${others.join(', ')}`}; give columns a kind, such as --text or --number`,
  );
}
