import { CellErrors, type OnError } from '../../data/cell-errors.js';
import { isMissing, textOf } from '../../data/cells.js';
import { Codes } from '../../data/codes.js';
import type { EncodedRows } from '../../data/encoded.js';
import type { Events } from '../../data/fields/events.js';
import { kinds } from '../../data/fields/index.js';
import type { Schema, SchemaField } from '../../data/schema.js';
import type { Row, Table } from '../../data/table.js';
import type { SliceColumn } from '../slices.js';

/** The cells from which rows were encoded, as far as a report needs them. */
export interface OriginalCells {
  /** The fraction of the encoded rows in which each field is absent. */
  readonly missing: readonly number[];
  /** The values of each field for the sliced rows. */
  readonly columns: readonly SliceColumn[];
  /** The rows that were asked for, by their number among the encoded rows. */
  readonly kept: ReadonlyMap<number, Row>;
  /** The group of each encoded row, where the split has groups. */
  readonly groups?: Int32Array;
}

/** The rows whose cells are read. */
export interface WantedRows {
  /** Encoded rows for slices. */
  readonly sliced: Uint32Array;
  /** Encoded rows that are kept as they are. */
  readonly kept: Uint32Array;
}

/**
 * Reads in one pass over a table the cells from which its rows were encoded. @throws TesseraError as the table does.
 */
export async function readOriginalCells(
  table: Table,
  { fields, split }: Schema,
  encoded: EncodedRows,
  wanted: WantedRows,
  onError?: OnError,
): Promise<OriginalCells> {
  const columns = fields.map(({ column }) => table.columns.indexOf(column));
  const groupAt = split.by === 'group' ? table.columns.indexOf(split.column) : -1;
  const readers = fields.map(sliceReader);
  const sliced = new Map(Array.from(wanted.sliced, (row, at) => [row, at]));
  const isKept = new Set(wanted.kept);
  const missing = fields.map(() => 0);
  const values = fields.map(() => new Array<number | string | undefined>(sliced.size));
  const kept = new Map<number, Row>();
  const groups = new Codes();
  for await (const { row, number } of encodedRows(table, encoded, onError)) {
    const at = sliced.get(number);
    columns.forEach((column, field) => {
      const cell = row.cells[column];
      if (isMissing(cell)) missing[field]++;
      else if (at !== undefined) values[field][at] = readers[field].read(row, column);
    });
    if (isKept.has(number)) kept.set(number, row);
    // A row without a group is a group of its own.
    if (groupAt >= 0) groups.add(textOf(row.cells[groupAt]) ?? `\0${number}`);
  }
  return {
    missing: missing.map((count) => count / Math.max(1, encoded.size)),
    columns: fields.map((_, field) => ({ ...readers[field].column, values: values[field] })),
    kept,
    ...(groupAt >= 0 && { groups: groups.codes }),
  };
}

/** The rows of a table that were encoded, in their order; rows that are not used are passed over. */
async function* encodedRows(
  table: Table,
  encoded: EncodedRows,
  onError: OnError | undefined,
): AsyncGenerator<{ readonly row: Row; readonly number: number }> {
  let number = 0;
  for await (const rows of table.rows(new CellErrors(onError)))
    for (const row of rows) {
      if (number === encoded.size) continue;
      const { file, number: inFile } = encoded.originOf(number);
      if (row.number === inFile && row.file === file) yield { row, number: number++ };
    }
}

interface SliceReader {
  readonly column: Pick<SliceColumn, 'name' | 'write'>;
  read(row: Row, column: number): number | string | undefined;
}

/**
 * What a field says of a row for slices: numbers, dates and categories themselves, the length of a text, the number of
 * tags or events, whether there is an image.
 */
function sliceReader({ column, kind, settings: chosen }: SchemaField): SliceReader {
  const { parse, settings } = kinds[kind];
  const checked = settings(chosen);
  const parsed = ({ cells }: Row, column: number) => {
    try {
      return parse(cells[column], checked);
    } catch {
      return undefined; // What happens to such cells was decided when they were encoded.
    }
  };
  const reader = (name: string, describe: (value: unknown) => number | string, write?: SliceColumn['write']) => ({
    column: { name, ...(write && { write }) },
    read(row: Row, column: number) {
      const value = parsed(row, column);
      return value === undefined ? undefined : describe(value);
    },
  });
  switch (kind) {
    case 'number':
      return reader(column, Number);
    case 'date':
      return reader(column, Number, (time) => new Date(time).toISOString().slice(0, 10));
    case 'text':
      return reader(`${column}, characters`, (text) => String(text).length);
    case 'sequence':
      return reader(`${column}, number of events`, (events) => (events as Events).times.length);
    case 'tags':
      return reader(`${column}, number of tags`, (tags) => (tags as readonly string[]).length);
    case 'image':
    case 'sound':
      return reader(column, () => 'present');
    default:
      return reader(column, String);
  }
}
