import { type BootstrapOptions, bootstrap, type Interval, quantile } from './metrics/bootstrap.js';
import { allRows } from './metrics/metric.js';
import { checkPredictions, type Predictions, selectRows } from './metrics/predictions.js';
import { metricFunction } from './metrics.js';

/** The value of a column for each row: a number or a name; undefined where it is absent. */
export interface SliceColumn {
  readonly name: string;
  readonly values: readonly (number | string | undefined)[];
  /** How its numbers are written. Default: with three digits. */
  readonly write?: (value: number) => string;
}

/** The metric on the rows that have something in common. */
export interface Slice {
  /** The column. */
  readonly field: string;
  /** What its rows have in common: `missing`, `red`, or `3 to 7`. */
  readonly value: string;
  /** The number of rows. */
  readonly rows: number;
  /** The metric on them. */
  readonly score: number;
  readonly interval?: Interval;
}

/** Slices with fewer rows say little and are left out. */
const MINIMUM_ROWS = 10;
/** The number of names of a column that are slices: the most frequent ones. */
const MAXIMUM_NAMES = 8;

/**
 * A metric by slice: for each column the rows where it is missing, its most frequent names, or the quarters of its
 * numbers. Slices of fewer than 10 rows and columns with a single slice are left out.
 * @throws TesseraError if the predictions are not consistent, or have no such metric.
 */
export function slicesOf(
  predictions: Predictions,
  columns: readonly SliceColumn[],
  metric: string,
  options: BootstrapOptions,
): Slice[] {
  checkPredictions('slicesOf', predictions);
  return columns.flatMap(({ name, values, write }) => {
    const slices = [...membersOf(values, write)].flatMap(([value, rows]): Slice[] => {
      if (rows.length < MINIMUM_ROWS) return [];
      const score = metricFunction(selectRows(predictions, rows), metric);
      const own = score(allRows(rows.length));
      if (Number.isNaN(own)) return [];
      const { groups } = options;
      const { interval } = bootstrap({ interval: score }, rows.length, {
        ...options,
        ...(groups && { groups: rows.map((row) => groups[row]) }),
      });
      return [{ field: name, value, rows: rows.length, score: own, ...(interval && { interval }) }];
    });
    return slices.length < 2 ? [] : slices;
  });
}

/** The rows of each slice of a column. */
function membersOf(values: SliceColumn['values'], write: SliceColumn['write']): Map<string, number[]> {
  const slices = new Map<string, number[]>();
  const add = (name: string, row: number) => {
    const rows = slices.get(name);
    if (rows === undefined) slices.set(name, [row]);
    else rows.push(row);
  };
  const isNumber = values.some((value) => typeof value === 'number');
  const nameOf = isNumber
    ? quarterOf(
        values.filter((value) => typeof value === 'number'),
        write,
      )
    : String;
  for (const [row, value] of values.entries()) if (value !== undefined) add(nameOf(value as number), row);
  const largest = [...slices].sort(([, a], [, b]) => b.length - a.length).slice(0, MAXIMUM_NAMES);
  const kept = new Map(
    isNumber ? [...slices].sort(([, a], [, b]) => Number(values[a[0]]) - Number(values[b[0]])) : largest,
  );
  const missing = [...values.keys()].filter((row) => values[row] === undefined);
  if (missing.length > 0) kept.set('missing', missing);
  return kept;
}

/** Names the quarter of the numbers in which one lies. */
function quarterOf(
  numbers: readonly number[],
  write = (value: number) => String(Number(value.toPrecision(3))),
): (value: number) => string {
  const bounds = [...new Set([0, 0.25, 0.5, 0.75, 1].map((q) => quantile(numbers, q)))];
  const written = bounds.map(write);
  if (bounds.length === 1) return () => written[0];
  return (value) => {
    const at = Math.max(
      1,
      bounds.findIndex((bound) => value <= bound),
    );
    return `${at === 1 ? '' : '> '}${written[at - 1]} to ${written[at]}`;
  };
}
