import type { CellErrors } from './cell-errors.js';
import { booleanOf, dateOf, isImagePath, isSoundPath, numberOf, textOf } from './cells.js';
import { DistinctEstimate } from './distinct.js';
import { hashText } from './hash.js';
import { Reservoir } from './reservoir.js';
import type { Cell, Table } from './table.js';

/** How many cells of a column can be read as what. A cell may count several times: 1 is a number and a boolean. */
export interface CellCounts {
  /** Numbers with a decimal point. */
  readonly numbers: number;
  /** Numbers with a decimal comma, such as 3,14. */
  readonly commaNumbers: number;
  /** Numbers without a fraction. */
  readonly integers: number;
  /** Integers written with zeros in front, such as a ZIP code. */
  readonly leadingZeros: number;
  /** Booleans, 0 and 1 among them. */
  readonly booleans: number;
  /** Dates, where 3/5/2024 is in March. */
  readonly dates: number;
  /** Dates, where 3/5/2024 is in May. */
  readonly dayFirstDates: number;
  /** Texts that end like the path of an image. */
  readonly imagePaths: number;
  /** Texts that end like the path of a sound. */
  readonly soundPaths: number;
  /** Bytes, such as those of an image within the table. */
  readonly bytes: number;
  /** Lists. */
  readonly lists: number;
}

/** Statistics of a column after one pass over the table, in bounded memory. */
export interface ColumnStatistics extends CellCounts {
  /** The column's name. */
  readonly column: string;
  /** The number of rows of the table. */
  readonly rows: number;
  /** The number of cells without a value. */
  readonly missing: number;
  /** The number of different texts of cells: exact if `isExact`, else an estimate with a standard error of 0.8%. */
  readonly distinct: number;
  /** Whether `values` holds every value of the column. */
  readonly isExact: boolean;
  /** The texts of cells and how often each occurs, in order of appearance; later ones are left out at the limit. */
  readonly values: ReadonlyMap<string, number>;
  /** The smallest and the largest number, where there are numbers. */
  readonly range?: readonly [number, number];
  /**
   * The mean and the largest number of words (between white space; an ideograph is a word) of the cells that are texts.
   */
  readonly words: { readonly mean: number; readonly maximum: number };
}

/**
 * How many values of a column are counted one by one: fewer in a table of many columns, but always all that can be
 * classes.
 */
const MOST_VALUES = 10_000;
const FEWEST_VALUES = 1_100;
const MOST_VALUES_OF_TABLE = 500_000;
/** How many characters those values of a column may have. */
const MOST_CHARACTERS = 1_000_000;
const FEWEST_CHARACTERS = 100_000;
const MOST_CHARACTERS_OF_TABLE = 20_000_000;

/** The counts in the order of their bits in `Facts`. */
const COUNTED = [
  'numbers',
  'commaNumbers',
  'integers',
  'leadingZeros',
  'booleans',
  'dates',
  'dayFirstDates',
  'imagePaths',
  'soundPaths',
  'bytes',
  'lists',
] as const satisfies readonly (keyof CellCounts)[];

/** The kinds that one cell can be read as. */
interface Facts {
  /** A bit for each of `COUNTED`: cheaper to keep and to add up than an object. */
  readonly bits: number;
  readonly number: number | undefined;
  /** The number of words, 0 if it is no text. */
  readonly words: number;
}

const isIdeograph = (code: number): boolean => (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff);

/** The number of words of a text: runs between white space, and single ideographs. */
function wordCount(text: string): number {
  let count = 0;
  let within = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isIdeograph(code)) {
      count++;
      within = false;
    } else if (code <= 32 || code === 0xa0 || code === 0x3000) {
      within = false;
    } else if (!within) {
      count++;
      within = true;
    }
  }
  return count;
}

/** Dates have a year of four digits: few other texts do. */
const YEAR = /\d{4}/;
const LONGEST_BOOLEAN = 5;
/** 01234, but not 0%. */
const LEADING_ZERO = /^0\d/;

function factsOf(cell: Cell, text: string): Facts {
  const number = numberOf(cell);
  const isInteger = Number.isInteger(number);
  const isText = number === undefined && typeof cell === 'string';
  const hasMark = typeof cell === 'string' && /[.,]/.test(text);
  const mayBeDate = cell instanceof Date || (isText && YEAR.test(text));
  const holds: Record<keyof CellCounts, boolean> = {
    numbers: number !== undefined,
    commaNumbers: (hasMark ? numberOf(cell, ',') : number) !== undefined,
    integers: isInteger,
    leadingZeros: isInteger && LEADING_ZERO.test(text) && !hasMark,
    booleans: text.length <= LONGEST_BOOLEAN && booleanOf(cell) !== undefined,
    dates: mayBeDate && dateOf(cell) !== undefined,
    dayFirstDates: mayBeDate && dateOf(cell, true) !== undefined,
    imagePaths: isText && isImagePath(text),
    soundPaths: isText && isSoundPath(text),
    bytes: cell instanceof Uint8Array,
    lists: Array.isArray(cell),
  };
  let bits = 0;
  for (let bit = 0; bit < COUNTED.length; bit++) if (holds[COUNTED[bit]]) bits |= 1 << bit;
  return { bits, number, words: isText ? wordCount(text) : 0 };
}

