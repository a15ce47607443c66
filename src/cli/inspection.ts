import type { Inspection } from '../data/inspect.js';
import { isOneClass, type Split } from '../data/schema.js';
import type { Table } from '../data/table.js';
import { count, counted } from '../predictor/report/numbers.js';
import { table as formatTable, percent } from './terminal.js';

/* What `tessera inspect` shows of a table: lines of text, and an object for `--json`. */

/** How many values of a column are shown. */
const EXAMPLES = 5;
/** How many classes are shown. */
const MOST_SHOWN = 20;
const LONGEST_NAME = 20;
const NARROW = 80;

/** A column as it is shown. */
interface ShownColumn {
  readonly column: string;
  /** The kind of the field, or 'target' or 'ignored'. */
  readonly kind: string;
  readonly why: string;
  readonly missing: number;
  readonly distinct: number;
  /** Whether `distinct` is exact; else it is an estimate. */
  readonly isExact: boolean;
  readonly examples: readonly string[];
  readonly range?: readonly [number, number];
}

function columnsOf({ schema, statistics, reasons }: Inspection): ShownColumn[] {
  const kinds = new Map<string, string>(schema.fields.map(({ column, kind }) => [column, kind]));
  return statistics.columns.map(({ column, missing, distinct, isExact, values, range }) => ({
    column,
    kind: column === schema.target?.column ? 'target' : (kinds.get(column) ?? 'ignored'),
    why: reasons.get(column) ?? '',
    missing,
    distinct,
    isExact,
    examples: [...values.keys()].slice(0, EXAMPLES).map((value) => shorten(value, 100)),
    ...(range === undefined ? {} : { range }),
  }));
}

/** The rows of each class, the most frequent first; undefined if the target has none. */
function balanceOf({ schema: { target }, statistics }: Inspection): [string, number][] | undefined {
  if (target?.classes === undefined || !isOneClass(target)) return undefined;
  const values = statistics.columns.find(({ column }) => column === target.column)?.values;
  return target.classes.map((name): [string, number] => [name, values?.get(name) ?? 0]).sort(([, a], [, b]) => b - a);
}

/** The object of `--json`. */
export function resultOf({ name }: Table, inspection: Inspection) {
  const { statistics, schema, parts, warnings, errors } = inspection;
  const balance = balanceOf(inspection);
  return {
    table: name,
    rows: { all: statistics.rows, ...parts.rows },
    columns: columnsOf(inspection),
    ...(balance === undefined ? {} : { classes: Object.fromEntries(balance) }),
    warnings,
    unreadable: {
      cells: errors.count + parts.errors.count,
      skippedRows: errors.skippedRows + parts.errors.skippedRows,
      first: [...errors.first, ...parts.errors.first].map(({ message }) => message),
    },
    schema,
  };
}

/** The lines of the text, of at most `width` characters. */
export function linesOf({ name }: Table, inspection: Inspection, width = NARROW): string[] {
  const { schema, statistics, parts, warnings } = inspection;
  const lines = [`${name}: ${counted(statistics.rows, 'row')}, ${counted(statistics.columns.length, 'column')}`, ''];
  lines.push(...columnLines(columnsOf(inspection), statistics.rows, width));
  const { target } = schema;
  if (target === undefined) lines.push('', 'no target: name the column that is predicted with --target');
  else lines.push('', `target: '${target.column}', ${taskText(target.kind, target.classes?.length)}`);
  lines.push(...balanceLines(balanceOf(inspection), width));
  const { train, validation, test, withoutTarget } = parts.rows;
  const without = withoutTarget === 0 ? '' : `, ${count(withoutTarget)} left out without a target`;
  lines.push(
    '',
    ...wrap(
      `split ${splitText(schema.split)}: ${count(train)} train, ${count(validation)} validation, ${count(test)} test${without}`,
      width,
    ),
  );
  if (warnings.length > 0) lines.push('', 'what looks wrong:');
  for (const { message } of warnings) lines.push(...wrap(message, width, '- ', '  '));
  return lines;
}

/** A line for each column, and one with the reason below it. */
function columnLines(columns: readonly ShownColumn[], rows: number, width: number): string[] {
  const cells = columns.map(({ column, kind, missing, distinct, isExact }) => [
    shorten(column === '' ? "''" : column, LONGEST_NAME),
    kind,
    missing === 0 ? '' : percent(missing / rows),
    `${isExact ? '' : '~'}${count(distinct)}`,
  ]);
  const [head, ...lines] = formatTable(
    ['column', 'kind', 'missing', 'distinct', 'examples'],
    cells.map((row) => [...row, '']),
    [2, 3],
  ).split('\n');
  const indent = head.length - 'examples'.length;
  return [
    head,
    ...columns.flatMap(({ why, examples }, index) => [
      `${lines[index].padEnd(indent)}${shorten(examples.join(', '), width - indent)}`.trimEnd(),
      ...wrap(why, width, '  ', '  '),
    ]),
  ];
}

function balanceLines(balance: readonly (readonly [string, number])[] | undefined, width: number): string[] {
  if (balance === undefined) return [];
  const total = balance.reduce((sum, [, rows]) => sum + rows, 0);
  const shown = balance.slice(0, MOST_SHOWN);
  const rows = shown.map(([name, rows]) => [shorten(name, width - 30), count(rows), percent(rows / total)]);
  const rest = balance.length - shown.length;
  return [
    ...formatTable(['class', 'rows', 'share'], rows, [1, 2]).split('\n'),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

const taskText = (kind: string, classes: number | undefined): string =>
  ({
    category: `one of ${classes} classes`,
    ordinal: `one of ${classes} ordered classes`,
    tags: `a set of ${classes} tags`,
    text: `a transcript of ${classes} ${classes === 1 ? 'symbol' : 'symbols'}`,
    number: 'a number',
  })[kind] ?? kind;

function splitText(split: Split): string {
  const shares = (fractions: Readonly<Record<string, number>>): string =>
    Object.values(fractions)
      .map((fraction) => `${Math.round(1000 * fraction) / 10}%`)
      .join(' / ');
  switch (split.by) {
    case 'fraction':
      return `at random, ${shares(split.fractions)}, seed ${split.seed}`;
    case 'group':
      return `by '${split.column}', ${shares(split.fractions)}, seed ${split.seed}`;
    case 'time':
      return `by the time in '${split.column}', ${shares(split.fractions)}`;
    case 'column':
      return `as '${split.column}' says`;
    case 'files':
      return 'by files';
  }
}

/** Cuts a text at a number of characters, on one line. */
function shorten(text: string, most: number): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ');
  return line.length <= most ? line : `${line.slice(0, Math.max(0, most - 1))}…`;
}

/** Breaks a text into lines of a width. */
function wrap(text: string, width: number, first = '', next = ''): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.replace(/\p{Cc}/gu, ' ').split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = next;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
