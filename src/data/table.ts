import { TesseraError } from '../tensor/index.js';
import type { CellErrors } from './cell-errors.js';

export { CellError } from './cell-errors.js';

/** A cell of a table as a reader found it; undefined where there is nothing. */
export type Cell = string | number | bigint | boolean | Date | Uint8Array | readonly unknown[] | undefined;

/** A row of a table, and where it came from. */
export interface Row {
  /** The cells, in the order of the table's columns. */
  readonly cells: readonly Cell[];
  /** The file, or the name of the table if it came from none. */
  readonly file: string;
  /** The number of the row in that file, from 1 on; a header is not counted. */
  readonly number: number;
}

/** The number of rows that are read as one chunk. */
export const CHUNK_ROWS = 1000;

/** Rows of named cells, which can be read any number of times. Reading is streamed: no table is held as a whole. */
export interface Table {
  /** The name of the table in messages. */
  readonly name: string;
  /** The names of the columns, each once. */
  readonly columns: readonly string[];
  /** The column that is predicted unless another one is named, such as the classes of a folder. */
  readonly target?: string;
  /** The number of rows, where it is known before they are read. */
  readonly size?: number;
  /**
   * Reads the rows from the first to the last, in chunks of about a thousand. Rows and cells that cannot be read are
   * noted in `errors`; what reads cells further notes its own there. The default stops at them.
   * @throws TesseraError if there is no row, a file is damaged, or, at the end, as `errors` say.
   */
  rows(errors?: CellErrors): AsyncIterable<readonly Row[]>;
  /**
   * Reads a file that a cell of a row names, such as an image.
   * @throws TesseraError if it is missing or lies where the table may not read.
   */
  readFile(path: string, row: Pick<Row, 'file'>): Promise<Uint8Array>;
}

/**
 * Passes on the rows of a whole table, and ends the pass.
 * @throws TesseraError if there were none, or as `errors` say.
 */
export async function* wholePass(
  name: string,
  chunks: AsyncIterable<readonly Row[]>,
  errors: CellErrors,
): AsyncGenerator<readonly Row[]> {
  let isEmpty = true;
  for await (const rows of chunks) {
    isEmpty = false;
    yield rows;
  }
  errors.finish();
  if (!isEmpty) return;
  throw new TesseraError(
    `${name}: it has no rows${errors.count > 0 ? ` that can be used\n${errors.summary()}` : '; expected at least one'}`,
  );
}

/** The same table, whose rows another function reads. */
export const withRows = (table: Table, rows: Table['rows']): Table => ({
  name: table.name,
  columns: table.columns,
  target: table.target,
  size: table.size,
  readFile: (path, row) => table.readFile(path, row),
  rows,
});

/** The same table, which shows every row to `see` as it is read. */
export const watchRows = (table: Table, see: (row: Row) => void): Table =>
  withRows(table, async function* (errors) {
    for await (const chunk of table.rows(errors)) {
      chunk.forEach(see);
      yield chunk;
    }
  });
