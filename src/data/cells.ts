import type { Cell } from './table.js';

/*
 * What a cell says: as a text, a number, a boolean, a date or a set of tags. The columns' statistics and every kind of
 * field read cells by these functions, so that a kind that was inferred can be parsed.
 */

/** What tables write where a value is missing: the list of pandas, and the question mark of the UCI repository. */
export const MISSING_TEXTS: ReadonlySet<string> = new Set(
  [
    '',
    '#N/A',
    '#N/A N/A',
    '#NA',
    '-1.#IND',
    '-1.#QNAN',
    '-NaN',
    '-nan',
    '1.#IND',
    '1.#QNAN',
    '<NA>',
    'N/A',
    'NA',
  ].concat(['NULL', 'NaN', 'None', 'n/a', 'nan', 'null', '?']),
);

const LONGEST_MISSING = Math.max(...[...MISSING_TEXTS].map(({ length }) => length));
const isMissingText = (trimmed: string): boolean => trimmed.length <= LONGEST_MISSING && MISSING_TEXTS.has(trimmed);

/** Tests whether a cell has no value: nothing, NaN, an invalid date, white space alone, or one of `MISSING_TEXTS`. */
export function isMissing(cell: Cell): boolean {
  if (cell === undefined || cell === null) return true;
  if (typeof cell === 'string') return isMissingText(cell.trim());
  if (typeof cell === 'number') return Number.isNaN(cell);
  return cell instanceof Date && Number.isNaN(cell.getTime());
}

/**
 * The text of a cell without white space around it; dates in ISO 8601, lists as JSON; undefined where it is missing.
 */
export function textOf(cell: Cell): string | undefined {
  if (typeof cell === 'string') {
    const text = cell.trim();
    return isMissingText(text) ? undefined : text;
  }
  if (isMissing(cell)) return undefined;
  if (cell instanceof Date) return cell.toISOString();
  if (cell instanceof Uint8Array) return `${cell.length} bytes`;
  return typeof cell === 'object'
    ? JSON.stringify(cell, (_, item) => (typeof item === 'bigint' ? `${item}` : item))
    : String(cell);
}

const NUMBER: Readonly<Record<Decimal, RegExp>> = {
  '.': /^[-+]?(?:\d+|\d{1,3}(?:,\d{3})+|(?=\.\d))(?:\.\d*)?(?:e[-+]?\d+)?$/i,
  ',': /^[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+|(?=,\d))(?:,\d*)?(?:e[-+]?\d+)?$/i,
};
const CURRENCY = /^([-+]?)\s*[$€£¥]\s*|\s*[$€£¥%]$/g;
/** The longest text that is tried: the largest number written out has 309 digits. */
const LONGEST_NUMBER = 400;

/** How a column writes its decimals: 1,234.5 or 1.234,5. */
export type Decimal = '.' | ',';

/**
 * The number that a cell says, or undefined if it says none: digits, thousands in groups of three, an exponent, a sign
 * of currency or percent, which is dropped (12% is 12). The meaning of a comma is not known from one cell, so it
 * belongs to the column: 1,234 is 1234 with a decimal point, and 1.234 with a decimal comma. Infinity is no number.
 * Booleans are 0 and 1.
 */
export function numberOf(cell: Cell, decimal: Decimal = '.'): number | undefined {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : undefined;
  if (typeof cell === 'bigint' || typeof cell === 'boolean') return Number(cell);
  if (typeof cell !== 'string') return undefined;
  let text = cell.trim();
  if (text.length > LONGEST_NUMBER) return undefined;
  if (!NUMBER[decimal].test(text)) {
    text = text.replace(CURRENCY, '$1');
    if (!NUMBER[decimal].test(text)) return undefined;
  }
  const value = Number(decimal === ',' ? text.replaceAll('.', '').replace(',', '.') : text.replaceAll(',', ''));
  return Number.isFinite(value) ? value : undefined;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1', '1.0'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', '0.0'].map((word) => [word, false] as const),
]);

/**
 * The truth value that a cell says, or undefined: true and false, t and f, yes and no, y and n, on and off, 1 and 0, in
 * any case.
 */
