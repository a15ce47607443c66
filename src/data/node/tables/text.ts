import { isUtf8 } from 'node:buffer';
import { TesseraError } from '../../../tensor/index.js';
import type { Encoding } from '../../encodings.js';
import { readBytes } from './bytes.js';
import { MAXIMUM_ROW_BYTES, rowError } from './table-file.js';

/** Text that cannot be read on; all lines before it were yielded. The reader adds the number of the row by `atRow`. */
export class TextError extends TesseraError {}

/** Names the row at which a text cannot be read on; other errors stay as they are. */
export const atRow = (file: string, row: number, error: unknown): unknown =>
  error instanceof TextError ? rowError(file, row, error.message) : error;

/** The first piece of a text file; empty if the file is. */
export async function firstText(file: string, encoding?: Encoding): Promise<string> {
  for await (const text of readText(file, encoding)) if (text !== '') return text;
  return '';
}

/**
 * Reads a text file in pieces, most of which end with a line. A byte-order mark decides the encoding and is left out;
 * without one it is UTF-8, unless `encoding` says otherwise.
 *
 * @throws TextError at bytes that are not UTF-8, at a NUL character and at a line of more than 16 MiB.
 * @throws TesseraError if the file cannot be read.
 */
export const readText = (file: string, encoding?: Encoding): AsyncGenerator<string> =>
  decodeText(readBytes(file), encoding);

/** Decodes the bytes of a text, as `readText` does. */
export async function* decodeText(pieces: AsyncIterable<Buffer>, encoding?: Encoding): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  for await (const bytes of wholeLines(pieces)) {
    decoder ??= decoderOf(markedEncoding(bytes) ?? encoding ?? 'utf-8');
    if (decoder.fatal && !isUtf8(bytes)) {
      const nul = bytes.indexOf(0);
      const valid = validLength(bytes);
      yield decoder.decode(bytes.subarray(0, nul < 0 ? valid : Math.min(nul, valid)));
      if (nul >= 0) throw new TextError(NUL);
      const line = excerpt(bytes.toString('utf8', valid, valid + 200));
      throw new TextError(
        `its bytes are not UTF-8: ${line}; save the file as UTF-8, or give its encoding, such as 'latin1'`,
      );
    }
    const text = decoder.decode(bytes, { stream: true });
    const nul = text.indexOf('\0');
    yield nul < 0 ? text : text.slice(0, nul);
    if (nul >= 0) throw new TextError(NUL);
  }
  if (decoder !== undefined) yield decoder.decode();
}

const NUL =
  'it has a NUL character: the file is not text, or damaged, or UTF-16 without a byte-order mark (then give its encoding)';

/** Cuts pieces after the byte of a line feed, so that no character of UTF-8 is divided. */
async function* wholeLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      yield Buffer.concat([...begun, piece.subarray(0, end)]);
      begun = [];
      length = 0;
    }
    begun.push(piece.subarray(end));
    length += piece.length - end;
    if (length > MAXIMUM_ROW_BYTES) throw new TextError(`a line has more than ${MAXIMUM_ROW_BYTES} bytes`);
  }
  if (length > 0) yield Buffer.concat(begun);
}

const LINE_FEED = 0x0a;

function markedEncoding(bytes: Buffer): Encoding | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

const decoderOf = (encoding: Encoding): TextDecoder =>
  new TextDecoder(encoding === 'latin1' ? 'windows-1252' : encoding, { fatal: encoding === 'utf-8' });

/** The length of the lines before the first one that is not UTF-8. */
function validLength(bytes: Buffer): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_FEED, start) + 1;
    if (end === 0 || !isUtf8(bytes.subarray(start, end))) return start;
    start = end;
  }
}

/** The beginning of a text, for a message. */
export const excerpt = (text: string): string => {
  const line = text.slice(0, 60).replace(/\s+/g, ' ').trim();
  return `'${text.length > 40 ? `${line.slice(0, 40)}...` : line}'`;
};
