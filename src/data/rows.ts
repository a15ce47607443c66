import { TesseraError } from '../tensor/index.js';
import { type Check, checkOptions, optional, shown } from '../tensor/options.js';
import { CellErrors } from './cell-errors.js';
import { isObject, objectReader, SAMPLED_ROWS } from './row-objects.js';
import { CHUNK_ROWS, type Row, type Table, wholePass } from './table.js';

/** The cells of a row by column; what is undefined, null or left out is absent. */
export type RowObject = Readonly<Record<string, unknown>>;

/** Rows in code. */
export type RowSource = Iterable<RowObject> | AsyncIterable<RowObject>;

/** Options of `tableOf`. */
export interface TableOfOptions {
  /** The name of the table in messages. Default 'rows'. */
  readonly name?: string;
  /** The columns in order. Default the keys of the first 10,000 rows. */
  readonly columns?: readonly string[];
  /** Reads the files that cells name. Without it cells hold the contents themselves. */
  readonly readFile?: (path: string) => Promise<Uint8Array>;
}

/** The number of rows kept of a source that may be readable only once. */
const KEPT_ROWS = 100_000;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const text: Check = { expected: 'a text', fits: isText };
const differentTexts: Check = {
  expected: 'an array of different texts',
  fits: (value) =>
    Array.isArray(value) && value.length === new Set(value).size && value.length > 0 && value.every(isText),
};
const aFunction: Check = { expected: 'a function', fits: (value) => typeof value === 'function' };

/**
 * Makes a table of objects. An array, and a function that returns an iterable, are read anew for each pass. The rows of
 * any other iterable, such as a generator or a stream, are kept as they are read, up to 100,000.
 *
 * @throws TesseraError if there are no rows or columns. Rows that are no objects, values that are no cells and keys
 * that are no columns are errors of the pass that reads them.
 */
export async function tableOf(source: RowSource | (() => RowSource), options: TableOfOptions = {}): Promise<Table> {
  const {
    name = 'rows',
    columns,
    readFile,
  } = checkOptions('tableOf', options, {
    name: optional(text),
    columns: optional(differentTexts),
    readFile: optional(aFunction),
  });
  const read = readerOf(name, source);
  return new ObjectTable(name, columns ?? (await sampledColumns(name, read())), read, readFile);
}

type Read = () => Iterable<unknown> | AsyncIterable<unknown>;

function readerOf(name: string, source: RowSource | (() => RowSource)): Read {
  if (Array.isArray(source)) return () => source;
  if (typeof source === 'function') return anew(source);
  return keep(name, checkIterable('rows', source));
}

/** Calls a function for each pass. */
function anew(source: () => RowSource): Read {
  let last: unknown;
  return () => {
    const rows = checkIterable('the function to return', source());
    if (rows === last && 'next' in rows) {
      throw new TesseraError(
        'tableOf: the function returned the same iterator again; expected a new one for each pass',
      );
    }
    last = rows;
    return rows;
  };
}

function checkIterable(what: string, value: RowSource): RowSource {
  if (typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)) {
    return value;
  }
  throw new TesseraError(`tableOf: expected ${what} an array, an iterable or an async iterable, got ${shown(value)}`);
}

/** Reads a source once, as far as it is asked for, and keeps its rows for further passes. */
function keep(name: string, source: RowSource): Read {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const kept: unknown[] = [];
  let failure: { readonly error: unknown } | undefined;
  return async function* () {
    for (let index = 0; ; index++) {
      if (index === kept.length) {
        if (failure !== undefined) throw failure.error;
        try {
          const next = await iterator.next();
          if (next.done) return;
          kept.push(next.value);
        } catch (error) {
          failure = { error };
          throw error;
        }
      }
      if (index === KEPT_ROWS) {
        throw new TesseraError(
          `${name}: it has more than ${KEPT_ROWS} rows, which are too many to keep for further passes; give a function that returns the rows anew`,
        );
      }
      yield kept[index];
    }
  };
}

/** The keys of the first rows. */
async function sampledColumns(name: string, rows: ReturnType<Read>): Promise<readonly string[]> {
  const columns = new Set<string>();
  let count = 0;
  for await (const row of rows) {
    if (isObject(row)) for (const key of Object.keys(row)) columns.add(key);
    if (++count === SAMPLED_ROWS) break;
  }
  if (columns.size > 0) return [...columns];
  throw new TesseraError(
    `${name}: ${count === 0 ? 'it has no rows' : 'its rows have no keys'}; expected objects of cells by column`,
  );
}

class ObjectTable implements Table {
  readonly #read: Read;
  readonly #readFile?: (path: string) => Promise<Uint8Array>;

  constructor(
    readonly name: string,
    readonly columns: readonly string[],
    read: Read,
    readFile?: (path: string) => Promise<Uint8Array>,
  ) {
    this.#read = read;
    this.#readFile = readFile;
  }

  rows(errors = new CellErrors()): AsyncIterable<readonly Row[]> {
    return wholePass(this.name, this.#chunks(errors), errors);
  }

  async *#chunks(errors: CellErrors): AsyncGenerator<readonly Row[]> {
    const rowOf = objectReader(this.columns, this.name, errors);
    let number = 0;
    let rows: Row[] = [];
    for await (const object of this.#read()) {
      const row = rowOf(object, ++number);
      if (row !== undefined) rows.push(row);
      if (rows.length === CHUNK_ROWS) {
        yield rows;
        rows = [];
      }
    }
    if (rows.length > 0) yield rows;
  }

  async readFile(path: string): Promise<Uint8Array> {
    if (this.#readFile !== undefined) return this.#readFile(path);
    throw new TesseraError(
      `'${path.slice(0, 60)}' names a file; give its contents as a Uint8Array, or give tableOf a function 'readFile'`,
    );
  }
}
