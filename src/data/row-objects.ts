import { didYouMean, shown } from '../tensor/options.js';
import { CellError, type CellErrors } from './cell-errors.js';
import type { Cell, Row } from './table.js';

/** The number of rows whose keys are the columns of rows without a header. */
export const SAMPLED_ROWS = 10_000;

/** Tests whether a value is a plain object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** Tests whether a value is a cell. */
export const isCell = (value: unknown): value is Cell =>
  ['string', 'number', 'bigint', 'boolean', 'undefined'].includes(typeof value) ||
  value instanceof Date ||
  value instanceof Uint8Array ||
  Array.isArray(value);

/**
 * Makes a function that reads objects of cells by column as rows. What is undefined, null or left out is absent. It
 * returns undefined for a row that is left out, and notes in `errors` a row that is no object, a cell that is none, and
 * a key that is no column.
 */
export function objectReader(
  columns: readonly string[],
  file: string,
  errors: CellErrors,
): (object: unknown, number: number) => Row | undefined {
  return (object, number) => {
    let isSkipped = false;
    const note = (column: string | undefined, reason: string): undefined => {
      if (errors.add(new CellError({ file, row: number, column }, reason)) === 'skip') isSkipped = true;
    };
    const isRow = isObject(object);
    if (!isRow) note(undefined, `expected an object of cells by column, got ${shown(object)}`);
    const row = isRow ? object : {};
    let known = 0;
    const cells = columns.map((column): Cell => {
      if (!Object.hasOwn(row, column)) return undefined;
      known++;
      const value = row[column] ?? undefined;
      if (isCell(value)) return value;
      return note(column, `expected a text, number, boolean, date, list or bytes, got ${shown(value)}`);
    });
    if (Object.keys(row).length > known) {
      for (const key of Object.keys(row)) {
        if (!columns.includes(key))
          note(key, `there is no such column${didYouMean(key, columns)}; there are ${columns.join(', ')}`);
      }
    }
    return isSkipped ? undefined : { cells, file, number };
  };
}
