import type { Generator } from '../../tensor/generator.js';
import { type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { isMissing, showCell } from '../cells.js';
import { Reservoir } from '../reservoir.js';
import { type Cell, CellError } from '../table.js';
import type { FieldColumn, FileAccess, Learner, Origin } from './field.js';

/** The path of a file, or its bytes. */
export type FileSource = string | Uint8Array;

/** Turns the bytes of a file into what a field needs. @throws TesseraError with the reason if it cannot. */
export type Decode<Decoded> = (bytes: Uint8Array, name?: string) => Promise<Decoded>;

/** The number of files decoded at the same time: a table of photos must not fill the memory with them. */
const AT_ONCE = 8;
/** The number of training files that a state is learned from. */
const SAMPLE = 256;
/** The number of files that are named where none can be used. */
const NAMED = 10;

/** The file of a cell, or undefined where it is absent. @throws TesseraError if the cell is neither path nor bytes. */
export function parseFile(cell: Cell, what: string): FileSource | undefined {
  if (cell instanceof Uint8Array) return cell.length === 0 ? undefined : cell;
  if (isMissing(cell)) return undefined;
  if (typeof cell === 'string') return cell.trim();
  throw new TesseraError(`expected the path or the bytes of ${what}, got ${showCell(cell)}`);
}

/** What a field of files does with them. */
export interface FileField<Decoded> {
  readonly files: FileAccess;
  /** What its files are, such as 'an image'. */
  readonly what: string;
  readonly decode: Decode<Decoded>;
}

/** A file, and where its path or its bytes come from. */
interface OriginalFile {
  readonly source: FileSource;
  readonly origin: Origin;
}

/**
 * A learner of a field of files: decodes a sample of 256 of them, a few at a time, gives each to `add`, in any order,
 * and returns what `finish` has learned. Its `finish` throws a TesseraError if none can be used; the first ten are
 * named.
 */
export function fileLearner<Decoded, State>(
  { files, what, decode }: FileField<Decoded>,
  learned: { add(decoded: Decoded): void; finish(): State },
): Learner<FileSource, State> {
  const sample = new Reservoir<OriginalFile>(SAMPLE);
  return {
    add(source, origin) {
      if (source !== undefined) sample.offer(() => ({ source, origin }));
    },
    async finish() {
      const limited = limiter();
      const errors: CellError[] = [];
      const decoding = sample.items.map(async (one, index) => {
        const decoded = await limited(() => tryDecode(one, files, decode));
        if (decoded instanceof CellError) errors[index] = decoded;
        else learned.add(decoded);
      });
      await Promise.all(decoding);
      const found = errors.filter((error) => error !== undefined);
      if (found.length === sample.items.length) throw noFile(what, found);
      return learned.finish();
    },
  };
}

/** The tensors of a batch, which are filled row by row. */
export interface FileBatch<Decoded> {
  /** Takes the file of a row that has one; with a generator, varied as the field's settings say. */
  put(decoded: Decoded, row: number, generator: Generator | undefined): void;
  tensors(): Readonly<Record<string, Tensor>>;
}

/**
 * The column of a field of files: what was decoded is kept as far as there is room. `bytesOf` says what keeping one
 * takes, `batchOf` makes the tensors of so many rows.
 */
export function fileColumn<Decoded>(
  { files, decode }: FileField<Decoded>,
  bytesOf: (decoded: Decoded) => number,
  batchOf: (rows: number) => FileBatch<Decoded>,
): FieldColumn<FileSource> {
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
    async batch(rows, generator) {
      const present = new Float32Array(rows.length);
      const batch = batchOf(rows.length);
      const filling = Array.from(rows, async (row, index) => {
        const decoded = await limited(() => tryRead(row));
        if (decoded instanceof CellError) throw decoded;
        if (decoded === undefined) return;
        present[index] = 1;
        batch.put(decoded, index, generator?.fork(`row ${row}`));
      });
      await Promise.all(filling);
      return { present: tensor(present), ...batch.tensors() };
    },
  };
}

/** Reads and decodes a file; returns the error if it cannot be used. */
async function tryDecode<Decoded>(
  { source, origin: { file, number } }: OriginalFile,
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
    `none of ${errors.length} files that were checked is ${what} that can be used:${named.join('')}${more}`,
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
