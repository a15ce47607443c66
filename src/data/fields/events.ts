import { TesseraError } from '../../tensor/index.js';
import { type Check, didYouMean, listOf, positiveInteger, shown } from '../../tensor/options.js';
import { isMissing, showCell } from '../cells.js';
import { isCell, isObject } from '../row-objects.js';
import type { Cell } from '../table.js';
import { boolean } from './boolean.js';
import { category } from './category.js';
import { date } from './date.js';
import { number } from './number.js';
import { checkSettings } from './settings.js';

/*
 * What the events of a sequence are, and how they are read.
 */

/** The column of the times of events. */
export interface TimeColumn {
  readonly column: string;
  readonly kind: 'number' | 'date';
  /** How its cells are read, such as `{ dayFirst: true }`. */
  readonly settings: object;
}

/** A column of events beside the time. */
export interface EventColumn {
  readonly column: string;
  readonly kind: 'number' | 'category' | 'boolean';
  /** How its cells are read, such as `{ decimal: ',' }`; of categories also `minimumCount` and `size`. */
  readonly settings: object;
}

/** Settings of a field of sequences. */
export interface SequenceSettings {
  /** Default numbers in a column 'time'. */
  readonly time: TimeColumn;
  /** What an event has beside its time. Default nothing. */
  readonly columns: readonly EventColumn[];
  /**
   * The column of categories within whose values numbers are standardized, as in tables of a test and its value; 'none'
   * for all together. 'auto' (default): the column of categories, where there is just one.
   */
  readonly within: string;
  /** The maximum number of events of a row; the latest are kept. Default 256. */
  readonly maximumLength: number;
}

/** The events of a row in the order of time. */
export interface Events {
  readonly times: readonly number[];
  /** The numbers of each event in the order of their columns, NaN where absent; booleans are 1 and -1. */
  readonly numbers: readonly (readonly number[])[];
  /** The categories of each event in the order of their columns, undefined where absent. */
  readonly categories: readonly (readonly (string | undefined)[])[];
}

/** The columns of numbers and booleans. */
export const numbersOf = ({ columns }: SequenceSettings): readonly EventColumn[] =>
  columns.filter(({ kind }) => kind !== 'category');
/** The columns of categories. */
export const categoriesOf = ({ columns }: SequenceSettings): readonly EventColumn[] =>
  columns.filter(({ kind }) => kind === 'category');

/** The settings with their defaults. @throws TesseraError if a setting is unknown or invalid. */
export function sequenceSettings(chosen: Partial<SequenceSettings>): SequenceSettings {
  const defaults: SequenceSettings = {
    time: { column: 'time', kind: 'number', settings: {} },
    columns: [],
    within: 'auto',
    maximumLength: 256,
  };
  const settings = checkSettings('sequence', chosen, defaults, {
    time: columnOf('number', 'date'),
    columns: listOf(columnOf('number', 'category', 'boolean')),
    within: { expected: "'auto', 'none' or a column", fits: (value) => typeof value === 'string' },
    maximumLength: positiveInteger,
  });
  const { time, columns, within } = settings;
  (time.kind === 'date' ? date : number).settings(time.settings);
  for (const { kind, settings } of columns) READERS[kind].settings(settings);
  const names = [time, ...columns].map(({ column }) => column);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TesseraError(`sequence: the column '${twice}' is there twice`);
  const known = ['auto', 'none', ...categoriesOf(settings).map(({ column }) => column)];
  if (!known.includes(within))
    throw new TesseraError(
      `sequence: within must be ${known.map((name) => `'${name}'`).join(' or ')}, got '${within}'`,
    );
  return settings;
}

/**
 * The events of a cell, which is a list of objects or its JSON, in the order of time; undefined where there are none.
 * @throws TesseraError, with the number of the event, if one is wrong.
 */
