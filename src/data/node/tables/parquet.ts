import path from 'node:path';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type DecodedArray,
  type FileMetaData,
  type ParquetScan,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { TesseraError } from '../../../tensor/index.js';
import { isCell, isObject } from '../../row-objects.js';
import { type Cell, CHUNK_ROWS, type Row } from '../../table.js';
import { isGzip, readBytes, readHead } from './bytes.js';
import { checkColumns, type TableFile } from './table-file.js';

/** A packed file is unpacked in memory, because its end is read first. */
const MAXIMUM_UNPACKED_BYTES = 256 * 2 ** 20;
/** One column of one row group is in memory at a time, as it is stored. */
const MAXIMUM_COLUMN_BYTES = 2 ** 30;
/** The number of bytes of a row group that are decoded at a time. */
const DECODED_BYTES = 8 * 2 ** 20;

/**
 * Tests by its first bytes whether a file, perhaps packed by gzip, is Parquet. @throws TesseraError if it cannot be
 * read.
 */
export async function isParquet(file: string): Promise<boolean> {
  const head = await readHead(file, 4);
  if (!isGzip(head)) return isMagic(head);
  for await (const unpacked of readBytes(file)) return isMagic(unpacked);
  return false;
}

const isMagic = (head: Buffer): boolean => head.toString('latin1', 0, 4) === 'PAR1';

/**
 * Opens a Parquet file. Cells keep their types: numbers, booleans, dates, texts, lists and bytes; decimals are numbers,
 * 64-bit integers beyond 2⁵³ are bigints. An object is its JSON text, or its content if it has the fields `bytes` and
 * `path` of an image.
 *
 * @throws TesseraError if it cannot be read, or is cut off or damaged.
 */
export async function openParquet(file: string): Promise<TableFile> {
  const { metadata, columns } = await openScan(file);
  checkColumns(file, columns);
  return {
    file,
    folder: path.dirname(file),
    columns,
    size: Number(metadata.num_rows),
    rows: () => readRows(file, columns),
  };
}

type Scan = ParquetScan & { readonly columns: readonly string[] };

async function openScan(file: string): Promise<Scan> {
  return readingParquet(file, async () => {
    const buffer = isGzip(await readHead(file, 2)) ? await unpacked(file) : await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
    checkSizes(metadata, buffer.byteLength);
    const scan = await parquetScan({ file: buffer, metadata, compressors, utf8: false, geoparquet: false });
    return { ...scan, columns: parquetSchema(metadata).children.map(({ element }) => element.name) };
  });
}

/** Adds the name of the file to the errors of hyparquet. */
async function readingParquet<T>(file: string, read: () => Promise<T>, place = ''): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TesseraError) throw error;
    throw new TesseraError(
      `${file}: ${place}cannot be read as Parquet: ${(error as Error).message}; it may be cut off or damaged`,
      { cause: error },
    );
  }
}

async function unpacked(file: string): Promise<AsyncBuffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of readBytes(file)) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAXIMUM_UNPACKED_BYTES) {
      throw new TesseraError(
        `${file}: it unpacks to more than ${MAXIMUM_UNPACKED_BYTES} bytes; unpack it with gunzip, as Parquet is packed inside`,
      );
    }
  }
  const bytes = new Uint8Array(Buffer.concat(pieces, length));
  return { byteLength: length, slice: (start, end) => bytes.buffer.slice(start, end) };
}

/** Sizes are checked before anything is allocated by them. */
function checkSizes({ num_rows, row_groups }: FileMetaData, length: number): void {
  let rows = 0n;
  for (const group of row_groups) {
    rows += group.num_rows;
    for (const { meta_data } of group.columns) {
      if (meta_data === undefined) throw new Error('a column has no metadata');
      const { total_compressed_size, total_uncompressed_size, path_in_schema } = meta_data;
      if (total_compressed_size < 0n || total_compressed_size > length)
        throw new Error('a column is longer than the file');
      if (total_uncompressed_size > MAXIMUM_COLUMN_BYTES) {
        throw new TesseraError(
          `column '${path_in_schema.join('.')}' has ${total_uncompressed_size} bytes in one row group; expected at most ${MAXIMUM_COLUMN_BYTES}: write smaller row groups`,
        );
      }
    }
  }
  if (rows !== num_rows) throw new Error(`it has ${num_rows} rows, and its row groups ${rows}`);
}

async function* readRows(file: string, columns: readonly string[]): AsyncGenerator<readonly Row[]> {
  const scan = await openScan(file);
  if (scan.columns.join('\n') !== columns.join('\n')) {
    throw new TesseraError(`${file}: its columns are not those that it had when it was opened`);
  }
  let start = 0;
  for (const group of scan.metadata.row_groups) {
    const end = start + Number(group.num_rows);
    const step = windowOf(Number(group.num_rows), Number(group.total_byte_size));
    for (; start < end; start = Math.min(start + step, end)) {
      yield* rowsOf(file, await readWindow(file, scan, start, Math.min(start + step, end)), start);
    }
  }
}

/** The number of rows of a row group that are decoded at a time. */
const windowOf = (rows: number, bytes: number): number =>
  Math.max(CHUNK_ROWS, Math.floor((rows * DECODED_BYTES) / Math.max(bytes, 1)));

async function readWindow(file: string, scan: Scan, rowStart: number, rowEnd: number): Promise<DecodedArray[]> {
  const data: DecodedArray[] = [];
  for (const column of scan.columns) {
    const place = `rows ${rowStart + 1} to ${rowEnd}, column '${column}', `;
    data.push(
      await readingParquet(
        file,
        async () => {
          const values = await scan.readColumn({ column, rowStart, rowEnd });
          if (values.length !== rowEnd - rowStart) throw new Error(`it has ${values.length} rows`);
          return values;
        },
        place,
      ),
    );
  }
  return data;
}

function* rowsOf(file: string, data: readonly DecodedArray[], start: number): Generator<readonly Row[]> {
  const { length } = data[0];
  for (let first = 0; first < length; first += CHUNK_ROWS) {
    const rows: Row[] = [];
    for (let index = first; index < Math.min(first + CHUNK_ROWS, length); index++) {
      rows.push({ cells: data.map((values) => cellOf(values[index])), file, number: start + index + 1 });
    }
    yield rows;
  }
}

/** Bytes are copied, because they are a view of all that was decoded with them. */
function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Uint8Array) return value.slice();
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (isCell(value)) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (isObject(value) && ('bytes' in value || 'path' in value)) return cellOf(value.bytes ?? value.path);
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? Number(item) : item));
}
