import { TesseraError } from '../../../tensor/index.js';
import { CellError, type CellErrors } from '../../cell-errors.js';
import type { Row } from '../../table.js';

/** A file of rows, or a folder of them, in one format. */
export interface TableFile {
  /** The path, as it was given. */
  readonly file: string;
  /** Paths in cells are relative to this folder. */
  readonly folder: string;
  readonly columns: readonly string[];
  /** The column that is predicted unless another one is named. */
  readonly target?: string;
  /** The number of rows, where it is known before they are read. */
  readonly size?: number;
  /** Reads the rows. @throws TesseraError if the file is damaged; rows and cells that cannot be read go to `errors`. */
  rows(errors: CellErrors): AsyncIterable<readonly Row[]>;
}

/** No row of a file may be longer, so that a damaged file cannot exhaust the memory. */
export const MAXIMUM_ROW_BYTES = 16 * 2 ** 20;

/** An error at a row; row 0 is the header. */
export const rowError = (file: string, row: number, reason: string): TesseraError =>
  row === 0 ? new TesseraError(`${file}, header: ${reason}`) : new CellError({ file, row }, reason);

/** @throws TesseraError if a column has no name, or two have the same. */
export function checkColumns(file: string, columns: readonly string[]): void {
  columns.forEach((name, index) => {
    if (name === '') {
      throw rowError(
        file,
        0,
        `column ${index + 1} of ${columns.length} has no name; name it, or remove it (pandas writes no index with index=False)`,
      );
    }
    const first = columns.indexOf(name);
    if (first < index) {
      throw rowError(file, 0, `columns ${first + 1} and ${index + 1} are both called '${name}'; rename one of them`);
    }
  });
}
