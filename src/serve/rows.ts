import { isFileKind } from '../data/fields/field.js';
import { isObject } from '../data/row-objects.js';
import type { RowObject } from '../data/rows.js';
import type { Schema, SchemaField } from '../data/schema.js';
import { bytesOfUrl, eventsOf, fieldOf, fileOf, isScalar, kindOf, scalarOf, tagsOf } from './cells.js';
import { RequestError } from './request-error.js';

/** The rows of a request. */
export interface RequestedRows {
  readonly rows: readonly RowObject[];
  /** Whether the request is a list, to be answered by one, or a row. */
  readonly isList: boolean;
}

/**
 * The rows that a body of JSON has: an object of cells by column, or a list of such. An image or a sound is a data URL.
 * @throws RequestError 400 if it is anything else, 413 if there are too many.
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
  return Object.fromEntries(
    Object.entries(object).map(([column, cell]) => [column, cellOf(fieldOf(fields, column, row), cell, row)]),
  );
}

const EXPECTED: Readonly<Partial<Record<SchemaField['kind'], string>>> = {
  tags: 'a list of texts',
  sequence: 'a list of events',
};

/** A cell of JSON as the predictor takes it. @throws RequestError 400 if it is none of the field's kind. */
function cellOf(field: SchemaField, cell: unknown, row?: number): unknown {
  const { column, kind } = field;
  if (cell === null || cell === '') return undefined;
  if (isFileKind(kind)) return fileOf(bytesOfUrl(cell, field, row), field, row);
  if (isScalar(cell)) return scalarOf(cell, column, row);
  if (kind === 'tags' && Array.isArray(cell)) return tagsOf(cell, column, row);
  if (kind === 'sequence' && Array.isArray(cell)) return eventsOf(cell, column, row);
  const expected = EXPECTED[kind] ?? 'a text, a number, true, false or null';
  throw new RequestError(400, `expected ${expected}, got ${kindOf(cell)}`, { row, column });
}
