import { TesseraError } from '../tensor/index.js';
import { CellErrors } from './cell-errors.js';
import { textOf } from './cells.js';
import { type ColumnStatistics, tableStatistics } from './columns.js';
import type { EventColumn, SequenceSettings, TimeColumn } from './fields/events.js';
import { count, inferKind, settingsOf } from './infer.js';
import { expectColumn, type IgnoredColumn } from './schema.js';
import { StoredEvents } from './stored-events.js';
import { type Table, withRows } from './table.js';

/** How a table of events is joined to another one. */
export interface Join {
  /** The column that the other table gets. */
  readonly column: string;
  /** The column of the events that says whose they are. */
  readonly key: string;
  /** The column of the other table that has the same values. Default: it has the same name. */
  readonly rowKey?: string;
  /** The column of the times of the events. Default: it is inferred. */
  readonly time?: string;
  /** What the columns of the events are, such as a run has learned. Default: they are inferred. */
  readonly settings?: SequenceSettings;
}

/** A column of sequences that was joined to a table. */
export interface JoinedSequence {
  readonly column: string;
  /** The name of the table of events, and the columns that are equal. */
  readonly events: string;
  readonly key: string;
  readonly rowKey: string;
  /** What the columns of the events are. */
  readonly settings: SequenceSettings;
  /** The columns of the events that are not read. */
  readonly ignored: readonly IgnoredColumn[];
  readonly counts: JoinCounts;
}

/** A table with a column of sequences. */
export interface JoinedTable {
  readonly table: Table;
  readonly sequence: JoinedSequence;
}

/** How well two tables match. */
export interface JoinCounts {
  /** The number of events. */
  readonly events: number;
  /** The number of events whose key no row has. */
  readonly strayEvents: number;
  readonly rows: number;
  /** The number of rows that have events. */
  readonly matchedRows: number;
  /** The number of rows with events whose key an earlier row has. */
  readonly repeatedRows: number;
}

/** The share of the cells that must be of a kind. */
const MOST = 0.95;
/** Names of numbers that are times. */
const TIME_NAME = /^(?:.*[^a-z])?(?:t|times?|timestamp|dates?|days?|weeks?|months?|years?|hours?|minutes?|seconds?)$/;
/** The keys of each side that an error shows. */
const SHOWN = 3;

/**
 * Joins a table of events to a table by a key: gives it a column whose cells are the lists of the events of the same key,
 * in the order of time, absent where there are none. The events are held in memory, compactly; the table is read once to
 * count the matches. `errors` notes the cells of events that cannot be used: 'skip' leaves out their events, 'missing'
 * takes cells as absent.
 *
 * @throws TesseraError if a column is missing (with the nearest name) or there already, the time cannot be told, no row
 * has an event, or as `errors` say.
 */
export async function joinEvents(
  table: Table,
  events: Table,
  join: Join,
  errors = new CellErrors(),
): Promise<JoinedTable> {
  const { column, key, rowKey = key, time } = join;
  expectColumn(events.name, key, events.columns);
  expectColumn(`${table.name}, to which ${events.name} is joined`, rowKey, table.columns);
  if (table.columns.includes(column))
    throw new TesseraError(
      `${table.name} has a column '${column}' already, which ${events.name} would be joined as; rename the file or the column`,
    );
  const { settings, ignored } =
    join.settings === undefined ? await inferEvents(events, key, time) : { settings: join.settings, ignored: [] };
  const stored = await StoredEvents.read(events, key, settings, errors);
  const keyAt = table.columns.indexOf(rowKey);
  const counts = await countMatches(table, rowKey, stored, events.name);
  const rows: Table['rows'] = async function* (rowErrors) {
    for await (const chunk of table.rows(rowErrors))
      yield chunk.map((row) => ({ ...row, cells: [...row.cells, stored.of(textOf(row.cells[keyAt]))] }));
  };
  return {
    table: { ...withRows(table, rows), columns: [...table.columns, column] },
    sequence: { column, events: events.name, key, rowKey, settings, ignored, counts },
  };
}

/** Infers what the columns of events are. @throws TesseraError if the time cannot be told. */
async function inferEvents(events: Table, key: string, time: string | undefined) {
  const { columns } = await tableStatistics(events, new CellErrors('missing'));
  const others = columns.filter(({ column }) => column !== key);
  const timeColumn = timeOf(events, others, time);
  const used: EventColumn[] = [];
  const ignored: IgnoredColumn[] = [];
  for (const statistics of others) {
    const { column } = statistics;
    if (column === timeColumn.column) continue;
    const { kind, settings, why } = inferKind(statistics);
    if (kind === 'number' || kind === 'category' || kind === 'boolean') used.push({ column, kind, settings });
    else ignored.push({ column, reason: kind === 'ignored' ? why : `a ${kind}, which events do not have: ${why}` });
  }
  return { settings: { time: timeColumn, columns: used, within: 'auto', maximumLength: 256 }, ignored };
}

