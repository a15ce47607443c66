import path from 'node:path';
import Papa from 'papaparse';
import { TesseraError } from '../../../tensor/index.js';
import { CellError, type CellErrors } from '../../cell-errors.js';
import type { Encoding } from '../../encodings.js';
import { type Cell, CHUNK_ROWS, type Row } from '../../table.js';
import { checkColumns, MAXIMUM_ROW_BYTES, rowError, type TableFile } from './table-file.js';
import { atRow, excerpt, firstText, readText } from './text.js';

/** Options of the reader of CSV files. */
export interface CsvOptions {
  /** Default UTF-8, or what a byte-order mark says. */
  readonly encoding?: Encoding;
  /** Default the comma, semicolon or tab that divides the first lines evenly. */
  readonly delimiter?: string;
}

/** The format of a CSV file. */
interface Format {
  readonly encoding?: Encoding;
  readonly delimiter: string;
  readonly newline: '\n' | '\r';
}

/**
 * Opens a file of comma-separated values (RFC 4180), or of other delimiters, with a header. All cells are strings. A
 * cell of no characters is absent, and so is a line of none, unless there is one column alone.
 *
 * @throws TesseraError if it cannot be read, is empty, or its header lacks a name or has one twice.
 */
export async function openCsv(file: string, { encoding, delimiter }: CsvOptions): Promise<TableFile> {
  const head = await firstText(file, encoding).catch((error) => {
    throw atRow(file, 0, error);
  });
  if (head === '') throw new TesseraError(`${file}: it is empty; expected a line with the names of the columns`);
  const newline = head.includes('\n') || !head.includes('\r') ? '\n' : '\r';
  const format = { encoding, newline, delimiter: delimiter ?? guessDelimiter(head) } as const;
  const columns = await readHeader(file, format);
  checkColumns(file, columns);
  return { file, folder: path.dirname(file), columns, rows: (errors) => readRows(file, format, columns, errors) };
}

/** The delimiter that divides the first lines into the most even numbers of cells. */
const guessDelimiter = (head: string): string =>
  Papa.parse(head, { preview: 20, skipEmptyLines: true, delimitersToGuess: [',', ';', '\t'] }).meta.delimiter;

async function readHeader(file: string, format: Format): Promise<readonly string[]> {
  for await (const [header] of readRecords(file, format))
    if (header !== undefined) return header.map((name) => name.trim());
  throw new TesseraError(`${file}: it has blank lines alone; expected a line with the names of the columns`);
}

async function* readRows(
  file: string,
  format: Format,
  columns: readonly string[],
  errors: CellErrors,
): AsyncGenerator<readonly Row[]> {
  const width = columns.length;
  const toCell = cellReader();
  let number = -1;
  let rows: Row[] = [];
  for await (const records of readRecords(file, format)) {
    for (const record of records) {
      number++;
      if (number === 0) {
        if (record.length === width && record.every((name, index) => name.trim() === columns[index])) continue;
        throw new TesseraError(`${file}: its columns are not those that it had when it was opened`);
      }
      if (record.length !== width && isRagged(record, width)) {
        const reason = `it has ${record.length} cells; expected ${width}, as in the header`;
        if (errors.add(new CellError({ file, row: number }, reason)) === 'skip') continue;
      }
      const cells: Cell[] = new Array(width);
      for (let index = 0; index < width; index++) cells[index] = toCell(record[index]);
      rows.push({ cells, file, number });
      if (rows.length === CHUNK_ROWS) {
        yield rows;
        rows = [];
      }
    }
  }
  if (rows.length > 0) yield rows;
}

/** Delimiters after the last cell, which spreadsheets write, are no cells. */
const isRagged = (record: readonly string[], width: number): boolean =>
  record.length < width || record.slice(width).some((cell) => cell !== '');

/**
 * Makes cells of parsed texts. A text of 13 characters or more is a slice that keeps the whole piece that it was cut
 * from, so those are copied: whoever keeps a cell keeps a cell.
 */
function cellReader(): (text: string | undefined) => Cell {
  const scratch = Buffer.allocUnsafe(64 * 2 ** 10);
  return (text) => {
    if (text === undefined || text === '') return undefined;
    if (text.length < 13) return text;
    if (text.length * 3 > scratch.length) return Buffer.from(text).toString();
    return scratch.toString('utf8', 0, scratch.write(text));
  };
}

/** Reads the records of a file, the header first, without blank lines. */
async function* readRecords(file: string, { encoding, delimiter, newline }: Format): AsyncGenerator<string[][]> {
  const parser = new Papa.Parser({ delimiter, newline });
  let width = 0;
  /** The number of the next row; the header is 0. */
  let number = 0;
  let rest = '';

  const isRecord = (record: string[]): boolean => {
    const last = record.length - 1;
    if (record[last].endsWith('\r')) record[last] = record[last].slice(0, -1);
    if (width !== 1 && last === 0 && record[0] === '') return false;
    width ||= record.length;
    return true;
  };
  const parse = (text: string, isLast: boolean): string[][] => {
    const { data, errors, meta }: Papa.ParseResult<string[]> = parser.parse(text, 0, !isLast);
    const error = errors[0] as (Papa.ParseError & { readonly index: number }) | undefined;
    const records = (error === undefined ? data : data.slice(0, error.row)).filter(isRecord);
    number += records.length;
    if (error !== undefined) {
      const quoted = excerpt(text.slice(error.index - 1));
      throw rowError(
        file,
        number,
        error.code === 'MissingQuotes'
          ? `the quote that begins at ${quoted} is never closed`
          : `the quote that begins at ${quoted} is closed in the middle of its cell; write a quote within quotes twice`,
      );
    }
    rest = text.slice(meta.cursor);
    if (rest.length > MAXIMUM_ROW_BYTES) {
      const reason = `it has more than ${MAXIMUM_ROW_BYTES} characters, as if a quote were never closed`;
      throw rowError(file, number, `${reason}: ${excerpt(rest)}`);
    }
    return records;
  };

  try {
    for await (const text of readText(file, encoding)) yield parse(rest + text, false);
  } catch (error) {
    throw atRow(file, number, error);
  }
  if (rest !== '') yield parse(rest, true);
}
