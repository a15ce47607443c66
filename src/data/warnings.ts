import { booleanOf, type Decimal, dateOf, numberOf } from './cells.js';
import type { ColumnStatistics, TableStatistics } from './columns.js';
import type { Duplicates } from './duplicates.js';
import type { KindName } from './fields/field.js';
import { count, inferKind, share } from './infer.js';
import { leakOf } from './leaks.js';
import type { Schema, SchemaField, SchemaTarget, Settings } from './schema.js';

/** What looks wrong. */
export type WarningCode =
  | 'identifier'
  | 'constant'
  | 'leak'
  | 'missing'
  | 'unreadable'
  | 'rare class'
  | 'imbalance'
  | 'unused rows'
  | 'duplicates'
  | 'duplicates across the split';

/** Something that looks wrong, and what to do about it. */
export interface TableWarning {
  /** What it is. */
  readonly code: WarningCode;
  /** The column, if it is about one. */
  readonly column?: string;
  /** The description, in words. */
  readonly message: string;
}

/** A field with fewer values is mostly missing. */
const MOSTLY = 0.5;
/** A class this many times as frequent as another is an imbalance. */
const IMBALANCE = 20;

/** Lists what looks wrong with a table under a schema. */
export function warningsOf(
  schema: Schema,
  { columns, sample }: TableStatistics,
  duplicates: Duplicates,
): TableWarning[] {
  const at = (column: string): number => columns.findIndex((statistics) => statistics.column === column);
  const target = schema.target === undefined ? undefined : at(schema.target.column);
  return [
    ...schema.fields.flatMap((field) => {
      const statistics = columns[at(field.column)];
      const found = fieldWarnings(field, statistics);
      if (schema.target === undefined || target === undefined) return found;
      const cells = (index: number) => sample.map((row) => row[index]);
      const leak = leakOf(cells(at(field.column)), cells(target), schema.target.kind);
      return leak === undefined
        ? found
        : [
            ...found,
            warning(
              'leak',
              field.column,
              `'${field.column}' ${leak}; if it is not known when predicting: --ignore ${field.column}`,
            ),
          ];
    }),
    ...(schema.target === undefined || target === undefined ? [] : targetWarnings(schema.target, columns[target])),
    ...duplicateWarnings(duplicates),
  ];
}

const warning = (code: WarningCode, column: string | undefined, message: string): TableWarning => ({
  code,
  ...(column === undefined ? {} : { column }),
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
      warning('unused rows', column, `${count(missing)} of ${count(rows)} rows have no '${column}' and are not used`),
    );
  if (kind === 'number' || kind === 'tags' || !isExact) return found;
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
