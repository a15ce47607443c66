import type { FileKind } from '../data/fields/field.js';
import { isObject } from '../data/row-objects.js';
import type { Schema, SchemaField } from '../data/schema.js';
import { didYouMean } from '../tensor/options.js';
import { RequestError } from './request-error.js';

/*
 * The checks of cells that rows of JSON and forms share: whatever a cell holds, it takes little time, and no file of this
 * machine or address is read.
 */

/** The longest text of a cell, in UTF-16 units, and the largest number of tags and of events: no model reads more. */
const [LONGEST_TEXT, MOST_TAGS, MOST_EVENTS] = [100_000, 1_000, 10_000];

/** The field of a column. @throws RequestError 400 if the model reads no such column. */
export function fieldOf(fields: Schema['fields'], column: string, row?: number): SchemaField {
  const field = fields.find((one) => one.column === column);
  if (field !== undefined) return field;
  const columns = fields.map((one) => one.column);
  const name = column.slice(0, 100);
  throw new RequestError(400, `there is no such column${didYouMean(name, columns)}; there are ${columns.join(', ')}`, {
    row,
    column: name,
  });
}

/** A text, a number or a boolean. @throws RequestError 400 if it is a long text. */
export function scalarOf<Cell>(cell: Cell, column: string, row?: number): Cell {
  if (typeof cell !== 'string' || cell.length <= LONGEST_TEXT) return cell;
  throw new RequestError(400, `expected at most ${LONGEST_TEXT} characters, got ${cell.length}`, { row, column });
}

/** A list of tags. @throws RequestError 400 if one is no text, or there are too many. */
export function tagsOf(tags: readonly unknown[], column: string, row?: number): readonly unknown[] {
  const wrong = tags.find((tag) => !isScalar(tag));
  if (wrong !== undefined)
    throw new RequestError(400, `expected a list of texts, got one of ${kindOf(wrong)}`, { row, column });
  if (tags.length > MOST_TAGS)
    throw new RequestError(400, `expected at most ${MOST_TAGS} tags, got ${tags.length}`, { row, column });
  return tags.map((tag) => scalarOf(tag, column, row));
}

/** A list of events. @throws RequestError 400 if one is no object of scalars, or there are too many. */
export function eventsOf(events: readonly unknown[], column: string, row?: number): readonly unknown[] {
  if (events.length > MOST_EVENTS)
    throw new RequestError(400, `expected at most ${MOST_EVENTS} events, got ${events.length}`, { row, column });
  for (const [at, event] of events.entries()) {
    if (!isObject(event))
      throw new RequestError(400, `event ${at + 1}: expected an object, got ${kindOf(event)}`, { row, column });
    const wrong = Object.values(event).find((value) => value !== null && !isScalar(value));
    if (wrong !== undefined)
      throw new RequestError(400, `event ${at + 1}: expected texts, numbers and booleans, got ${kindOf(wrong)}`, {
        row,
        column,
      });
  }
  return events;
}

export const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A value of JSON, as errors name it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value);
}

const DATA_URL = /^data:[^,]{0,200},/;
const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;
const EXAMPLES = { image: 'data:image/png;base64,iVBOR...', sound: 'data:audio/wav;base64,UklGR...' } as const;

/** The bytes of an image or a sound in a text. @throws RequestError 400 if it is no data URL in base64. */
export function bytesOfUrl(url: unknown, { column, kind }: SchemaField, row?: number): Uint8Array {
  const refuse = (got: string): RequestError =>
    new RequestError(400, `expected a data URL in base64 (${EXAMPLES[kind as FileKind]}), got ${got}`, {
      row,
      column,
    });
  if (typeof url !== 'string') throw refuse(kindOf(url));
  const head = DATA_URL.exec(url)?.[0];
  if (head === undefined) throw refuse(`${kindOf(url)}; paths and addresses are not read`);
  const content = url.slice(head.length);
  if (!/;base64,$/i.test(head) || content.length % 4 !== 0 || !BASE64.test(content))
    throw refuse(`${kindOf(head)} with other contents`);
  return Buffer.from(content, 'base64');
}

/** How files of images begin that decode in little time: not SVG, which draws at will, or AVIF. */
const IMAGES: readonly RegExp[] = [/^\x89PNG\r\n/, /^\xff\xd8\xff/, /^RIFF.{4}WEBP/s, /^GIF8[79]a/];

/**
 * The bytes of an image or a sound, which the decoder of sounds checks.
 * @throws RequestError 400 if those of an image begin like those of no format that is read.
 */
export function fileOf(bytes: Uint8Array, { column, kind }: SchemaField, row?: number): Uint8Array {
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  if (kind !== 'image' || IMAGES.some((image) => image.test(start))) return bytes;
  throw new RequestError(400, `expected a PNG, JPEG, WebP or GIF image, got ${bytes.length} bytes of another kind`, {
    row,
    column,
  });
}
