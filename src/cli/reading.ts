import { decodeBytes, decodeSound } from '../data/node/index.js';
import { type OpenTableOptions, openTable } from '../data/node/tables/open.js';
import { type Table, withRows } from '../data/table.js';
import type { ReadOptions } from '../predictor/data.js';
import { counted } from '../predictor/report/numbers.js';
import { defined } from './defined.js';
import type { ReadFlags } from './table-options.js';
import type { Progress, Terminal } from './terminal.js';

/**
 * The same table, whose passes end with the signal's reason once it is aborted, and show their progress. From the
 * second pass on, the number of rows is known.
 */
export function shownTable(
  table: Table,
  terminal: Terminal,
  signal: AbortSignal,
  label = `reading ${table.name}`,
): Table {
  let { size } = table;
  return withRows(table, async function* (errors) {
    const progress = terminal.lateProgress(size, label);
    let rows = 0;
    try {
      for await (const chunk of table.rows(errors)) {
        signal.throwIfAborted();
        yield chunk;
        rows += chunk.length;
        progress.update(rows, 'rows');
      }
      size ??= rows;
    } finally {
      progress.stop();
    }
  });
}

/** Opens a table as the flags say. @throws TesseraError as `openTable`. */
export const openGiven = (
  files: readonly string[],
  { encoding, delimiter, allowOutside }: ReadFlags | OpenTableOptions,
): Promise<Table> => openTable(files, defined({ encoding, delimiter, allowOutside }));

/** Says how many rows are left out, as they have no target. */
export const leftOut = (rows: number, target: string): string => `${counted(rows, 'row')} without '${target}' left out`;

/** What happens to cells that cannot be used. Files are checked with progress, until the signal is aborted. */
export function readOptionsOf(
  { onError = 'stop' }: Pick<ReadFlags, 'onError'>,
  terminal: Terminal,
  signal: AbortSignal,
): ReadOptions {
  let progress: Progress | undefined;
  return {
    onError,
    decodeImage: decodeBytes,
    decodeSound,
    onChecked(done, all) {
      signal.throwIfAborted();
      progress ??= terminal.lateProgress(all, 'checking files');
      progress.update(done, 'rows');
      if (done === all) progress.stop();
    },
  };
}