export function booleanOf(cell: Cell): boolean | undefined {
  if (typeof cell === 'boolean') return cell;
  if (typeof cell === 'number' || typeof cell === 'bigint') return BOOLEANS.get(String(cell));
  return typeof cell === 'string' && cell.length < 20 ? BOOLEANS.get(cell.trim().toLowerCase()) : undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const TIME = String.raw`(?:(?:T|,? +)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?(?: ?(Z|UTC|GMT|[-+]\d{2}:?\d{2}))?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?${TIME}$`);
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})${TIME}$`);
const DAY_MONTH = new RegExp(
  String.raw`^(?:[A-Za-z]{3,9},? +)?(\d{1,2})(?:st|nd|rd|th)?[-. ] *([A-Za-z]{3,9})\.?[-, ] *(\d{4})${TIME}$`,
);
const MONTH_DAY = new RegExp(
  String.raw`^(?:[A-Za-z]{3,9},? +)?([A-Za-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})${TIME}$`,
);

/** Milliseconds since 1970, in UTC, or undefined if there is no such day or time. */
function instant(year: number, month: number, day: number, time: readonly (string | undefined)[]): number | undefined {
  const [hours = '0', minutes = '0', seconds = '0', fraction = '0', half, zone = 'Z'] = time;
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  let hour = Number(hours);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  }
  if (hour > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const offset = /^([-+])(\d{2}):?(\d{2})$/.exec(zone);
  const minutesEast = offset === null ? 0 : Number(`${offset[1]}1`) * (Number(offset[2]) * 60 + Number(offset[3]));
  const ofDay = (hour * 60 + Number(minutes) - minutesEast) * 60 + Number(seconds);
  return date.getTime() + ofDay * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
}

/** The number of a month from 1 on, by its English name or the first three letters or more of it. */
const monthOf = (name: string): number => MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;

/**
 * The date that a cell says, in milliseconds since 1970, or undefined if it says none:
 *
 * - ISO 8601: 2024-03-05, 2024-03-05T14:30:00.5Z, 2024-03-05 14:30+01:00, 2024-03; also 2024/03/05 and 2024.03.05;
 * - 5.3.2024 (day first); 3/5/2024 and 3-5-2024 (month first, or day first where the column says so);
 * - 5 March 2024, 5-Mar-2024, March 5, 2024; all of them with a time of day, also 2:30 pm.
 *
 * A date without a zone is in UTC, so that it does not depend on the machine.
 */
export function dateOf(cell: Cell, dayFirst = false): number | undefined {
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? undefined : cell.getTime();
  if (typeof cell !== 'string' || cell.length < 6 || cell.length > 50) return undefined;
  const text = cell.trim();
  let match = YEAR_FIRST.exec(text);
  if (match !== null) return instant(Number(match[1]), Number(match[3]), Number(match[4] ?? 1), match.slice(5));
  match = YEAR_LAST.exec(text);
  if (match !== null) {
    const [, first, separator, second, year, ...time] = match;
    const [day, month] = dayFirst || separator === '.' ? [first, second] : [second, first];
    return instant(Number(year), Number(month), Number(day), time);
  }
  match = DAY_MONTH.exec(text);
  if (match !== null) return instant(Number(match[3]), monthOf(match[2]), Number(match[1]), match.slice(4));
  match = MONTH_DAY.exec(text);
  if (match !== null) return instant(Number(match[3]), monthOf(match[1]), Number(match[2]), match.slice(4));
  return undefined;
}

/** What separates the tags of a cell. */
export type TagSeparator = ',' | ';' | '|';

/**
 * The tags that a cell names, each once, in order: the items of a list, or of a text with separators, without empty
 * ones.
 */
export function tagsOf(cell: Cell, separator: TagSeparator = ','): string[] | undefined {
  if (isMissing(cell)) return undefined;
  const items = Array.isArray(cell)
    ? cell.map((item) => textOf(item as Cell) ?? '')
    : (textOf(cell) ?? '').split(separator);
  return [...new Set(items.map((item) => item.trim()).filter((item) => item !== ''))];
}

const IMAGE = /\.(?:png|jpe?g|webp|gif|svg|avif|tiff?|bmp)$/i;

/** Tests whether a text is the path of an image, by its extension. */
export const isImagePath = (text: string): boolean => text.length < 4096 && IMAGE.test(text);

const SOUND = /\.(?:wav|og[ga]|opus|mp3|flac)$/i;

/** Tests whether a text is the path of a sound, by its extension. */
export const isSoundPath = (text: string): boolean => text.length < 4096 && SOUND.test(text);

/** A cell as a message shows it, cut where it is long. */
export function showCell(cell: Cell): string {
  if (cell instanceof Date) return `the date ${Number.isNaN(cell.getTime()) ? 'Invalid Date' : cell.toISOString()}`;
  if (cell instanceof Uint8Array) return `${cell.length} bytes`;
  if (Array.isArray(cell)) return `a list of ${cell.length}`;
  if (typeof cell !== 'string') return String(cell);
  return cell.length > 40 ? `'${cell.slice(0, 40)}...'` : `'${cell}'`;
}
