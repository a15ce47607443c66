import path from 'node:path';
import { TesseraError } from '../../../tensor/index.js';
import { boolean, type Check, checkOptions, oneOf, optional } from '../../../tensor/options.js';
import { CellErrors } from '../../cell-errors.js';
import type { Row, Table } from '../../table.js';
import { readCellFile } from './cell-files.js';
import { openCsv } from './csv.js';
import type { TableFile } from './table-file.js';
import { ENCODINGS, type Encoding } from './text.js';

/** Options of `openTable`. */
export interface OpenTableOptions {
  /** The encoding of text files without a byte-order mark. Default 'utf-8'. */
  readonly encoding?: Encoding;
  /** What separates the cells of CSV files. Default the comma, semicolon or tab that divides the first lines evenly. */
  readonly delimiter?: string;
  /** Whether cells may name files outside of the table's folder. Default false. */
  readonly allowOutside?: boolean;
}

const delimiterCheck: Check = {
  expected: 'one character other than a quote or a line end',
  fits: (value) => typeof value === 'string' && /^[^"\r\n]$/.test(value),
};

/** How files are read. */
type Format = Pick<OpenTableOptions, 'encoding' | 'delimiter'>;

/**
 * Opens a table: CSV or TSV with a header, also packed by gzip. Several files of the same columns are one table; its
 * columns are in the order of the first file. Rows are read from the files each time.
 *
 * Paths in cells are relative to the folder of their file: see `Table.readFile`.
 *
 * @throws TesseraError if a file cannot be read, its format is not known, or files differ in their columns.
 */
export async function openTable(paths: string | readonly string[], options: OpenTableOptions = {}): Promise<Table> {
  const { allowOutside = false, ...format } = checkOptions('openTable', options, {
    encoding: optional(oneOf(...ENCODINGS)),
    delimiter: optional(delimiterCheck),
    allowOutside: optional(boolean),
  });
  const names = [paths].flat();
  if (names.length === 0) throw new TesseraError('openTable: expected at least one file, got none');
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new TesseraError(`openTable: '${twice}' is given twice; give each file once`);
  const files: TableFile[] = [];
  for (const name of names) files.push(await openFile(name, format));
  return new FileTable(files, allowOutside);
}

/** Chooses the reader of a file. */
async function openFile(file: string, { encoding, delimiter }: Format): Promise<TableFile> {
  const extension = path.extname(file.replace(/\.gz$/i, '')).toLowerCase();
  return openCsv(file, { encoding, delimiter: delimiter ?? (extension === '.tsv' ? '\t' : undefined) });
}

/** The rows of files with the same columns. */
class FileTable implements Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly size?: number;
  readonly #files: readonly TableFile[];
  readonly #allowOutside: boolean;
  readonly #folders: ReadonlyMap<string, string>;

  constructor(files: readonly TableFile[], allowOutside: boolean) {
    const [first, ...others] = files;
    for (const other of others) checkSameColumns(first, other);
    this.#files = files;
    this.#allowOutside = allowOutside;
    this.#folders = new Map(files.map(({ file, folder }) => [file, folder]));
    this.columns = first.columns;
    this.name = others.length === 0 ? first.file : `${first.file} and ${others.length} more`;
    const sizes = files.map(({ size }) => size);
    if (sizes.every((size) => size !== undefined)) this.size = sizes.reduce((sum, size) => sum + size, 0);
  }

  async *rows(errors = new CellErrors()): AsyncGenerator<readonly Row[]> {
    let isEmpty = true;
    for (const file of this.#files) {
      const order = this.columns.map((name) => file.columns.indexOf(name));
      const isOrdered = order.every((index, column) => index === column);
      for await (const rows of file.rows(errors)) {
        isEmpty = false;
        yield isOrdered ? rows : rows.map((row) => ({ ...row, cells: order.map((index) => row.cells[index]) }));
      }
    }
    errors.finish();
    if (isEmpty) throw new TesseraError(`${this.name}: it has no rows${errors.count > 0 ? ' that can be used' : ''}`);
  }

  async readFile(cell: string, { file }: Pick<Row, 'file'>): Promise<Uint8Array> {
    const folder = this.#folders.get(file);
    if (folder === undefined) throw new TesseraError(`${this.name}: it has no file '${file}'`);
    return readCellFile(cell, folder, this.#allowOutside);
  }
}

function checkSameColumns(first: TableFile, other: TableFile): void {
  const missing = first.columns.filter((name) => !other.columns.includes(name));
  const added = other.columns.filter((name) => !first.columns.includes(name));
  if (missing.length === 0 && added.length === 0) return;
  const differences = [
    ...(missing.length > 0 ? [`lacks ${listed(missing)}`] : []),
    ...(added.length > 0 ? [`has also ${listed(added)}`] : []),
  ];
  throw new TesseraError(
    `openTable: the columns of '${other.file}' differ from those of '${first.file}': it ${differences.join(' and ')}`,
  );
}

const listed = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