/**
 * The column of the times of events: the one that is named; else the only one of dates, of numbers whose name is that of
 * a time, or of numbers.
 */
function timeOf(events: Table, columns: readonly ColumnStatistics[], named: string | undefined): TimeColumn {
  if (named !== undefined) expectColumn(events.name, named, events.columns);
  const most = ({ rows, missing }: ColumnStatistics): number => Math.max(1, MOST * (rows - missing));
  const isDate = (one: ColumnStatistics): boolean => Math.max(one.dates, one.dayFirstDates) >= most(one);
  const isNumber = (one: ColumnStatistics): boolean => Math.max(one.numbers, one.commaNumbers) >= most(one);
  const columnOf = (one: ColumnStatistics): TimeColumn => {
    const kind = isDate(one) ? 'date' : 'number';
    return { column: one.column, kind, settings: settingsOf(kind, one) };
  };
  const candidates = columns.filter((one) => (named === undefined ? true : one.column === named));
  const numbers = candidates.filter(isNumber);
  for (const found of [
    candidates.filter(isDate),
    numbers.filter(({ column }) => TIME_NAME.test(column.toLowerCase())),
    numbers,
  ])
    if (found.length === 1) return columnOf(found[0]);
  if (named !== undefined)
    throw new TesseraError(
      `${events.name}: the times of events are dates or numbers, which '${named}' has not${columns.some(({ column }) => column === named) ? '' : ', as it is the key'}`,
    );
  const names = columns.filter((one) => isDate(one) || isNumber(one)).map(({ column }) => `'${column}'`);
  throw new TesseraError(
    names.length === 0
      ? `${events.name}: no column has the times of its events: expected one of dates or numbers`
      : `${events.name}: the times of its events may be in ${names.join(' or ')}; name the column by @, such as --sequence ${events.name}:KEY@${names[0].slice(1, -1)}`,
  );
}

/** Counts the rows that have events. @throws TesseraError if there are none, with some keys of both sides. */
async function countMatches(table: Table, rowKey: string, stored: StoredEvents, name: string): Promise<JoinCounts> {
  const at = table.columns.indexOf(rowKey);
  const seen = new Uint8Array(stored.keys.length);
  const shown: string[] = [];
  let [rows, matchedRows, repeatedRows] = [0, 0, 0];
  for await (const chunk of table.rows(new CellErrors('missing')))
    for (const { cells } of chunk) {
      rows++;
      const key = textOf(cells[at]);
      const code = stored.codeOf(key);
      if (key !== undefined && shown.length < SHOWN) shown.push(key);
      if (code === undefined) continue;
      matchedRows++;
      repeatedRows += seen[code];
      seen[code] = 1;
    }
  if (matchedRows === 0)
    throw new TesseraError(
      `${name} and ${table.name} have no key in common: '${stored.key}' of ${name} is ${examples(stored.keys.slice(0, SHOWN))}, '${rowKey}' of ${table.name} ${examples(shown)}; name the columns of both, such as --sequence FILE:KEY=COLUMN`,
    );
  const used = stored.keys.reduce((sum, _, code) => sum + (seen[code] === 1 ? stored.lengthOf(code) : 0), 0);
  return { events: stored.size, strayEvents: stored.size - used, rows, matchedRows, repeatedRows };
}

const examples = (keys: readonly string[]): string =>
  keys.length === 0 ? 'absent everywhere' : keys.map((key) => `'${key.slice(0, 40)}'`).join(', ');

/** What a joined column is, in words. */
export function describeJoin({ events, key, settings, ignored, counts }: JoinedSequence): string {
  const { time, columns } = settings;
  const used = columns.map(({ column, kind }) => `${column} (${kind})`);
  const reasons = ignored.map(({ column, reason }) => `${column} (${reason})`);
  return [
    `${count(counts.events)} events of ${events} by '${key}', of ${count(counts.matchedRows)} rows`,
    `time '${time.column}' (${time.kind})`,
    ...(used.length > 0 ? [`with ${used.join(', ')}`] : []),
    ...(reasons.length > 0 ? [`ignored are ${reasons.join(', ')}`] : []),
  ].join('; ');
}
