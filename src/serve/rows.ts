import { isObject } from '../data/row-objects.js';
import type { RowObject } from '../data/rows.js';
import type { Schema, SchemaField } from '../data/schema.js';
import { RequestError } from './request-error.js';

/** The rows of a request. */
export interface RequestedRows {
  readonly rows: readonly RowObject[];
  /** Whether the request is a list, to be answered by one, or a row. */
  readonly isList: boolean;
}

const DATA_URL = /^data:[^,]{0,200},/;
const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;

/**
 * The rows that a body of JSON has: an object of cells by column, or a list of such. An image or a sound is a data URL
 * in base64; a path or an address is refused, so that no request makes this machine read a file or fetch one.
 * @throws RequestError 400 if it is anything else.
 */
export function rowsOfJson(body: Uint8Array, schema: Schema, maximumRows: number): RequestedRows {
  const value = parsed(body);
  const isList = Array.isArray(value);
  const objects: readonly unknown[] = isList ? value : [value];
  if (objects.length > maximumRows)
    throw new RequestError(413, `expected at most ${maximumRows} rows, got ${objects.length}`);
  return { rows: objects.map((object, at) => rowOf(object, schema, isList ? at + 1 : undefined)), isList };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not in UTF-8';
    throw new RequestError(400, `the body is no JSON: ${reason}`);
  }
}

function rowOf(object: unknown, { fields }: Schema, row?: number): RowObject {
  if (!isObject(object))
    throw new RequestError(400, `expected an object of cells by column, got ${kindOf(object)}`, { row });
  // Columns that the model does not read are refused by the predictor, which knows the nearest name.
  return Object.fromEntries(
    Object.entries(object).map(([column, cell]) => {
      const field = fields.find((one) => one.column === column);
      return [column, field === undefined ? undefined : cellOf(field, cell, row)];
    }),
  );
}

/** A cell of JSON as the predictor takes it. @throws RequestError 400 if it is none of the field's kind. */
function cellOf({ column, kind }: SchemaField, cell: unknown, row?: number): unknown {
  const refuse = (expected: string): RequestError =>
    new RequestError(400, `expected ${expected}, got ${kindOf(cell)}`, { row, column });
  if (cell === null || cell === '') return undefined;
  if (kind === 'image' || kind === 'sound') {
    if (typeof cell === 'string') return bytesOfUrl(cell, column, row);
    throw refuse(`a data URL, such as ${EXAMPLES[kind]}`);
  }
  if (isScalar(cell)) return cell;
  if (kind === 'tags' && Array.isArray(cell) && cell.every(isScalar)) return cell;
  throw refuse(kind === 'tags' ? 'a list of texts' : 'a text, a number, true, false or null');
}

const EXAMPLES = { image: 'data:image/png;base64,iVBOR...', sound: 'data:audio/wav;base64,UklGR...' } as const;

/** The bytes of a data URL. @throws RequestError 400 if it is none, or not in base64. */
export function bytesOfUrl(url: string, column: string, row?: number): Uint8Array {
  const head = DATA_URL.exec(url)?.[0];
  const refuse = (got: string): RequestError =>
    new RequestError(400, `expected a data URL in base64 (${EXAMPLES.image}), got ${got}`, { row, column });
  if (head === undefined) throw refuse(`'${url.slice(0, 40)}'; paths and addresses are not read`);
  const content = url.slice(head.length);
  if (!/;base64,$/i.test(head) || content.length % 4 !== 0 || !BASE64.test(content))
    throw refuse(`'${head.slice(0, 60)}' with other contents`);
  return Buffer.from(content, 'base64');
}

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value);
}
