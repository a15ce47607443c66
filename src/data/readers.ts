import { TesseraError } from '../tensor/index.js';
import type { CellErrors } from './cell-errors.js';
import { type FileAccess, isFileKind, type Origin } from './fields/field.js';
import { expectColumn, type Schema } from './schema.js';
import { type Cell, CellError, type Row, type Table } from './table.js';

/** Options of reading rows. */
export interface EncodeOptions {
  /** Notes the cells that cannot be used, and says what happens to them. A row without a target is left out anyhow. */
  readonly errors?: CellErrors;
  /** Called with the number of rows whose files are checked and the total; it may throw to stop. */
  readonly onChecked?: (done: number, all: number) => void;
  /** Decodes images, where a field has any; `decodeBytes` of `tessera-gpu/data/node` does. */
  readonly decodeImage?: FileAccess['decodeImage'];
  /** Decodes sounds, where a field has any; `decodeSound` of `tessera-gpu/data/node` does. */
  readonly decodeSound?: FileAccess['decodeSound'];
  /** The bytes of decoded pixels and samples that may be kept for later epochs. Default 512 MiB. */
  readonly cacheBytes?: number;
}

/** How one column is read. */
export interface Reader {
  readonly name: string;
  /** The position of the column in the table. */
  readonly at: number;
  readonly isTarget: boolean;
  parse(cell: Cell): unknown;
}

/** A table without its rows. */
export type Source = Pick<Table, 'name' | 'columns' | 'readFile'>;

/** @throws TesseraError if the table lacks the column. */
export function readerOf(table: Source, name: string, parse: (cell: Cell) => unknown, isTarget = false): Reader {
  expectColumn(table.name, name, table.columns);
  return { name, at: table.columns.indexOf(name), isTarget, parse };
}

/** The values of a row in the order of the readers, or undefined where it is left out. */
export function parseRow(readers: readonly Reader[], row: Row, errors: CellErrors): unknown[] | undefined {
  const values: unknown[] = [];
  let isLeftOut = false;
  for (const { name, at, isTarget, parse } of readers) {
    try {
      values.push(parse(row.cells[at]));
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      const place = { file: row.file, row: row.number, column: name };
      isLeftOut = errors.add(new CellError(place, error.message, { cause: error })) === 'skip' || isTarget || isLeftOut;
      values.push(undefined);
    }
  }
  return isLeftOut ? undefined : values;
}

/** Where a row's values come from. */
export const originOf = ({ file, number }: Row): Origin => ({ file, number });

const CACHE_BYTES = 512 * 2 ** 20;

/** The access of a field's column to files. The columns of files of a table share the bytes that may be kept. */
export function filesOf(
  table: Source,
  { fields }: Schema,
  column: string,
  { decodeImage, decodeSound, cacheBytes = CACHE_BYTES }: EncodeOptions,
): FileAccess {
  const kind = fields.find((field) => field.column === column)?.kind;
  if (kind === 'image' && decodeImage === undefined)
    throw new TesseraError(
      `column '${column}' has images, and no decodeImage is given; decodeBytes decodes them in Node`,
    );
  if (kind === 'sound' && decodeSound === undefined)
    throw new TesseraError(`column '${column}' has sounds, and no decodeSound is given; decodeSound of data/node does`);
  const fileColumns = fields.filter(({ kind }) => isFileKind(kind));
  return {
    readFile: (path, origin) => table.readFile(path, origin),
    decodeImage: decodeImage ?? (() => Promise.reject(new TesseraError('no decodeImage is given'))),
    decodeSound: decodeSound ?? (() => Promise.reject(new TesseraError('no decodeSound is given'))),
    column,
    cacheBytes: cacheBytes / Math.max(fileColumns.length, 1),
  };
}
