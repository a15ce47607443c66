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

/** Rows of named cells, which can be read any number of times. Reading is streamed: no table is held as a whole. */
export interface Table {
  /** What messages call it. */
  readonly name: string;
  readonly columns: readonly string[];
  /** The number of rows, where it is known before they are read. */
  readonly size?: number;
  /**
   * Reads the rows from the first to the last, in chunks of about a thousand. Rows and cells that cannot be read are noted in
   * `errors`; what reads cells further notes its own there. The default stops at them.
   * @throws TesseraError if there is no row, a file is damaged, or, at the end, as `errors` say.
   */
  rows(errors?: CellErrors): AsyncIterable<readonly Row[]>;
  /**
   * Reads a file that a cell of a row names, such as an image.
   * @throws TesseraError if it is missing or lies where the table may not read.
   */
  readFile(path: string, row: Pick<Row, 'file'>): Promise<Uint8Array>;
}
