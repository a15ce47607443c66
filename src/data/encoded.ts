import type { Generator } from '../tensor/generator.js';
import { type Tensor, TesseraError } from '../tensor/index.js';
import { CellErrors } from './cell-errors.js';
import { isMissing, textOf } from './cells.js';
import type { FieldColumn, FieldTensors, Origin } from './fields/field.js';
import { type FieldState, kinds } from './fields/index.js';
import { Growable } from './growable.js';
import { hashText, mix } from './hash.js';
import { type EncodeOptions, filesOf, originOf, parseRow, type Reader, readerOf, type Source } from './readers.js';
import { PARTS, type PartName, type Schema, type SchemaField } from './schema.js';
import type { CellError, Row, Table } from './table.js';
import { type TargetColumn, targetColumn } from './target-column.js';

/** Some rows as tensors. */
export interface FieldBatch {
  /** The numbers of the rows among the encoded ones. */
  readonly rows: Uint32Array;
  /** The tensors of each field, by its column. */
  readonly fields: Readonly<Record<string, FieldTensors>>;
  /** Class ids (rows), i32; standardized numbers (rows, 1); tags (rows, tags); or symbols (rows, longest), i32. */
  readonly target?: Tensor;
}

/** The encoded rows of a table, and which of them are in each part, in the order of the table. */
export interface EncodedTable extends Readonly<Record<PartName, Uint32Array>> {
  readonly encoded: EncodedRows;
  /** The number of rows that are left out, as they have no target. */
  readonly withoutTarget: number;
}

/**
 * Encodes the rows of a table in one pass. `parts` has the part of each row, as `splitRows` returns them: an index of
 * `PARTS`, or another number for a row that is not used. Without it all rows are for the test. Rows without a target are
 * left out and counted, with those whose target cannot be used where such cells count as absent.
 *
 * Files that rows name are all used once, so that one that cannot be is known before long work begins: it counts as a
 * cell that cannot be used.
 *
 * @throws TesseraError as `EncodedRows` does, as `options.errors` say, and if the table has not as many rows as `parts`.
 */
export async function encodeTable(
  table: Table,
  schema: Schema,
  parts?: Uint8Array,
  options: EncodeOptions = {},
): Promise<EncodedTable> {
  const { errors = new CellErrors() } = options;
  const encoded = new EncodedRows(table, schema, { ...options, errors });
  const rowsOf = PARTS.map(() => new Growable(Uint32Array));
  const targetAt = schema.target === undefined ? -1 : table.columns.indexOf(schema.target.column);
  let number = 0;
  let withoutTarget = 0;
  for await (const rows of table.rows(errors))
    for (const row of rows) {
      const part = parts === undefined ? PARTS.indexOf('test') : parts[number];
      number++;
      if (targetAt >= 0 && isMissing(row.cells[targetAt])) withoutTarget++;
      else if (!(part < PARTS.length)) continue;
      else if (encoded.add(row)) rowsOf[part].push(encoded.size - 1);
      else if (errors.onError === 'missing') withoutTarget++;
    }
  if (parts !== undefined && number !== parts.length)
    throw new TesseraError(
      `${table.name}: it has changed while it was read: ${parts.length} rows before, ${number} now; start again`,
    );
  const leftOut = await encoded.leaveOutBadFiles(options.onChecked);
  errors.finish();
  const [train, validation, test] = rowsOf.map((numbers) => numbers.values.filter((row) => !leftOut.has(row)));
  return { encoded, train, validation, test, withoutTarget };
}

/** The number of rows whose files are checked at a time. */
const CHECKED_AT_ONCE = 64;

/** Rows of a table, encoded: what loaders make batches of. */
export class EncodedRows {
  readonly #readers: readonly Reader[];
  readonly #fields: readonly { readonly name: string; readonly column: FieldColumn<unknown> }[];
  readonly #target: TargetColumn | undefined;
  readonly #errors: CellErrors;
  readonly #files: string[] = [];
  readonly #fileOf = new Growable(Uint32Array);
  readonly #numbers = new Growable(Float64Array);
  #hash = 0;

