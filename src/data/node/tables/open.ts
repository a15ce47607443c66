import path from 'node:path';
import { TesseraError } from '../../../tensor/index.js';
import {
  boolean,
  type Check,
  checkOptions,
  expectValue,
  listOf,
  oneOf,
  optional,
  text,
} from '../../../tensor/options.js';
import { CellErrors } from '../../cell-errors.js';
import { ENCODINGS, type Encoding } from '../../encodings.js';
import { type Row, type Table, wholePass } from '../../table.js';
import { readCellFile } from './cell-files.js';
import { openCsv } from './csv.js';
import { isFolder, openFolder } from './folder.js';
import { openJsonLines } from './json-lines.js';
import { isParquet, openParquet } from './parquet.js';
import type { TableFile } from './table-file.js';
import { firstText, TextError } from './text.js';

/** Options of `openTable`. */
export interface OpenTableOptions {
  /** The encoding of text files without a byte-order mark. Default 'utf-8'. */
  readonly encoding?: Encoding;
  /**
   * The delimiter of the cells of CSV files. Default the comma, semicolon or tab that divides the first lines evenly.
   */
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
 * Opens a table: CSV or TSV with a header, JSON lines or Parquet, each also packed by gzip, or a folder with one folder
 * of images for each class. Several files of the same columns are one table; its columns are in the order of the first
 * file. Rows are read from the files each time. The target of class folders is the column `label`, the folder's name.
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
  expectValue('openTable', 'paths', names, listOf(text));
  if (names.length === 0) throw new TesseraError('openTable: expected at least one file, got none');
  const twice = names.find((name, index) =>
    names.slice(0, index).some((other) => path.resolve(other) === path.resolve(name)),
  );
  if (twice !== undefined) throw new TesseraError(`${twice}: it is given twice; give each file once`);
  const files: TableFile[] = [];
  for (const name of names) files.push(await openFile(name, format));
  return new FileTable(files, allowOutside);
}

/** Chooses the reader of a file by its name, or by its content if the name says nothing. */
async function openFile(file: string, { encoding, delimiter }: Format): Promise<TableFile> {
  if (await isFolder(file)) return openFolder(file);
  const extension = path.extname(file.replace(/\.gz$/i, '')).toLowerCase();
  if (await isParquet(file)) return openParquet(file);
  if (extension === '.csv') return openCsv(file, { encoding, delimiter });
  if (extension === '.tsv') return openCsv(file, { encoding, delimiter: delimiter ?? '\t' });
  if (['.jsonl', '.ndjson', '.json'].includes(extension)) return openJsonLines(file, encoding);
  const head = await firstText(file, encoding).catch((error) => {
    throw error instanceof TextError ? unknownFormat(file) : error;
  });
  return /^\s*[{[]/.test(head) ? openJsonLines(file, encoding) : openCsv(file, { encoding, delimiter });
}

const unknownFormat = (file: string): TesseraError =>
  new TesseraError(
    `${file}: it is in no known format; expected CSV, TSV, JSON lines or Parquet, each also packed by gzip, or a folder of class folders (save spreadsheets as CSV)`,
  );

/** The rows of files with the same columns. */
class FileTable implements Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target?: string;
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
    if (files.every(({ target }) => target === first.target)) this.target = first.target;
    const sizes = files.map(({ size }) => size);
    if (sizes.every((size) => size !== undefined)) this.size = sizes.reduce((sum, size) => sum + size, 0);
  }

  rows(errors = new CellErrors()): AsyncIterable<readonly Row[]> {
    return wholePass(this.name, this.#chunks(errors), errors);
  }

  async *#chunks(errors: CellErrors): AsyncGenerator<readonly Row[]> {
    for (const file of this.#files) {
      const order = this.columns.map((name) => file.columns.indexOf(name));
      const isOrdered = order.every((index, column) => index === column);
      for await (const rows of file.rows(errors)) {
        yield isOrdered ? rows : rows.map((row) => ({ ...row, cells: order.map((index) => row.cells[index]) }));
      }
    }
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
    `${other.file}: its columns differ from those of ${first.file}: it ${differences.join(' and ')}`,
  );
}

const listed = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
