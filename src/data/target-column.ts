import { type Tensor, TesseraError, tensor } from '../tensor/index.js';
import { showCell, textOf } from './cells.js';
import { category } from './fields/category.js';
import type { FileAccess, Origin } from './fields/field.js';
import { number } from './fields/number.js';
import { tags } from './fields/tags.js';
import { Growable } from './growable.js';
import type { SchemaTarget } from './schema.js';
import type { Cell } from './table.js';
import { symbolIds, type TranscriptSettings, transcriptSettings } from './transcripts.js';

/** The targets of many rows. */
export interface TargetColumn {
  /** Parses the target of a cell. @throws TesseraError with the reason alone, if there is none. */
  parse(cell: Cell): unknown;
  /** Appends a row: its parsed target. */
  add(value: unknown): void;
  /**
   * The tensor of some rows: class ids (rows), i32; standardized numbers (rows, 1); tags (rows, tags); or symbols (rows,
   * longest), i32, from 1 on, 0 behind the last one.
   */
  batch(rows: Uint32Array): Promise<Tensor>;
}

/** An empty column of targets. Classes and tags have the ids 0, 1, ... in the order of the schema, symbols 1, 2, ... */
export function targetColumn({ kind, settings, classes = [], state }: SchemaTarget): TargetColumn {
  if (kind === 'number') return numberColumn(number.parseState(state));
  if (kind === 'text') return transcriptColumn(transcriptSettings(settings), classes);
  return kind === 'tags' ? tagsColumn(tags.settings(settings), classes) : classColumn(classes);
}

/** The origin of targets, which name no files. */
const NO_ORIGIN: Origin = { file: '', number: 0 };
const noFile = (): never => {
  throw new TesseraError('a target is no file');
};
const NO_FILES: FileAccess = { readFile: noFile, decodeImage: noFile, decodeSound: noFile, column: '', cacheBytes: 0 };

const absent = (): TesseraError => new TesseraError('the target is absent');

function numberColumn(state: ReturnType<typeof number.parseState>): TargetColumn {
  const column = number.column(state, NO_FILES);
  return {
    parse(cell) {
      const value = number.parse(cell, state.settings);
      if (value === undefined) throw absent();
      return value;
    },
    add: (value) => column.add(value as number, NO_ORIGIN),
    batch: async (rows) => (await column.batch(rows)).values,
  };
}

/** An empty list of tags is a target: none of them applies. */
function tagsColumn(settings: ReturnType<typeof tags.settings>, names: readonly string[]): TargetColumn {
  const column = tags.column({ settings, tags: names.map(normalForm) }, NO_FILES);
  return {
    parse(cell) {
      const value = tags.parse(cell, settings);
      if (value === undefined) throw absent();
      return value;
    },
    add: (value) => column.add(value as readonly string[], NO_ORIGIN),
    batch: async (rows) => (await column.batch(rows)).values,
  };
}

function classColumn(names: readonly string[]): TargetColumn {
  const settings = category.settings({});
  const idOf = new Map(names.map((name, index) => [normalForm(name), index]));
  const ids = new Growable(Int32Array);
  return {
    parse(cell) {
      const value = category.parse(cell, settings);
      if (value === undefined) throw absent();
      const id = idOf.get(value);
      if (id === undefined)
        throw new TesseraError(`the class ${showCell(value)} is none of the ${names.length} learned`);
      return id;
    },
    add: (id) => ids.push(id as number),
    batch: async (rows) => tensor(Int32Array.from(rows, (row) => ids.at(row))),
  };
}

/** Rows of symbols, as long as the longest of all rows: batches have one shape. */
function transcriptColumn({ symbols }: TranscriptSettings, names: readonly string[]): TargetColumn {
  const idOf = new Map(names.map((name, index) => [name, index + 1]));
  const rows: Int32Array[] = [];
  let longest = 1;
  return {
    parse(cell) {
      const value = textOf(cell);
      if (value === undefined) throw absent();
      return symbolIds(value, symbols, idOf);
    },
    add(ids) {
      rows.push(Int32Array.from(ids as readonly number[]));
      longest = Math.max(longest, rows[rows.length - 1].length);
    },
    batch: async (some) => {
      const ids = new Int32Array(some.length * longest);
      some.forEach((row, at) => {
        ids.set(rows[row], at * longest);
      });
      return tensor(ids, [some.length, longest]);
    },
  };
}

const normalForm = (name: string): string => name.normalize('NFC');
