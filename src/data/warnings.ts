import { booleanOf, type Decimal, dateOf, numberOf } from './cells.js';
import type { ColumnStatistics, TableStatistics } from './columns.js';
import type { Duplicates } from './duplicates.js';
import type { KindName } from './fields/field.js';
import { count, inferKind, share } from './infer.js';
import type { JoinedSequence } from './join.js';
import { leakOf } from './leaks.js';
import { isOneClass, type Schema, type SchemaField, type SchemaTarget, type Settings } from './schema.js';

/** The kinds of warnings. */
export type WarningCode =
  | 'identifier'
  | 'constant'
  | 'leak'
  | 'missing'
  | 'unreadable'
  | 'rare class'
  | 'similar classes'
  | 'class without training rows'
  | 'no fields'
  | 'imbalance'
  | 'rows without a target'
  | 'duplicates'
  | 'duplicates across the split'
  | 'few matches'
  | 'repeated keys';

/** A warning about a table, with what to do about it. */
export interface TableWarning {
  /** The kind of warning. */
  readonly code: WarningCode;
  /** The column that the warning is about; undefined if it is about the table. */
  readonly column?: string;
  /** The description, in words. */
  readonly message: string;
}

/** A field with fewer values is mostly missing. */
const MOSTLY = 0.5;
/** A class this many times as frequent as another is an imbalance. */
const IMBALANCE = 20;
/** With fewer distinct rows, all rows are checked. */
const FEWEST_DISTINCT = 100;

/** Lists the warnings about a table under a schema. */
export function warningsOf(
  { target, fields }: Schema,
  { columns, sample }: TableStatistics,
  duplicates: Duplicates,
  untrained: readonly string[] = [],
): TableWarning[] {
  const at = ({ column }: { column: string }): number =>
    columns.findIndex((statistics) => statistics.column === column);
  const found = fields.map((field) => fieldWarnings(field, columns[at(field)]));
  if (target === undefined) return [...found.flat(), ...duplicateWarnings(duplicates)];
  const rows = withoutCopies(sample, [...fields, target].map(at));
  if (fields.length === 0)
    return [warning('no fields', undefined, `no column is left to predict '${target.column}' from`)];
  const textsOf = (column: { column: string }) => rows.map((row) => row[at(column)]);
  return [
    ...fields.flatMap((field, index) => [
      ...found[index],
      ...leakWarnings(field.column, leakOf(textsOf(field), textsOf(target), target.kind)),
    ]),
    ...targetWarnings(target, columns[at(target)]),
    ...untrainedWarnings(target, untrained),
    ...duplicateWarnings(duplicates),
  ];
}

/** Copies of a row agree in every column, which says nothing of one: each row is taken once, unless few are left. */
function withoutCopies(sample: TableStatistics['sample'], used: readonly number[]): TableStatistics['sample'] {
  const distinct = new Map(sample.map((row) => [JSON.stringify(used.map((index) => row[index])), row]));
  return distinct.size >= FEWEST_DISTINCT ? [...distinct.values()] : sample;
}

const leakWarnings = (column: string, leak: string | undefined): TableWarning[] =>
  leak === undefined
    ? []
    : [warning('leak', column, `'${column}' ${leak}; if it is not known when predicting: --ignore ${column}`)];

const warning = (code: WarningCode, column: string | undefined, message: string): TableWarning => ({
  code,
  column,
  message,
});

function fieldWarnings({ column, kind, settings }: SchemaField, statistics: ColumnStatistics): TableWarning[] {
  const { rows, missing, values } = statistics;
  const found: TableWarning[] = [];
  const inferred = inferKind(statistics);
  if (inferred.kind === 'ignored')
    found.push(warning(statistics.distinct <= 1 ? 'constant' : 'identifier', column, `'${column}' is ${inferred.why}`));
  if (missing > MOSTLY * rows && missing < rows)
    found.push(warning('missing', column, `'${column}' is missing in ${share(missing, rows)} of the rows`));
  const read = READERS[kind];
  const unreadable = read === undefined ? [] : [...values].filter(([text]) => read(text, settings) === undefined);
  if (unreadable.length > 0) {
    const cells = unreadable.reduce((sum, [, times]) => sum + times, 0);
    const examples = unreadable.slice(0, 3).map(([text]) => `'${text.slice(0, 30)}'`);
    const what = cells === 1 ? 'a cell that is' : `${count(cells)} cells that are`;
    found.push(
      warning(
        'unreadable',
        column,
        `'${column}' has ${what} no ${kind}: ${examples.join(', ')}; take them as missing: --on-error missing`,
      ),
    );
  }
  return found;
}

/** The kinds that not every text is of. */
const READERS: Readonly<Partial<Record<KindName, (text: string, settings: Settings) => unknown>>> = {
  number: (text, { decimal }) => numberOf(text, decimal as Decimal | undefined),
  boolean: (text) => booleanOf(text),
  date: (text, { dayFirst }) => dateOf(text, dayFirst === true),
};