  /**
   * No rows yet. Where the table has no column of the target, as in a table to predict, batches have none.
   * @throws TesseraError if the table lacks the column of a field, the schema lacks a state or has a wrong one, or
   * there are images and no `decodeImage`.
   */
  constructor(table: Source, schema: Schema, options: EncodeOptions = {}) {
    this.#errors = options.errors ?? new CellErrors();
    const fields = schema.fields.map((field) => {
      const [{ column: name, kind }, state] = [field, stateOf(field)];
      return {
        name,
        reader: readerOf(table, name, (cell) => kinds[kind].parse(cell, state.settings)),
        column: kinds[kind].column(state, filesOf(table, schema, name, options)),
      };
    });
    this.#fields = fields;
    const readers = fields.map(({ reader }) => reader);
    const { target } = schema;
    if (target !== undefined && table.columns.includes(target.column)) {
      const column = targetColumn(target);
      this.#target = column;
      readers.push(readerOf(table, target.column, (cell) => column.parse(cell), true));
    }
    this.#readers = readers;
  }

  /** The number of rows. */
  get size(): number {
    return this.#numbers.length;
  }

  /** A 32-bit hash of the cells that were read, in their order; of files, of their paths. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  /** Appends a row, and returns whether it did: false where the row is left out for a cell that cannot be used. */
  add(row: Row): boolean {
    const values = parseRow(this.#readers, row, this.#errors);
    if (values === undefined) return false;
    for (const { at } of this.#readers) this.#hash = mix(this.#hash ^ hashText(textOf(row.cells[at]) ?? '')) + 1;
    const origin = originOf(row);
    this.#fields.forEach(({ column }, at) => {
      column.add(values[at], origin);
    });
    this.#target?.add(values[this.#fields.length]);
    if (this.#files.at(-1) !== row.file) this.#files.push(row.file);
    this.#fileOf.push(this.#files.length - 1);
    this.#numbers.push(row.number);
    return true;
  }

  /**
   * Tries to use the files that rows name, some rows at a time, and yields in their order the rows that have one that
   * cannot be used: its value is absent from then on. `onChecked` gets the number of rows done, and may throw to stop.
   */
  async *badFiles(onChecked?: EncodeOptions['onChecked']): AsyncGenerator<readonly [row: number, error: CellError]> {
    if (this.#fields.every(({ column }) => column.check === undefined)) return;
    for (let begin = 0; begin < this.size; begin += CHECKED_AT_ONCE) {
      const rows = Uint32Array.from({ length: Math.min(CHECKED_AT_ONCE, this.size - begin) }, (_, at) => begin + at);
      const found = await Promise.all(this.#fields.map(({ column }) => column.check?.(rows)));
      for (const [at, row] of rows.entries())
        for (const errors of found) if (errors?.[at] !== undefined) yield [row, errors[at]];
      onChecked?.(begin + rows.length, this.size);
    }
  }

  /** Notes the files that cannot be used, and returns the rows that are left out for them. */
  async leaveOutBadFiles(onChecked?: EncodeOptions['onChecked']): Promise<Set<number>> {
    const leftOut = new Set<number>();
    for await (const [row, error] of this.badFiles(onChecked)) if (this.#errors.add(error) === 'skip') leftOut.add(row);
    return leftOut;
  }

  /** Where a row comes from. */
  originOf(row: number): Origin {
    return { file: this.#files[this.#fileOf.at(row)], number: this.#numbers.at(row) };
  }

  /** A length by which rows are grouped: the sum of what each field pads the row to. */
  lengthOf(row: number): number {
    return this.#fields.reduce((sum, { column }) => sum + (column.lengthOf?.(row) ?? 0), 0);
  }

  /** The targets of some rows, as batches have them; undefined where the table has none. */
  async targetsOf(rows: Uint32Array): Promise<Tensor | undefined> {
    return this.#target?.batch(rows);
  }

  /**
   * The tensors of some rows; with a generator, values are augmented. The fields that `others` names are read from
   * other rows: in place of row r from others.get(name)[r].
   */
  async batch(
    rows: Uint32Array,
    generator?: Generator,
    others?: ReadonlyMap<string, Uint32Array>,
  ): Promise<FieldBatch> {
    const fields = this.#fields.map(async ({ name, column }) => {
      const other = others?.get(name);
      const own = other === undefined ? rows : rows.map((row) => other[row]);
      return [name, await column.batch(own, generator?.fork(name))] as const;
    });
    const target = this.targetsOf(rows);
    return { rows, fields: Object.fromEntries(await Promise.all(fields)), target: await target };
  }
}

/** @throws TesseraError if a field has no state, or a wrong one. */
function stateOf({ column, kind, state }: SchemaField): FieldState {
  if (state === undefined)
    throw new TesseraError(`column '${column}' has no state; learnFields learns it from the training rows`);
  return kinds[kind].parseState(state);
}
