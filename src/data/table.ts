import { TesseraError } from '../tensor/index.js';

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
  /** Reads the rows from the first to the last, in chunks. */
  rows(): AsyncIterable<readonly Row[]>;
  /**
   * Reads a file that a cell of a row names, such as an image.
   * @throws TesseraError if it is missing or lies where the table may not read.
   */
  readFile(path: string, row: Pick<Row, 'file'>): Promise<Uint8Array>;
}

/** A cell that cannot be used, named by file, row and column. */
export class CellError extends TesseraError {
  constructor(
    /** Where it is; the column is undefined if the whole row is wrong. */
    readonly place: { readonly file: string; readonly row: number; readonly column?: string },
    /** What was wrong, expected and got. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    const { file, row, column } = place;
    super(`${file}, row ${row}${column === undefined ? '' : `, column '${column}'`}: ${reason}`, options);
  }
}
