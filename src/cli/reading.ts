import type { Row, Table } from '../data/table.js';
import type { Terminal } from './terminal.js';

/**
 * The same table, whose passes end with the signal's reason once it is aborted, and show their progress. From the second
 * pass on, the number of rows is known.
 */
export function shownTable(
  table: Table,
  terminal: Terminal,
  signal: AbortSignal,
  label = `reading ${table.name}`,
): Table {
  let { size } = table;
  return {
    name: table.name,
    columns: table.columns,
    ...(size === undefined ? {} : { size }),
    readFile: (path, row) => table.readFile(path, row),
    async *rows(errors): AsyncGenerator<readonly Row[]> {
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
    },
  };
}
