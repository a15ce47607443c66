import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TesseraError } from '../../../tensor/index.js';
import { fileError } from '../files.js';

const PIECE = 128 * 2 ** 10;

/** Data that expand more than this are refused, once they have filled `FREE_BYTES`: no real table does. */
const MAXIMUM_EXPANSION = 200;
const FREE_BYTES = 2 ** 30;

/**
 * Reads the first bytes of a file as they lie on disk.
 * @throws TesseraError if it cannot be read or is not a regular file.
 */
export async function readHead(file: string, length: number): Promise<Buffer> {
  try {
    // A pipe could be read only once, and opening one waits for its writer.
    if (!(await stat(file)).isFile()) throw new TesseraError('expected a regular file');
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError('cannot read', file, error);
  }
}

/** Tests whether bytes begin like gzip. */
export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

/**
 * Reads a file in pieces, and unpacks it if it is gzip by its first bytes.
 * @throws TesseraError if it cannot be read, is damaged or cut off, or expands beyond all reason.
 */
export async function* readBytes(file: string): AsyncGenerator<Buffer> {
  const packed = isGzip(await readHead(file, 2));
  const source = createReadStream(file, { highWaterMark: PIECE });
  // Errors of either stream arrive at the one that is read.
  const stream = packed ? pipeline(source, createGunzip({ chunkSize: PIECE }), () => {}) : source;
  let bytes = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (packed && bytes > FREE_BYTES && bytes > MAXIMUM_EXPANSION * source.bytesRead) {
        throw new TesseraError(
          `its gzip data expand more than ${MAXIMUM_EXPANSION} times; unpack it yourself if it is a real table`,
        );
      }
      yield piece;
    }
  } catch (error) {
    throw fileError('cannot read', file, gzipError(error));
  }
}

function gzipError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new TesseraError('its gzip data end too early; copy or load the file again');
  if (code?.startsWith('Z_')) return new TesseraError('its gzip data are damaged; copy or load the file again');
  return error;
}
