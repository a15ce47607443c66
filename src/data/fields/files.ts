import { TesseraError } from '../../tensor/index.js';
import { isMissing, showCell } from '../cells.js';
import { type Cell, CellError } from '../table.js';
import type { FieldColumn, FileAccess, Origin } from './field.js';

/** The path of a file, or its bytes. */
export type FileSource = string | Uint8Array;

/** Turns the bytes of a file into what a field needs. @throws TesseraError with the reason if it cannot. */
export type Decode<Decoded> = (bytes: Uint8Array, name?: string) => Promise<Decoded>;

/** The number of files decoded at the same time: a table of photos must not fill the memory with them. */
const AT_ONCE = 8;
/** The number of files that are named where none can be used. */
const NAMED = 10;

/** The file of a cell, or undefined where it is absent. @throws TesseraError if the cell is neither path nor bytes. */
export function parseFile(cell: Cell, what: string): FileSource | undefined {
  if (cell instanceof Uint8Array) return cell.length === 0 ? undefined : cell;
  if (isMissing(cell)) return undefined;
  if (typeof cell === 'string') return cell.trim();
  throw new TesseraError(`expected the path or the bytes of ${what}, got ${showCell(cell)}`);
}

/** A sample of the files of a column, from which a field's state is learned. */
export interface FileSample {
  readonly source: FileSource;
  readonly origin: Origin;
}

/**
 * Decodes the files of a sample, a few at a time, and gives each to a function, in any order.
 * @throws TesseraError if none can be used; the first ten are named.
 */
export async function decodeSample<Decoded>(
  sample: readonly FileSample[],
  what: string,
  files: FileAccess,
  decode: Decode<Decoded>,
  use: (decoded: Decoded) => void,
): Promise<void> {
  const limited = limiter();
  const errors: CellError[] = [];
  const decoding = sample.map(async (one, index) => {
    const decoded = await limited(() => tryDecode(one, files, decode));
    if (decoded instanceof CellError) errors[index] = decoded;
    else use(decoded);
  });
  await Promise.all(decoding);
  const found = errors.filter((error) => error !== undefined);
  if (found.length === sample.length) throw noFile(what, found);
}

/** The part of a field's column that holds its files: what was decoded is kept as far as there is room. */
export interface FileCells<Decoded> extends Pick<FieldColumn<FileSource>, 'size' | 'add'> {
  check(rows: Uint32Array): Promise<(CellError | undefined)[]>;
  /**
   * What a row's file holds, or undefined where the row is absent, or `check` found that the file cannot be used.
   * @throws CellError if it cannot be used, and `check` has not found that.
   */
  read(row: number): Promise<Decoded | undefined>;
}

/** The files of a column. `bytesOf` says what keeping one takes. */
export function fileCells<Decoded>(
  files: FileAccess,
  decode: Decode<Decoded>,
  bytesOf: (decoded: Decoded) => number,
): FileCells<Decoded> {
  const cells: { readonly source: FileSource | undefined; readonly origin: Origin }[] = [];
  const bad = new Set<number>();
  const kept = new Map<number, Decoded>();
  let keptBytes = 0;
  const limited = limiter();

  async function tryRead(row: number): Promise<Decoded | CellError | undefined> {
    const { source, origin } = cells[row];
    if (source === undefined || bad.has(row)) return undefined;
    if (kept.has(row)) return kept.get(row);
    const decoded = await tryDecode({ source, origin }, files, decode);
    if (!(decoded instanceof CellError) && !kept.has(row) && keptBytes + bytesOf(decoded) <= files.cacheBytes) {
      kept.set(row, decoded);
      keptBytes += bytesOf(decoded);
    }
    return decoded;
  }

  return {
    get size() {
      return cells.length;
    },
    add(source, origin) {
      cells.push({ source, origin });
    },
    check(rows) {
      const checking = Array.from(rows, async (row) => {
        const decoded = await limited(() => tryRead(row));
        if (!(decoded instanceof CellError)) return undefined;
        bad.add(row);
        return decoded;
      });
      return Promise.all(checking);
    },
    async read(row) {
      const decoded = await limited(() => tryRead(row));
      if (decoded instanceof CellError) throw decoded;
      return decoded;
    },
  };
}

/** Reads and decodes a file; returns the error if it cannot be used. */
async function tryDecode<Decoded>(
  { source, origin: { file, number } }: FileSample,
  files: FileAccess,
  decode: Decode<Decoded>,
): Promise<Decoded | CellError> {
  try {
    if (typeof source !== 'string') return await decode(source);
    return await decode(await files.readFile(source, { file, number }), source);
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    return new CellError({ file, row: number, column: files.column }, error.message, { cause: error });
  }
}

/** The error of a column of which no file can be used. */
function noFile(what: string, errors: readonly CellError[]): TesseraError {
  if (errors.length === 0) return new TesseraError(`no training row has ${what}`);
  const named = errors.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
  const more = errors.length > NAMED ? `\n  and ${errors.length - NAMED} more` : '';
  return new TesseraError(
    `none of ${errors.length} files that were checked is ${what} that can be used; correct the files, or leave the column out:${named.join('')}${more}`,
    { cause: errors[0] },
  );
}

/** Runs tasks in the order in which they come, a few of them at a time. */
function limiter(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