/** Gathers the statistics of a column, cell by cell. */
class ColumnCounter {
  readonly #values = new Map<string, { count: number; readonly facts: Facts }>();
  #characters = 0;
  /** Only once values had to be left out. */
  #estimate: DistinctEstimate | undefined;
  #rows = 0;
  #missing = 0;
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;
  readonly #counts = COUNTED.map(() => 0);
  #texts = 0;
  #words = 0;
  #longest = 0;

  constructor(
    private readonly column: string,
    private readonly mostValues: number,
    private readonly mostCharacters: number,
  ) {}

  add(cell: Cell, text: string | undefined): void {
    this.#rows++;
    if (text === undefined) {
      this.#missing++;
      return;
    }
    const known = this.#values.get(text);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const facts = factsOf(cell, text);
    if (facts.number !== undefined) {
      if (facts.number < this.#minimum) this.#minimum = facts.number;
      if (facts.number > this.#maximum) this.#maximum = facts.number;
    }
    if (facts.words > this.#longest) this.#longest = facts.words;
    if (this.#values.size < this.mostValues && this.#characters + text.length <= this.mostCharacters) {
      this.#characters += text.length;
      this.#values.set(text, { count: 1, facts });
      return;
    }
    if (this.#estimate === undefined) {
      this.#estimate = new DistinctEstimate();
      for (const value of this.#values.keys()) this.#estimate.add(value);
    }
    this.#estimate.add(text);
    this.#count(facts, 1);
  }

  #count({ bits, words }: Facts, times: number): void {
    for (let bit = 0; bits >> bit > 0; bit++) if ((bits >> bit) & 1) this.#counts[bit] += times;
    this.#words += words * times;
    if (words > 0) this.#texts += times;
  }

  finish(): ColumnStatistics {
    for (const { count, facts } of this.#values.values()) this.#count(facts, count);
    const counts = Object.fromEntries(COUNTED.map((name, bit) => [name, this.#counts[bit]]));
    return {
      column: this.column,
      rows: this.#rows,
      missing: this.#missing,
      ...(counts as unknown as CellCounts),
      distinct: Math.min(this.#estimate?.count ?? this.#values.size, this.#rows - this.#missing),
      isExact: this.#estimate === undefined,
      values: new Map(Array.from(this.#values, ([value, { count }]) => [value, count])),
      ...(this.#minimum <= this.#maximum ? { range: [this.#minimum, this.#maximum] } : {}),
      words: { mean: this.#texts === 0 ? 0 : this.#words / this.#texts, maximum: this.#longest },
    };
  }
}

/** The statistics of a table's columns, and some of its rows. */
export interface TableStatistics {
  /** The number of rows. */
  readonly rows: number;
  /** The columns, in the order of the table. */
  readonly columns: readonly ColumnStatistics[];
  /**
   * Rows drawn at random, all of a small table: the texts of their cells in the order of the columns, long ones as a
   * hash.
   */
  readonly sample: readonly (readonly (string | undefined)[])[];
}

const MOST_SAMPLED = 5_000;
/** Longer texts are kept as a hash: they are compared, not read. */
const LONGEST_SAMPLED = 100;

const clamp = (value: number, low: number, high: number): number => Math.floor(Math.min(Math.max(value, low), high));

/**
 * Gathers the statistics of every column in one pass. Memory is bounded, however long the table: at most 10,000 values
 * and 1,000,000 characters of a column are counted one by one (less from 50 columns on), and 5,000 rows are kept as a
 * sample. `errors` notes the rows that cannot be read.
 */
export async function tableStatistics(table: Table, errors?: CellErrors): Promise<TableStatistics> {
  const { length } = table.columns;
  const mostValues = clamp(MOST_VALUES_OF_TABLE / length, FEWEST_VALUES, MOST_VALUES);
  const mostCharacters = clamp(MOST_CHARACTERS_OF_TABLE / length, FEWEST_CHARACTERS, MOST_CHARACTERS);
  const counters = table.columns.map((column) => new ColumnCounter(column, mostValues, mostCharacters));
  const sample = new Reservoir<(string | undefined)[]>(MOST_SAMPLED);
  let rows = 0;
  for await (const chunk of table.rows(errors)) {
    for (const { cells } of chunk) {
      const texts: (string | undefined)[] = new Array(length);
      for (let column = 0; column < length; column++) {
        const text = textOf(cells[column]);
        texts[column] = text;
        counters[column].add(cells[column], text);
      }
      sample.offer(() => texts.map(sampled));
      rows++;
    }
  }
  return { rows, columns: counters.map((counter) => counter.finish()), sample: sample.items };
}

const sampled = (text: string | undefined): string | undefined =>
  text === undefined || text.length <= LONGEST_SAMPLED ? text : `#${hashText(text)}-${hashText(text, 1)}`;
