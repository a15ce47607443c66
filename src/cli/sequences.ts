import { CellErrors, type OnError } from '../data/cell-errors.js';
import type { SequenceSettings } from '../data/fields/events.js';
import { type Join, type JoinedSequence, joinEvents } from '../data/join.js';
import type { OpenTableOptions } from '../data/node/tables/open.js';
import { expectColumn, type Schema } from '../data/schema.js';
import { type Table, withRows } from '../data/table.js';
import { sequenceWarnings } from '../data/warnings.js';
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
const stoppedBy = (table: Table, signal: AbortSignal): Table =>
  withRows(table, async function* (errors) {
    for await (const chunk of table.rows(errors)) {
      signal.throwIfAborted();
      yield chunk;
    }
  });

const settingsOf = (schema: Schema | undefined, column: string): SequenceSettings | undefined =>
  schema?.fields.find((field) => field.column === column && field.kind === 'sequence')?.settings as
    | SequenceSettings
    | undefined;

/** What `--sequence` asks for, with the column that the table gets. */
export const sequencesOf = (flags: readonly SequenceFlag[] = []): SequenceConfig[] =>
  flags.map(({ name, ...join }) => ({ ...join, column: name }));

/** What is joined to a table that a run is used on. */
interface RunSequences {
  readonly schema: Schema;
  readonly sequences: readonly SequenceConfig[];
}

/**
 * Joins the tables of events that `--sequence` gives to a table that a run is used on, as they were joined to the run's,
 * and warns of few matches.
 * @throws TesseraError as `joinSequences`, and if a table of events is missing, or is none of the run.
 */
export async function joinLikeRun(
  table: Table,
  { schema, sequences }: RunSequences,
  options: JoinOptions & { readonly sequence?: readonly SequenceFlag[] },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Table> {
  const read = sequences.filter(({ column }) => settingsOf(schema, column) !== undefined);
  const given = (options.sequence ?? []).map((flag) => ofRun(flag, read, schema));
  for (const { column, file, key, rowKey = key } of read) {
    const times = given.filter((one) => one.column === column).length;
    if (times > 1) throw new TesseraError(`--sequence: '${column}' is given ${times} times; give it once`);
    if (times === 1 || table.columns.includes(column)) continue;
    const [name, keys] = [read.length > 1 ? `${column}.csv` : 'FILE', rowKey === key ? key : `${key}=${rowKey}`];
    throw new TesseraError(
      `${table.name}: the model reads '${column}', the events of ${file}, joined by '${key}'; give those of this table: --sequence ${name}:${keys}`,
    );
  }
  const joined = await joinSequences(table, given, schema, options, terminal, signal);
  for (const { code, message } of sequenceWarnings(joined.sequences, schema))
    if (code === 'few matches') terminal.note(`warning: ${message}`);
  return joined.table;
}

/**
 * The sequence of a run that a flag gives: that of the file's name, or the only one.
 * @throws TesseraError if there is none, or its times are in another column.
 */
function ofRun(
  { name, file, key, rowKey, time }: SequenceFlag,
  sequences: readonly SequenceConfig[],
  schema: Schema,
): SequenceConfig {
  if (sequences.length === 0) throw new TesseraError(`--sequence: the run reads no sequences; remove ${file}`);
  const columns = sequences.map(({ column }) => column);
  if (sequences.length > 1) expectColumn('--sequence', name, columns);
  const run = sequences.length === 1 ? sequences[0] : sequences[columns.indexOf(name)];
  const own = settingsOf(schema, run.column)?.time.column;
  if (time !== undefined && time !== own)
    throw new TesseraError(`--sequence: the run has the times of '${run.column}' in the column '${own}', got @${time}`);
  return {
    column: run.column,
    file,
    key,
    ...defined({ rowKey: rowKey ?? (key === run.key ? run.rowKey : undefined) }),
  };
}
