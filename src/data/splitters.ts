import { Generator } from '../tensor/generator.js';
import { unknownName } from '../tensor/options.js';
import { dateOf, numberOf, textOf } from './cells.js';
import { Codes } from './codes.js';
import { Growable } from './growable.js';
import { expectColumn, type Fractions, PARTS, type PartName, type Split } from './schema.js';
import { rowsByCode, stratify, stratifyGroups } from './stratify.js';
import { CellError, type Row, type Table } from './table.js';

/** The part of a row that is not used; other parts are indices into `PARTS`. */
export const UNUSED = 3;
const TRAIN = 0;
const VALIDATION = 1;
const TEST = 2;

/** A way to split: it gets every row once, then assigns the parts. */
export interface Splitter {
  /** The parts that must not be empty, and what to do if one is. */
  readonly wanted: readonly PartName[];
  readonly remedy: string;
  /** Adds a row. @throws CellError if it does not say what the split needs: it is not added then. */
  add(row: Row): void;
  /** Adds a row that is not used. */
  skip(): void;
  /** Writes the parts of the rows that are used; `classes` has the class of each. */
  assign(parts: Uint8Array, rows: Uint32Array, classes: Int32Array): void;
}

/** The way to split that a schema describes. @throws TesseraError if the table lacks its column. */
export function splitterOf(split: Split, table: Table): Splitter {
  switch (split.by) {
    case 'fraction':
      return new ByFraction(split.fractions, split.seed);
    case 'group':
      return new ByGroup(indexOf(table, split.column), split);
    case 'time':
      return new ByTime(indexOf(table, split.column), split);
    case 'column': {
      const at = indexOf(table, split.column);
      return new ByName((row) => partOfCell(row, at, split.column), `rows with it in '${split.column}'`, split.seed);
    }
    case 'files':
      return new ByName(({ file }) => partOfFile(file, split.files), 'a file for it', split.seed);
  }
}

class ByFraction implements Splitter {
  readonly remedy = 'more rows, or other fractions';
  readonly wanted: readonly PartName[];
  readonly #generator: Generator;
  constructor(
    private readonly fractions: Fractions,
    seed: number,
  ) {
    this.wanted = wantedOf(fractions);
    this.#generator = new Generator(seed).fork('split');
  }
  add(): void {}
  skip(): void {}
  assign(parts: Uint8Array, rows: Uint32Array, classes: Int32Array): void {
    stratify(parts, rows, classes, this.fractions, this.#generator);
  }
}

class ByGroup implements Splitter {
  readonly remedy: string;
  readonly wanted: readonly PartName[];
  readonly #groups = new Codes();
  constructor(
    private readonly at: number,
    private readonly split: Extract<Split, { by: 'group' }>,
  ) {
    this.wanted = wantedOf(split.fractions);
    this.remedy = `more different values in '${split.column}', or other fractions`;
  }
  add({ cells }: Row): void {
    this.#groups.add(textOf(cells[this.at]));
  }
  skip(): void {
    this.#groups.add(undefined);
  }
  assign(parts: Uint8Array, rows: Uint32Array, classes: Int32Array): void {
    const groups = rowsByCode(rows, this.#groups.codes).flatMap((list) =>
      this.#groups.codes[list[0]] < 0 ? Array.from(list, (row) => Uint32Array.of(row)) : [list],
    );
    const { fractions, seed } = this.split;
    stratifyGroups(parts, groups, classes, fractions, new Generator(seed).fork('split'));
  }
}

class ByTime implements Splitter {
  readonly remedy: string;
  readonly wanted: readonly PartName[];
  readonly #times = new Growable(Float64Array);
  /** Whether times are dates, or else numbers, as the first one says. */
  #areDates: boolean | undefined;
  constructor(
    private readonly at: number,
    private readonly split: Extract<Split, { by: 'time' }>,
  ) {
    this.wanted = wantedOf(split.fractions);
    this.remedy = `more different times in '${split.column}', or other fractions`;
  }
  add(row: Row): void {
    this.#times.push(this.#timeOf(row));
  }
  skip(): void {
    this.#times.push(0);
  }
  #timeOf({ cells, file, number }: Row): number {
    const { column, dayFirst = false } = this.split;
    const cell = cells[this.at];
    const [asDate, asNumber] = [dateOf(cell, dayFirst), numberOf(cell)];
    if ((asDate ?? asNumber) !== undefined) this.#areDates ??= asDate !== undefined;
    const time = this.#areDates ? asDate : asNumber;
    if (time !== undefined) return time;
    const got = textOf(cell);
    throw new CellError(
      { file, row: number, column },
      `expected a ${this.#areDates ? 'date' : 'number or a date'} to split by, got ${got === undefined ? 'nothing' : `'${got}'`}`,
    );
  }
  assign(parts: Uint8Array, rows: Uint32Array): void {
    const times = this.#times.values;
    const sorted = rows.slice().sort((a, b) => times[a] - times[b]);
    const { train, validation } = this.split.fractions;
    const trainEnd = endOfTime(sorted, times, train);
    const validationEnd = Math.max(trainEnd, endOfTime(sorted, times, train + validation));
    for (const [index, row] of sorted.entries())
      parts[row] = index < trainEnd ? TRAIN : index < validationEnd ? VALIDATION : TEST;
  }
}

/** The index in sorted rows that is nearest to a fraction of them and between two different times. */
function endOfTime(sorted: Uint32Array, times: Float64Array, fraction: number): number {
  const isEnd = (index: number): boolean =>
    index <= 0 || index >= sorted.length || times[sorted[index - 1]] !== times[sorted[index]];
  const index = Math.round(fraction * sorted.length);
  let distance = 0;
  while (!isEnd(index - distance) && !isEnd(index + distance)) distance++;
  return isEnd(index - distance) ? index - distance : index + distance;
}

/** The parts that a column or the files name. */
class ByName implements Splitter {
  readonly wanted = PARTS;
  readonly #parts = new Growable(Uint8Array);
  constructor(
    private readonly partOf: (row: Row) => number,
    readonly remedy: string,
    private readonly seed: number,
  ) {}
  add(row: Row): void {
    this.#parts.push(this.partOf(row));
  }
  skip(): void {
    this.#parts.push(UNUSED);
  }
  assign(parts: Uint8Array, rows: Uint32Array, classes: Int32Array): void {
    for (const row of rows) parts[row] = this.#parts.at(row);
    if (parts.includes(VALIDATION)) return;
    const training = rows.filter((row) => parts[row] === TRAIN);
    const fractions = { train: 0.9, validation: 0.1, test: 0 };
    new ByFraction(fractions, this.seed).assign(parts, training, classes);
  }
}

function partOfCell({ cells, file, number }: Row, at: number, column: string): number {
  const text = textOf(cells[at]);
  const part = (PARTS as readonly (string | undefined)[]).indexOf(text?.toLowerCase());
  if (part >= 0) return part;
  throw new CellError(
    { file, row: number, column },
    `expected 'train', 'validation' or 'test', got ${text === undefined ? 'nothing' : `'${text}'`}`,
  );
}

function partOfFile(file: string, files: Readonly<Record<string, PartName>>): number {
  if (Object.hasOwn(files, file)) return PARTS.indexOf(files[file]);
  throw unknownName('the split by files', 'part for the file', file, Object.keys(files));
}

const wantedOf = (fractions: Fractions): PartName[] => PARTS.filter((part) => fractions[part] > 0);

/** The index of a column in a table. @throws TesseraError if there is none. */
export function indexOf({ name, columns }: Table, column: string): number {
  expectColumn(name, column, columns);
  return columns.indexOf(column);
}
