import { Readable } from 'node:stream';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { isFileKind } from '../data/fields/field.js';
import type { RowObject } from '../data/rows.js';
import type { Schema } from '../data/schema.js';
import { bytesOfUrl, fieldOf, fileOf, scalarOf, tagsOf } from './cells.js';
import { RequestError } from './request-error.js';

/** The largest number of parts: fields, and tags that are given one by one. */
const MOST_PARTS = 1_000;
const MOST_HEADERS = 20;
/** The parser has the whole body: it has ended soon, or it never will, as the body lacks its end. */
const PARSE_MILLISECONDS = 2_000;

type Part = string | Buffer;

/**
 * The row that a body of multipart/form-data has: a part for each column, which is a file for an image or a sound. Parts
 * of one column of tags are a list.
 * @throws RequestError 400 if the body is damaged, a part has no name, or a cell is given twice.
 */
export async function rowOfForm(body: Uint8Array, type: string, { fields }: Schema): Promise<RowObject> {
  const parts = await partsOf(body, type);
  const cells = [...parts].map(([column, values]): [string, unknown] => {
    const field = fieldOf(fields, column);
    const isFile = isFileKind(field.kind);
    if (!isFile && values.some((value) => typeof value !== 'string'))
      throw new RequestError(400, 'expected a text, got a file', { column });
    if (field.kind === 'tags' && values.length > 1) return [column, tagsOf(values, column)];
    if (values.length > 1) throw new RequestError(400, `expected one part, got ${values.length}`, { column });
    const [value] = values;
    if (value.length === 0) return [column, undefined];
    if (!isFile) return [column, scalarOf(value, column)];
    return [column, fileOf(typeof value === 'string' ? bytesOfUrl(value, field) : value, field)];
  });
  return Object.fromEntries(cells);
}

/** The parts by name. */
function partsOf(body: Uint8Array, type: string): Promise<Map<string, Part[]>> {
  return new Promise((resolve, reject) => {
    const parts = new Map<string, Part[]>();
    const refuse = (reason: string): void => {
      clearTimeout(timer);
      reject(new RequestError(400, `the body is no multipart/form-data: ${reason}`));
    };
    const timer = setTimeout(() => refuse('it has no end'), PARSE_MILLISECONDS);
    const add = (name: string | undefined, value: Part): void => {
      if (name === undefined || name === '') refuse('a part has no name');
      else parts.set(name, [...(parts.get(name) ?? []), value]);
    };
    try {
      const limits = { parts: MOST_PARTS, headerPairs: MOST_HEADERS, fieldSize: body.length, fileSize: body.length };
      const parser = new Busboy({ headers: { 'content-type': type }, limits });
      parser.on('field', add);
      parser.on('file', (name: string, stream: BusboyFileStream) => {
        const pieces: Buffer[] = [];
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => add(name, Buffer.concat(pieces)));
        stream.on('error', () => refuse('a file ends early'));
      });
      parser.on('partsLimit', () => refuse(`expected at most ${MOST_PARTS} parts, got more`));
      parser.on('error', () => refuse('it ends early, or its boundary does not occur'));
      parser.on('finish', () => {
        clearTimeout(timer);
        resolve(parts);
      });
      Readable.from([body]).pipe(parser);
    } catch (error) {
      refuse((error as Error).message);
    }
  });
}
