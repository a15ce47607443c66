import { readWholeFile } from '../../src/data/node/index.js';
import { TesseraError } from '../../src/tensor/index.js';
import type { Row } from '../measure.js';
import { type Cells, digits } from './tables.js';

/** How one row changed from one file to the other. */
export interface Change {
  readonly case: string;
  readonly engine: string;
  readonly before?: Row;
  readonly after?: Row;
  /** Time after by time before, and what the quartiles of both leave open. */
  readonly ratio?: number;
  readonly interval?: readonly [number, number];
  readonly verdict: 'faster' | 'slower' | 'within noise' | 'only before' | 'only after';
}

/**
 * The rows of a file that `--json` wrote: an object that has them beside the roofs, in older files a list.
 * @throws TesseraError if there is no such file, or it holds something else.
 */
export async function readRows(file: string): Promise<Row[]> {
  const text = new TextDecoder().decode(await readWholeFile(file));
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new TesseraError(`'${file}' is not JSON (${(error as Error).message}); expected what 'bench --json' writes`);
  }
  const rows = Array.isArray(content) ? content : (content as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(rows))
    throw new TesseraError(`'${file}' holds no list of rows; expected what 'bench --json' writes`);
  const wrong = rows.findIndex((row) => !isRow(row));
  if (wrong >= 0) {
    throw new TesseraError(
      `'${file}', row ${wrong}: expected case, engine, adapter, milliseconds and two quartiles, got ${JSON.stringify(rows[wrong]).slice(0, 80)}`,
    );
  }
  return rows;
}

function isRow(row: unknown): row is Row {
  if (typeof row !== 'object' || row === null) return false;
  const { case: name, engine, adapter, milliseconds, quartiles } = row as Record<string, unknown>;
  const times = [milliseconds, ...(Array.isArray(quartiles) ? quartiles : [])];
  return (
    [name, engine, adapter].every((text) => typeof text === 'string') &&
    times.length === 3 &&
    times.every((time) => typeof time === 'number' && time > 0)
  );
}

const key = (row: Row) => JSON.stringify([row.case, row.engine]);

/** Pairs rows by case and engine, in the order of the first list; what stands in one list only comes last. */
export function compare(before: readonly Row[], after: readonly Row[]): Change[] {
  const later = new Map(after.map((row) => [key(row), row]));
  const earlier = new Set(before.map(key));
  return [
    ...before.map((row) => changeOf(row, later.get(key(row)))),
    ...after
      .filter((row) => !earlier.has(key(row)))
      .map((row): Change => ({ case: row.case, engine: row.engine, after: row, verdict: 'only after' })),
  ];
}

function changeOf(before: Row, after: Row | undefined): Change {
  const { case: name, engine } = before;
  if (after === undefined) return { case: name, engine, before, verdict: 'only before' };
  const interval = [after.quartiles[0] / before.quartiles[1], after.quartiles[1] / before.quartiles[0]] as const;
  const verdict = interval[1] < 1 ? 'faster' : interval[0] > 1 ? 'slower' : 'within noise';
  return { case: name, engine, before, after, ratio: after.milliseconds / before.milliseconds, interval, verdict };
}

export const changeCells = (changes: readonly Change[]): Cells => ({
  head: ['case', 'engine', 'ms before', 'ms after', 'after / before', 'interval', '', 'adapter'],
  rows: changes.map(({ case: name, engine, before, after, ratio, interval, verdict }) => [
    ...[name, engine, before ? digits(before.milliseconds) : '', after ? digits(after.milliseconds) : ''],
    ...[ratio?.toFixed(2) ?? '', interval?.map((one) => one.toFixed(2)).join(' - ') ?? '', verdict],
    [...new Set([before?.adapter, after?.adapter].filter((one) => one !== undefined))].join(' -> '),
  ]),
  numbers: [2, 3, 4, 5],
});
