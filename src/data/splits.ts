import { TesseraError } from '../tensor/index.js';
import { CellError, CellErrors } from './cell-errors.js';
import { textOf } from './cells.js';
import { Codes } from './codes.js';
import { PARTS, type PartName, type Split } from './schema.js';
import { indexOf, type Splitter, splitterOf, UNUSED } from './splitters.js';
import type { Row, Table } from './table.js';

/** The part of every row of a table. */
export interface RowParts {
  /** By row: 0 train, 1 validation, 2 test, 3 unused. */
  readonly parts: Uint8Array;
  /** The number of rows of each part, and of those that are unused, as they have no target. */
  readonly rows: Readonly<Record<PartName | 'withoutTarget', number>>;
  /** The cells that do not say the part of their rows, which are unused then. */
  readonly errors: CellErrors;
  /** The classes of which no row is for training; none if classes do not matter. */
  readonly untrained: readonly string[];
}

/** Options of `splitRows`. */
export interface SplitOptions {
  /** The column that is predicted: rows without a value there are unused. */
  readonly target?: string;
  /** Whether the target's values are classes, of which every part gets its share. Default false. */
  readonly isStratified?: boolean;
  /** Whether parts may be empty, as in a table that is only described. Default false. */
  readonly allowEmpty?: boolean;
  /** Notes the rows that cannot be read. */
  readonly errors?: CellErrors;
}

/**
 * Decides the part of every row of a table in one pass. The same table, split and seed give the same parts. Memory is a
 * few bytes a row, and the names of classes and groups.
 *
 * - By `fraction`, rows are drawn at random. Of n rows of a class, a part of fraction f gets f·n, rounded up or down;
 *   the first row of a class is for training.
 * - By `group`, rows with the same value in the column are in the same part; a row without one is a group of its own.
 *   Every part has a group; shares, also of classes, are as near as whole groups allow (`stratifyGroups`).
 * - By `time`, the latest rows are the test, those before them validation. Every time in the test is later than all in
 *   validation, and those later than all in training; rows of one time are together, so that shares are approximate.
 * - By `column`, the column says it: train, validation or test.
 * - By `files`, the file of the row says it.
 *
 * Where a column or files name no rows for validation, a tenth of the training rows is drawn as by fraction.
 *
 * @throws TesseraError if a column does not exist, no row has a target, or a part would be empty, and for times that are
 * no dates or numbers, and parts that do not exist, as `options.errors` say.
 */
export async function splitRows(table: Table, split: Split, options: SplitOptions = {}): Promise<RowParts> {
  const { target, isStratified = false, allowEmpty = false, errors } = options;
  const targetAt = target === undefined ? undefined : indexOf(table, target);
  const classes = new Codes();
  const splitter = splitterOf(split, table);
  // A row without a part cannot be used.
  const unplaced = new CellErrors((errors?.onError ?? 'stop') === 'stop' ? 'stop' : 'skip');
  let withoutTarget = 0;
  for await (const chunk of table.rows(errors))
    for (const row of chunk) {
      const text = targetAt === undefined ? '' : textOf(row.cells[targetAt]);
      if (text === undefined) withoutTarget++;
      if (text !== undefined && place(splitter, row, unplaced)) classes.add(isStratified ? text : '');
      else {
        classes.add(undefined);
        splitter.skip();
      }
    }
  unplaced.finish();

  const { codes } = classes;
  if (codes.length === 0) throw new TesseraError(`${table.name}: it has no rows; expected some`);
  const rows = Uint32Array.from(codes.keys()).filter((row) => codes[row] >= 0);
  if (withoutTarget === codes.length)
    throw new TesseraError(`${table.name}: no row has a value for the target '${target}'`);
  const parts = new Uint8Array(codes.length).fill(UNUSED);
  splitter.assign(parts, rows, codes);
  const counts = counted(parts);
  const empty = allowEmpty ? [] : splitter.wanted.filter((part) => counts[part] === 0);
  if (empty.length > 0)
    throw new TesseraError(
      `${table.name}: no row of ${rows.length} is left for ${empty.join(' and ')}; expected ${splitter.remedy}\n${unplaced.summary()}`.trimEnd(),
    );
  return {
    parts,
    rows: { ...counts, withoutTarget },
    errors: unplaced,
    untrained: isStratified ? untrained(parts, classes) : [],
  };
}

/** Adds a row to a splitter, and returns whether it says its part: where it does not, its cell is noted. */
function place(splitter: Splitter, row: Row, errors: CellErrors): boolean {
  try {
    splitter.add(row);
    return true;
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    errors.add(error);
    return false;
  }
}

function untrained(parts: Uint8Array, { codes, names }: Codes): string[] {
  const isTrained = new Uint8Array(names.length);
  for (const [row, code] of codes.entries()) if (PARTS[parts[row]] === 'train' && code >= 0) isTrained[code] = 1;
  return names.filter((_, code) => isTrained[code] === 0);
}

/** The number of rows of each part. */
function counted(parts: Uint8Array): Record<PartName, number> {
  const rows = { train: 0, validation: 0, test: 0 };
  for (const part of parts) if (part < PARTS.length) rows[PARTS[part]]++;
  return rows;
}