export function parseEvents(cell: Cell, settings: SequenceSettings): Events | undefined {
  const objects = objectsOf(cell);
  if (objects === undefined || objects.length === 0) return undefined;
  const { time, columns } = settings;
  const names = [time, ...columns].map(({ column }) => column);
  const timeOf = timeReader(time);
  const readers = columns.map(cellReader);
  const events = objects.map((object, at) => {
    if (!isObject(object)) throw eventError(at, `expected an object such as ${exampleOf(settings)}`);
    const unknown = Object.keys(object).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw eventError(
        at,
        `there is no column '${unknown}'${didYouMean(unknown, names)}; there are ${names.join(', ')}`,
      );
    const read = <Value>(column: string, parse: (cell: Cell) => Value): Value => {
      const value = Object.hasOwn(object, column) ? (object[column] ?? undefined) : undefined;
      try {
        if (isCell(value)) return parse(value);
        throw new TesseraError(`expected a text, number, boolean or date, got ${shown(value)}`);
      } catch (error) {
        throw eventError(at, `column '${column}': ${(error as Error).message}`);
      }
    };
    const when = read(time.column, timeOf);
    if (when === undefined) throw eventError(at, `it has no time: '${time.column}' is absent`);
    return { time: when, cells: columns.map(({ column }, index) => read(column, readers[index])) };
  });
  events.sort((a, b) => a.time - b.time);
  return {
    times: events.map(({ time }) => time),
    numbers: events.map(({ cells }) =>
      cells.flatMap((value, at) => (columns[at].kind === 'category' ? [] : [(value as number) ?? Number.NaN])),
    ),
    categories: events.map(({ cells }) =>
      cells.flatMap((value, at) => (columns[at].kind === 'category' ? [value as string | undefined] : [])),
    ),
  };
}

const READERS = { number, category, boolean };

/** Reads the cell of a column of events: a number, 1 or -1 of a boolean, or a category. */
export function cellReader({ kind, settings }: EventColumn): (cell: Cell) => number | string | undefined {
  if (kind === 'category') {
    const checked = category.settings(settings);
    return (cell) => category.parse(cell, checked);
  }
  if (kind === 'number') {
    const checked = number.settings(settings);
    return (cell) => number.parse(cell, checked);
  }
  const checked = boolean.settings(settings);
  return (cell) => {
    const value = boolean.parse(cell, checked);
    return value === undefined ? undefined : value ? 1 : -1;
  };
}

/** Reads the cell of a time: a number, or milliseconds since 1970. */
export function timeReader({ kind, settings }: TimeColumn): (cell: Cell) => number | undefined {
  if (kind === 'date') {
    const checked = date.settings(settings);
    return (cell) => date.parse(cell, checked);
  }
  const checked = number.settings(settings);
  return (cell) => number.parse(cell, checked);
}

/** The list of a cell, or of the JSON of one. @throws TesseraError if it is neither. */
function objectsOf(cell: Cell): readonly unknown[] | undefined {
  if (isMissing(cell)) return undefined;
  if (Array.isArray(cell)) return cell;
  if (typeof cell === 'string') {
    try {
      const value: unknown = JSON.parse(cell);
      if (Array.isArray(value)) return value;
    } catch {
      // Said below.
    }
  }
  throw new TesseraError(`expected a list of events, or its JSON, got ${showCell(cell)}`);
}

const eventError = (at: number, reason: string): TesseraError => new TesseraError(`event ${at + 1}: ${reason}`);

/** An event as the settings have it. */
function exampleOf({ time, columns }: SequenceSettings): string {
  const values = { number: '1.5', category: "'a'", boolean: 'true', date: "'2026-11-26'" };
  return `{ ${[time, ...columns].map(({ column, kind }) => `${column}: ${values[kind]}`).join(', ')} }`;
}

/** Accepts a column of one of some kinds. */
const columnOf = (...kinds: readonly string[]): Check => ({
  expected: `an object { column, kind, settings } of kind ${kinds.join(' or ')}`,
  fits: (value) =>
    isObject(value) &&
    Object.keys(value).sort().join() === 'column,kind,settings' &&
    typeof value.column === 'string' &&
    kinds.includes(value.kind as string) &&
    isObject(value.settings),
});
