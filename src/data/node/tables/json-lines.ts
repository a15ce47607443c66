import path from 'node:path';
import { TesseraError } from '../../../tensor/index.js';
import { CellError, type CellErrors } from '../../cell-errors.js';
import type { Encoding } from '../../encodings.js';
import { isObject, objectReader, SAMPLED_ROWS } from '../../row-objects.js';
import { CHUNK_ROWS, type Row } from '../../table.js';
import type { TableFile } from './table-file.js';
import { atRow, excerpt, readText } from './text.js';

/**
 * Opens a file with a JSON object in each line: the cells of a row by column. Numbers, booleans and lists keep their
 * types; null and what is left out are absent; an object within a cell is its JSON text. The columns are the keys of
 * the first 10,000 rows. Blank lines are no rows.
 *
 * @throws TesseraError if it cannot be read, or none of its first lines is an object with keys.
 */
export async function openJsonLines(file: string, encoding?: Encoding): Promise<TableFile> {
  const columns = await sampledColumns(file, encoding);
  return { file, folder: path.dirname(file), columns, rows: (errors) => readRows(file, encoding, columns, errors) };
}

async function sampledColumns(file: string, encoding?: Encoding): Promise<readonly string[]> {
  const columns = new Set<string>();
  let number = 0;
  // Lines that are wrong are reported when they are read as rows.
  let wrong: string | undefined;
  for await (const lines of readLines(file, encoding)) {
    if (number === 0 && lines[0]?.trimStart().startsWith('[')) {
      throw new TesseraError(
        `${file}: it is a JSON array; expected an object in each line, as the command jq -c '.[]' writes them`,
      );
    }
    for (const line of lines.slice(0, SAMPLED_ROWS - number)) {
      number++;
      try {
        for (const key of Object.keys(parse(line))) columns.add(key);
      } catch (error) {
        wrong ??= `row ${number}: ${(error as Error).message}`;
      }
    }
    if (number === SAMPLED_ROWS) break;
  }
  if (columns.size > 0) return [...columns];
  const reason = number === 0 ? 'it is empty' : (wrong ?? 'its rows have no keys');
  throw new TesseraError(`${file}: ${reason}; expected a JSON object of cells by column in each line`);
}

/** @throws TesseraError with the reason alone, if a line is no JSON object. */
function parse(line: string): Record<string, unknown> {
  let object: unknown;
  try {
    object = JSON.parse(line);
  } catch (error) {
    throw new TesseraError(`it is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(object)) throw new TesseraError(`expected a JSON object, got ${excerpt(line)}`);
  for (const [key, value] of Object.entries(object)) if (isObject(value)) object[key] = JSON.stringify(value);
  return object;
}

async function* readRows(
  file: string,
  encoding: Encoding | undefined,
  columns: readonly string[],
  errors: CellErrors,
): AsyncGenerator<readonly Row[]> {
  const rowOf = objectReader(columns, file, errors);
  let number = 0;
  let rows: Row[] = [];
  for await (const lines of readLines(file, encoding)) {
    for (const line of lines) {
      number++;
      let object = {};
      try {
        object = parse(line);
      } catch (error) {
        if (errors.add(new CellError({ file, row: number }, (error as Error).message)) === 'skip') continue;
      }
      const row = rowOf(object, number);
      if (row !== undefined) rows.push(row);
      if (rows.length === CHUNK_ROWS) {
        yield rows;
        rows = [];
      }
    }
  }
  if (rows.length > 0) yield rows;
}

/** Reads the lines of a file, without blank ones. */
async function* readLines(file: string, encoding?: Encoding): AsyncGenerator<string[]> {
  let number = 1;
  let rest = '';
  const isRow = (line: string): boolean => line.trim() !== '';
  try {
    for await (const text of readText(file, encoding)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const rows = lines.filter(isRow);
      number += rows.length;
      yield rows;
    }
  } catch (error) {
    throw atRow(file, number, error);
  }
  if (isRow(rest)) yield [rest];
}
