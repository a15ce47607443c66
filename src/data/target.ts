import { TesseraError } from '../tensor/index.js';
import { numberOf, type TagSeparator, tagsOf } from './cells.js';
import type { ColumnStatistics } from './columns.js';
import { count, distinctOf, inferKind, isUnique, settingsOf } from './infer.js';
import { MOST_CLASSES, type SchemaTarget, type Settings, type TaskKind } from './schema.js';
import { chooseSymbols, symbolsOf } from './transcripts.js';

/** The maximum number of distinct integers that are classes. */
const FEW_NUMBERS = 20;

/** The task of a target, and why. */
export interface InferredTarget {
  /** The target. */
  readonly target: SchemaTarget;
  /** The reason, in words. */
  readonly why: string;
}

/** The order of classes: by number if all are numbers, else by their UTF-16 units. */
export function sortClasses(names: Iterable<string>): string[] {
  const sorted = [...names].sort();
  return sorted.every((name) => numberOf(name) !== undefined)
    ? sorted.sort((a, b) => Number(numberOf(a)) - Number(numberOf(b)))
    : sorted;
}

/**
 * Infers what is predicted from the statistics of the target's column, unless `task` says it. The first rule decides:
 *
 * | column | task |
 * | --- | --- |
 * | lists, or short items with a separator (see `inferKind`) | tags |
 * | integers with more than 20 values, or numbers with fractions of more than two values | number |
 * | anything else | category |
 *
 * A transcript (`text`) is never inferred here: `inspectTable` does where a table has sounds.
 *
 * @throws TesseraError if the column cannot be predicted: no values, one class, over 1,000 classes, a value of its own
 * in every row, images, dates.
 */
export function inferTarget(column: ColumnStatistics, task?: TaskKind): InferredTarget {
  const { column: name, distinct, numbers, commaNumbers, integers, rows, missing } = column;
  const present = rows - missing;
  const refuse = (problem: string): TesseraError => new TesseraError(`the target '${name}' ${problem}`);
  if (rows === 0) throw new TesseraError('it has no rows; expected some to train on');
  if (present === 0) throw refuse(`has no value in any of ${count(rows)} rows; name a column that has`);
  if (distinct === 1)
    throw refuse(
      `has one value, '${[...column.values.keys()][0]}', in all rows; expected two classes or more: add rows of others, or name another column`,
    );
  const { kind } = inferKind(column);
  const kindOfTask = task ?? taskOf(kind, column);
  if (kindOfTask === 'number') {
    const most = Math.max(numbers, commaNumbers);
    if (most === 0) throw refuse(`holds no numbers, such as ${examples(column)}; give --category ${name}`);
    if (kind === 'ignored' && integers >= present && isUnique(column))
      throw refuse(`is an integer of its own in every row: an identifier; name the column that is predicted`);
    return {
      target: { column: name, kind: 'number', settings: settingsOf('number', column) },
      why: `numbers, ${distinctOf(column)}`,
    };
  }
  if (kindOfTask === 'tags') return tagsTarget(column);
  if (kindOfTask === 'text') return transcriptTarget(column);
  if (kind === 'image' || kind === 'sound' || kind === 'date')
    throw refuse(`is a column of ${kind}s; expected classes, numbers or tags`);
  if (isUnique(column) && present > 2)
    throw refuse(
      `has a value of its own in every row, such as ${examples(column)}; expected classes that recur; name another column`,
    );
  expectFew(column, distinct, 'classes');
  const classes = sortClasses(column.values.keys());
  if (kindOfTask === 'ordinal' && classes.some((value) => numberOf(value) === undefined))
    throw refuse(`has classes that are no numbers, such as ${examples(column)}; ordered classes are numbers`);
  return {
    target: { column: name, kind: kindOfTask, settings: {}, classes },
    why: `${distinctOf(column)} values`,
  };
}

function taskOf(
  kind: string,
  { numbers, commaNumbers, integers, distinct, rows, missing, lists }: ColumnStatistics,
): TaskKind {
  if (kind === 'tags' || lists > 0) return 'tags';
  const isNumber = Math.max(numbers, commaNumbers) >= 0.95 * (rows - missing);
  return isNumber && distinct > 2 && (distinct > FEW_NUMBERS || integers < numbers || commaNumbers > numbers)
    ? 'number'
    : 'category';
}

function tagsTarget(column: ColumnStatistics): InferredTarget {
  const settings: Settings = settingsOf('tags', column);
  const separator = settings.separator as TagSeparator | undefined;
  const tags = new Set<string>();
  for (const value of column.values.keys())
    for (const tag of tagsOf(column.lists > 0 ? JSON.parse(value) : value, separator) ?? []) tags.add(tag);
  expectFew(column, tags.size, 'tags');
  return {
    target: { column: column.column, kind: 'tags', settings, classes: sortClasses(tags) },
    why: `sets of ${count(tags.size)} tags`,
  };
}

function transcriptTarget(column: ColumnStatistics): InferredTarget {
  const symbols = chooseSymbols(column.values);
  const found = new Set<string>();
  for (const text of column.values.keys()) for (const symbol of symbolsOf(text, symbols)) found.add(symbol);
  if (found.size > MOST_CLASSES)
    throw new TesseraError(
      `the target '${column.column}' has ${count(found.size)} ${symbols}; expected at most ${count(MOST_CLASSES)}; leave out the rows of the rare ones`,
    );
  return {
    target: { column: column.column, kind: 'text', settings: { symbols }, classes: sortClasses(found) },
    why: `transcripts of ${count(found.size)} ${found.size === 1 ? symbols.slice(0, -1) : symbols}`,
  };
}

/** @throws TesseraError if there are more classes or tags than can be predicted, or fewer than two. */
function expectFew({ column, isExact }: ColumnStatistics, found: number, what: 'classes' | 'tags'): void {
  if (found >= 2 && found <= MOST_CLASSES) return;
  throw new TesseraError(
    `the target '${column}' has ${isExact ? '' : 'about '}${count(found)} ${what}; expected 2 to ${count(MOST_CLASSES)}; merge the rare ones, or predict a number with --number ${column}`,
  );
}

const examples = ({ values }: ColumnStatistics): string =>
  [...values.keys()]
    .slice(0, 3)
    .map((value) => `'${value.slice(0, 30)}'`)
    .join(', ');