function targetWarnings(
  { column, kind }: SchemaTarget,
  { rows, missing, values, isExact }: ColumnStatistics,
): TableWarning[] {
  const found: TableWarning[] = [];
  if (missing > 0)
    found.push(
      warning(
        'rows without a target',
        column,
        `${count(missing)} of ${count(rows)} rows have no '${column}' and are left out`,
      ),
    );
  if (!isOneClass({ kind }) || !isExact) return found;
  const counts = [...values].sort(([, a], [, b]) => b - a);
  const single = counts.filter(([, rows]) => rows === 1).map(([name]) => `'${name}'`);
  if (single.length > 0) {
    const names = `${single.slice(0, 5).join(', ')}${single.length > 5 ? ` and ${single.length - 5} more` : ''}`;
    found.push(
      warning(
        'rare class',
        column,
        `${names} ${single.length === 1 ? 'has' : 'have'} one row: nothing is left to judge it by`,
      ),
    );
  }
  const similar = similarNames(values.keys()).map(([a, b]) => `'${a}' and '${b}'`);
  if (similar.length > 0)
    found.push(
      warning(
        'similar classes',
        column,
        `${similar.slice(0, 3).join(', ')}${similar.length > 3 ? ` and ${similar.length - 3} more` : ''} are classes that differ in case or spaces alone; if they are one, write them alike`,
      ),
    );
  const [[most, largest], [least, smallest]] = [counts[0], counts[counts.length - 1]];
  if (largest >= IMBALANCE * smallest)
    found.push(
      warning(
        'imbalance',
        column,
        `'${most}' has ${count(largest)} rows, '${least}' ${count(smallest)}: accuracy says little, look at each class`,
      ),
    );
  return found;
}

/** Pairs of names that are the same but for case and white space. */
function similarNames(names: Iterable<string>): (readonly [string, string])[] {
  const known = new Map<string, string>();
  const pairs: (readonly [string, string])[] = [];
  for (const name of names) {
    const key = name.toLowerCase().replace(/\s+/g, ' ');
    const first = known.get(key);
    if (first === undefined) known.set(key, name);
    else pairs.push([first, name]);
  }
  return pairs;
}

function untrainedWarnings({ column }: SchemaTarget, untrained: readonly string[]): TableWarning[] {
  if (untrained.length === 0) return [];
  const names = untrained.slice(0, 5).map((name) => `'${name}'`);
  const more = untrained.length > 5 ? ` and ${untrained.length - 5} more` : '';
  const what = untrained.length === 1 ? 'has no training row and is' : 'have no training row and are';
  const message = `${names.join(', ')}${more} ${what} never predicted; split the rows otherwise`;
  return [warning('class without training rows', column, message)];
}

/** Warnings of tables of events that match a table badly. */
export function sequenceWarnings(
  sequences: readonly JoinedSequence[],
  { target, split }: Pick<Schema, 'target' | 'split'>,
): TableWarning[] {
  return sequences.flatMap(({ column, events, key, rowKey, settings, counts }) => {
    const { rows, matchedRows, repeatedRows, strayEvents } = counts;
    const found: TableWarning[] = [];
    if (settings.columns.some((other) => other.column === target?.column))
      found.push(
        warning(
          'leak',
          column,
          `${events} has a column '${target?.column}', as the target is called: if it says the same, remove it`,
        ),
      );
    if (matchedRows < MOSTLY * rows)
      found.push(
        warning(
          'few matches',
          column,
          `${count(matchedRows)} of ${count(rows)} rows have events: the '${key}' of ${events} is rarely a '${rowKey}'; ${count(strayEvents)} of ${count(counts.events)} events are of no row`,
        ),
      );
    if (repeatedRows > 0 && !(split.by === 'group' && split.column === rowKey))
      found.push(
        warning(
          'repeated keys',
          column,
          `${count(repeatedRows)} rows have the '${rowKey}' of an earlier one, and so its events: they may be in several parts; keep them together by --group ${rowKey}`,
        ),
      );
    return found;
  });
}

function duplicateWarnings({ rows, acrossSplit, compared }: Duplicates): TableWarning[] {
  const equal = (number: number, sort: string): string =>
    `${count(number)} ${sort}${number === 1 ? ' equals' : 's equal'}`;
  const found: TableWarning[] = [];
  if (rows > 0)
    found.push(
      warning(
        'duplicates',
        undefined,
        `${equal(rows, 'row')} another of ${count(compared)} in all columns that are used`,
      ),
    );
  if (acrossSplit > 0)
    found.push(
      warning(
        'duplicates across the split',
        undefined,
        `${equal(acrossSplit, 'held-out row')} a training row: the test flatters the model; remove them, or split with --group`,
      ),
    );
  return found;
}
