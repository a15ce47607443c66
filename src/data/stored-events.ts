import { TesseraError } from '../tensor/index.js';
import { CellError, type CellErrors } from './cell-errors.js';
import { textOf } from './cells.js';
import { Codes } from './codes.js';
import { cellReader, type EventColumn, type SequenceSettings, timeReader } from './fields/events.js';
import { Growable } from './growable.js';
import { expectColumn } from './schema.js';
import type { Cell, Row, Table } from './table.js';

/** A column of events, compactly. */
interface StoredColumn {
  add(value: number | string | undefined): void;
  /** The cell of an event. */
  at(event: number): Cell;
}

/** The events of a table by key, in few bytes: 16 of each event, and 4 or 8 for each of its values. */
export class StoredEvents {
  readonly #codes = new Codes();
  readonly #times = new Growable(Float64Array);
  readonly #columns: readonly StoredColumn[];
  /** The events by key, those of a key in the order of time; those of key k are in [#begins[k], #begins[k + 1]). */
  #order = new Uint32Array();
  #begins = new Uint32Array();
  #keys: readonly string[] = [];
  #codeOf: ReadonlyMap<string, number> = new Map();

  private constructor(
    /** The name of the column of keys. */
    readonly key: string,
    private readonly settings: SequenceSettings,
  ) {
    this.#columns = settings.columns.map(storedColumn);
  }

  /**
   * Reads the events of a table in one pass.
   * @throws TesseraError if it lacks a column, and for cells that cannot be used, as `errors` say.
   */
  static async read(table: Table, key: string, settings: SequenceSettings, errors: CellErrors): Promise<StoredEvents> {
    const stored = new StoredEvents(key, settings);
    const { time, columns } = settings;
    for (const { column } of [time, ...columns]) expectColumn(table.name, column, table.columns);
    const at = (column: string): number => table.columns.indexOf(column);
    const timeOf = timeReader(time);
    const readers = columns.map((column) => ({
      column: column.column,
      at: at(column.column),
      read: cellReader(column),
    }));
    const [keyAt, timeAt] = [at(key), at(time.column)];
    for await (const chunk of table.rows(errors))
      for (const row of chunk) {
        const values: (number | string | undefined)[] = [];
        let isLeftOut = false;
        const tryRead = <Value>(column: string, read: () => Value, isNeeded: boolean): Value | undefined => {
          try {
            const value = read();
            if (value !== undefined || !isNeeded) return value;
            throw new TesseraError(`it is absent; every event has a ${column === key ? 'key' : 'time'}`);
          } catch (error) {
            if (!(error instanceof TesseraError)) throw error;
            isLeftOut = errors.add(cellError(row, column, error)) === 'skip' || isNeeded || isLeftOut;
            return undefined;
          }
        };
        const owner = tryRead(key, () => textOf(row.cells[keyAt]), true);
        const when = tryRead(time.column, () => timeOf(row.cells[timeAt]), true);
        for (const { column, at, read } of readers) values.push(tryRead(column, () => read(row.cells[at]), false));
        if (isLeftOut || when === undefined) continue;
        stored.#codes.add(owner);
        stored.#times.push(when);
        stored.#columns.forEach((column, index) => {
          column.add(values[index]);
        });
      }
    stored.#sort();
    return stored;
  }

  /** The number of events. */
  get size(): number {
    return this.#times.length;
  }

  /** The keys, in the order of their numbers. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** The number of a key; undefined where it has no event. */
  codeOf(key: string | undefined): number | undefined {
    return key === undefined ? undefined : this.#codeOf.get(key);
  }

  /** The number of events of a key, given its number. */
  lengthOf(code: number): number {
    return this.#begins[code + 1] - this.#begins[code];
  }

  /**
   * The latest events of a key, as a cell of a field of sequences: as many as are kept at most, and one more, since which
   * the time of the first is measured. Undefined where it has none.
   */
  of(key: string | undefined): Cell {
    const code = this.codeOf(key);
    if (code === undefined) return undefined;
    const { time, columns, maximumLength } = this.settings;
    const end = this.#begins[code + 1];
    const begin = Math.max(this.#begins[code], end - maximumLength - 1);
    return Array.from(this.#order.subarray(begin, end), (event) => {
      const when = this.#times.at(event);
      const cells: [string, Cell][] = [[time.column, time.kind === 'date' ? new Date(when) : when]];
      columns.forEach(({ column }, at) => {
        const cell = this.#columns[at].at(event);
        if (cell !== undefined) cells.push([column, cell]);
      });
      return Object.fromEntries(cells);
    });
  }

  /** Orders the events by key and time; those of one time stay as they came. */
  #sort(): void {
    this.#keys = this.#codes.names;
    this.#codeOf = new Map(this.#keys.map((key, code) => [key, code]));
    const codes = this.#codes.codes;
    this.#begins = new Uint32Array(this.#codeOf.size + 1);
    for (const code of codes) this.#begins[code + 1]++;
    for (let code = 0; code < this.#codeOf.size; code++) this.#begins[code + 1] += this.#begins[code];
    const next = this.#begins.slice();
    this.#order = new Uint32Array(codes.length);
    codes.forEach((code, event) => {
      this.#order[next[code]++] = event;
    });
    for (let code = 0; code < this.#codeOf.size; code++)
      this.#order
        .subarray(this.#begins[code], this.#begins[code + 1])
        .sort((a, b) => this.#times.at(a) - this.#times.at(b) || a - b);
  }
}

const cellError = ({ file, number }: Row, column: string, error: TesseraError): CellError =>
  new CellError({ file, row: number, column }, error.message, { cause: error });

function storedColumn({ kind }: EventColumn): StoredColumn {
  if (kind === 'category') {
    const codes = new Codes();
    let read: Pick<Codes, 'names' | 'codes'> | undefined;
    return {
      add: (value) => codes.add(value as string | undefined),
      at(event) {
        read ??= { names: codes.names, codes: codes.codes };
        return read.names[read.codes[event]];
      },
    };
  }
  const numbers = new Growable(Float64Array);
  return {
    add: (value) => numbers.push((value as number) ?? Number.NaN),
    at(event) {
      const value = numbers.at(event);
      if (Number.isNaN(value)) return undefined;
      return kind === 'boolean' ? value === 1 : value;
    },
  };
}
