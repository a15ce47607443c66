import { CellErrors, type OnError } from '../data/cell-errors.js';
import type { SequenceSettings } from '../data/fields/events.js';
import { type Join, type JoinedSequence, joinEvents } from '../data/join.js';
import type { OpenTableOptions } from '../data/node/tables/open.js';
import { expectColumn, type Schema } from '../data/schema.js';
import { type Table, withRows } from '../data/table.js';
import type { SequenceConfig } from '../predictor/config.js';
import { TesseraError } from '../tensor/index.js';
import { defined } from './defined.js';
import { openGiven, shownTable } from './reading.js';
import type { SequenceFlag } from './sequence-flag.js';
import type { Terminal } from './terminal.js';

/** How the tables of events are read. */
interface JoinOptions extends OpenTableOptions {
  readonly onError?: OnError;
}

/** A table with what was joined to it. */
export interface JoinedTables {
  readonly table: Table;
  readonly sequences: readonly JoinedSequence[];
}

/**
 * Joins tables of events to a table, and tells what of them cannot be used. Columns that a schema knows are read as it
 * says.
 * @throws TesseraError as `openTable` and `joinEvents`, and if two have the same column.
 */
export async function joinSequences(
  table: Table,
  sequences: readonly SequenceConfig[],
  schema: Schema | undefined,
  options: JoinOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<JoinedTables> {
  let joined = stoppedBy(table, signal);
  const found: JoinedSequence[] = [];
  for (const { file, ...given } of sequences) {
    const errors = new CellErrors(options.onError);
    const events = shownTable(await openGiven([file], options), terminal, signal);
    const join: Join = { ...given, ...defined({ settings: settingsOf(schema, given.column) }) };
    const { table, sequence } = await joinEvents(joined, events, join, errors);
    joined = table;
    found.push(sequence);
    if (errors.count > 0) terminal.note(errors.summary());
  }
  return { table: joined, sequences: found };
}

/** The same table, whose passes end once the signal is aborted. */
const stoppedBy = (table: Table, signal: AbortSignal): Table => ({
  ...withRows(table, async function* (errors) {
    for await (const chunk of table.rows(errors)) {
      signal.throwIfAborted();
      yield chunk;
    }
  }),
});

const settingsOf = (schema: Schema | undefined, column: string): SequenceSettings | undefined =>
  schema?.fields.find((field) => field.column === column && field.kind === 'sequence')?.settings as
    | SequenceSettings
    | undefined;

/** What `--sequence` asks for, with the column that the table gets. */
export const sequencesOf = (flags: readonly SequenceFlag[] = []): SequenceConfig[] =>
  flags.map(({ name, ...join }) => ({ ...join, column: name }));

/**
 * The tables of events of a run, as `--sequence` gives them for another table. The name of a file says which sequence it
 * is, or it is the only one of the run.
 * @throws TesseraError if one is missing, or is none of the run.
 */
export function sequencesOfRun(
  table: Table,
  kept: readonly SequenceConfig[],
  flags: readonly SequenceFlag[] = [],
): SequenceConfig[] {
  const columns = kept.map(({ column }) => column);
  const given = flags.map(({ name, ...join }): SequenceConfig => {
    if (kept.length === 0) throw new TesseraError(`--sequence: the run reads no sequences; remove ${join.file}`);
    if (kept.length > 1) expectColumn('--sequence', name, columns);
    const of = kept.length === 1 ? kept[0] : kept[columns.indexOf(name)];
    const rowKey = join.rowKey ?? (join.key === of.key ? of.rowKey : undefined);
    return { column: of.column, file: join.file, key: join.key, ...defined({ rowKey }) };
  });
  for (const [at, { column, file, key, rowKey }] of kept.entries()) {
    const times = given.filter((one) => one.column === column).length;
    if (times > 1) throw new TesseraError(`--sequence: '${column}' is given ${times} times; give it once`);
    if (times === 1 || table.columns.includes(column)) continue;
    throw new TesseraError(
      `${table.name}: the model reads '${column}', the events of ${file}, joined by '${key}'${rowKey === undefined ? '' : ` to '${rowKey}'`}; give those of this table: --sequence ${kept.length > 1 ? `${columns[at]}.csv` : 'FILE'}:${key}${rowKey === undefined ? '' : `=${rowKey}`}`,
    );
  }
  return given;
}
