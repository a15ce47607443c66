import { type TagSeparator, tagsOf } from './cells.js';
import type { ColumnStatistics } from './columns.js';
import type { KindName } from './fields/field.js';
import type { Settings } from './schema.js';

/** The kind that was inferred for a column, and why. */
export interface Inference {
  /** Its kind, or 'ignored' for a column that says nothing. */
  readonly kind: KindName | 'ignored';
  /** How its cells are read. */
  readonly settings: Settings;
  /** The reason, in words. */
  readonly why: string;
}

/** The share of a column's values that must be of a kind; the others are bad cells, which reading will name. */
const MOST = 0.95;
/** The average number of occurrences from which few values are categories, however long their texts are. */
const FEW_VALUES = 100;
const REPEATS = 10;
/** The maximum average number of words of other categories, each of which occurs twice on average. */
const SHORT = 4;
/** The fraction of such values, each of fewer than `REPEATS` rows, that share a word with another if they are texts. */
const SHARING = 1 / 3;
/** The maximum average number of words of a tag. */
const TAG_WORDS = 3;
/** A column named as an id that has more values than this, or more than a 20th of the rows, says who, not what. */
const FEW_IDS = 1_000;

const ID_NAME =
  /(?:^|[^a-z])(?:id|ids|uuid|guid|index|idx|key|rownum|row|nr|no)$|^(?:unnamed.*|)$|[a-z](?:Id|ID|Uuid)$/;
const CODE_NAME =
  /(?:^|[^a-z])(?:zip|zipcode|postal|postcode|plz|phone|fax|code|isbn|ean|sku|barcode|fips|icd|class|type|dept|department|category)(?:$|[^a-z])/;
const isIdName = (name: string): boolean => ID_NAME.test(name) || ID_NAME.test(name.toLowerCase());
const isCodeName = (name: string): boolean => CODE_NAME.test(name.toLowerCase());

/** Formats a share as a percentage that is 100% only if nothing is left out. */
export function share(part: number, whole: number): string {
  const percent = (100 * part) / whole;
  if (part === whole) return 'all';
  return `${Math.min(99.9, percent).toFixed(1)}%`;
}

/** Formats a count with thousands separated, and the number of distinct values as an estimate where it is one. */
export const count = (value: number): string => value.toLocaleString('en-US');
/** The number of distinct values, with "about" where it is an estimate. */
export const distinctOf = ({ distinct, isExact }: ColumnStatistics): string =>
  `${isExact ? '' : 'about '}${count(distinct)} distinct`;

/** Whether all values are distinct, within the accuracy of an estimate. */
export const isUnique = ({ distinct, isExact, rows, missing }: ColumnStatistics): boolean =>
  isExact ? distinct === rows - missing : distinct >= 0.97 * (rows - missing);

/** The share of the values that occur which `fits`. */
function shareOfValues({ values }: ColumnStatistics, fits: (value: string) => boolean): number {
  let fitting = 0;
  for (const value of values.keys()) fitting += Number(fits(value));
  return values.size === 0 ? 0 : fitting / values.size;
}

/**
 * The separator of a column of tags, if it is one: it splits 15% of the different texts or more, into short items that
 * come in different numbers and recur, in at most half as many kinds as there are items.
 */
function separatorOf({ values, lists }: ColumnStatistics): TagSeparator | undefined {
  if (lists > 0) return undefined;
  for (const separator of [';', '|', ','] as const) {
    const kinds = new Set<string>();
    const lengths = new Set<number>();
    let [items, words, split] = [0, 0, 0];
    for (const text of values.keys()) {
      const tags = tagsOf(text, separator) ?? [];
      for (const tag of tags) {
        kinds.add(tag);
        words += tag.split(/\s+/).length;
      }
      items += tags.length;
      lengths.add(tags.length);
      split += Number(tags.length > 1);
    }
    const isOften = split >= 3 && split >= 0.15 * values.size;
    if (isOften && lengths.size > 1 && kinds.size <= items / 2 && words <= TAG_WORDS * items) return separator;
  }
  return undefined;
}

/**
 * How the cells of a column are read if it is of a kind: what its cells together say of marks, order and separators.
 */
export function settingsOf(kind: KindName, column: ColumnStatistics): Settings {
  if (kind === 'number' && column.commaNumbers > column.numbers) return { decimal: ',' };
  if (kind === 'date' && column.dayFirstDates > column.dates) return { dayFirst: true };
  if (kind === 'tags') {
    const separator = separatorOf(column);
    return separator === undefined ? {} : { separator };
  }
  return {};
}

/**
 * Infers the kind of a column from its statistics. The first rule that holds decides; shares are of the cells with a
 * value.
 *
 * | column | kind |
 * | --- | --- |
 * | no cell has a value; or all have the same one | ignored |
 * | 95% are bytes, or paths that end as an image does | image |
 * | 95% are paths that end as a sound does | sound |
 * | 95% are lists | tags |
 * | 95% are true/false, yes/no, t/f, y/n, on/off or 1/0 | boolean |
 * | 95% are dates; 3/5/2024 is in March, unless more cells are dates with the day first | date |
 * | integers, all different, named as an id or counting on by one | ignored |
 * | integers named as an id, with over 1,000 values or more values than a 20th of the rows | ignored |
 * | integers with zeros in front (01234), or named as an id or a code (ZIP, phone, class), that recur; two numbers | category |
 * | 95% are numbers with a decimal point; or more of them, with a decimal comma | number |
 * | texts of a separator (`;`, `|`, `,`) and short items that recur, in varying number | tags |
 * | single words with digits, all different | ignored |
 * | at most 100 values, each ten times or more on average | category |
 * | at most 4 words and less than twice on average | text |
 * | at most 4 words on average; over 100 values, each less than ten times on average, a third with a word of another | text |
 * | at most 4 words on average | category |
 * | anything else | text |
 *
 * So names that stand for themselves, such as brands and places, are categories, learned one by one. Names that
 * describe, such as "grinning face" and "grinning cat", are texts: their words are learned, and understood in names
 * that training has not seen.
 */
export function inferKind(column: ColumnStatistics): Inference {
  const present = column.rows - column.missing;
  const most = MOST * present;
  const distinct = distinctOf(column);
  const found = (kind: Inference['kind'], why: string): Inference => ({
    kind,
    settings: kind === 'ignored' ? {} : settingsOf(kind, column),
    why,
  });
  const { numbers, commaNumbers, booleans, dates, dayFirstDates, imagePaths, soundPaths, bytes, lists } = column;

  if (present === 0) return found('ignored', 'no cell has a value');
  if (column.distinct === 1 && column.missing === 0 && bytes === 0)
    return found('ignored', `the same value in every row: ${quoted(column)}`);
  if (bytes >= most) return found('image', `${share(bytes, present)} of the cells are bytes`);
  if (imagePaths >= most) return found('image', `${share(imagePaths, present)} of the cells are paths of images`);
  if (soundPaths >= most) return found('sound', `${share(soundPaths, present)} of the cells are paths of sounds`);
  if (lists >= most) return found('tags', `${share(lists, present)} of the cells are lists`);
  if (booleans >= most && column.distinct <= 4)
    return found('boolean', `${share(booleans, present)} of the cells are ${[...column.values.keys()].join(' or ')}`);
  if (Math.max(dates, dayFirstDates) >= most) {
    const order = dates === dayFirstDates ? '' : dates > dayFirstDates ? ', the month first' : ', the day first';
    return found('date', `${share(Math.max(dates, dayFirstDates), present)} of the cells are dates${order}`);
  }
  if (Math.max(numbers, commaNumbers) >= most) {
    const { kind, why } = inferNumber(column, present);
    return found(kind, why);
  }
  const words = column.words.mean;
  const separator = separatorOf(column);
  if (separator !== undefined) return found('tags', `short items separated by '${separator}' that recur`);
  if (isUnique(column) && column.words.maximum <= 1 && shareOfValues(column, (value) => /\d/.test(value)) >= 0.8)
    return found('ignored', 'an identifier: a word with digits of its own in every row');
  const often = present >= REPEATS * column.distinct;
  const isFew = column.distinct <= FEW_VALUES;
  if (isFew && often) return found('category', `${distinct}, each recurs`);
  const length = `${distinct}, ${words.toFixed(1)} words on average`;
  if (words > SHORT) return found('text', length);
  if (column.distinct > present / 2) return found('text', `${length}, short texts that rarely recur`);
  const sharing = isFew || often ? 0 : sharingOf(column);
  if (sharing >= SHARING)
    return found('text', `${length}, short texts made of the same words: ${share(sharing, 1)} have a word of another`);
  return found('category', `${length}, each recurs`);
}

/** The share of the different values that have a word of another one. */
function sharingOf({ values }: ColumnStatistics): number {
  const words = Array.from(values.keys(), (text) => [...new Set(text.toLowerCase().split(/\s+/))]);
  const times = new Map<string, number>();
  for (const word of words.flat()) times.set(word, (times.get(word) ?? 0) + 1);
  return words.filter((some) => some.some((word) => (times.get(word) ?? 0) > 1)).length / words.length;
}

/** The kind of a column whose cells are numbers: a number, a code, or an identifier. */
function inferNumber(column: ColumnStatistics, present: number): Pick<Inference, 'kind' | 'why'> {
  const { column: name, numbers, commaNumbers, integers, leadingZeros, values, range: [low, high] = [0, 0] } = column;
  const distinct = distinctOf(column);
  const recurs = column.distinct <= present / 2;
  if (integers >= MOST * present) {
    const isId = isIdName(name);
    const counts = present >= REPEATS && high - low + 1 === column.distinct;
    if (isUnique(column) && (isId || counts))
      return {
        kind: 'ignored',
        why: `an identifier: a different integer in every row${counts ? ', counting on by one' : ''}`,
      };
    if (isId && (column.distinct > FEW_IDS || column.distinct > present / 20))
      return { kind: 'ignored', why: `an identifier by its name, ${distinct}; to split by it: --group ${name}` };
    if (leadingZeros > 0 && !recurs) return { kind: 'ignored', why: `codes with zeros in front, ${distinct}` };
    if (leadingZeros > 0) return { kind: 'category', why: `codes with zeros in front, ${distinct}` };
    if (recurs && (isId || isCodeName(name)))
      return { kind: 'category', why: `numbers that are codes by their name, ${distinct}` };
  }
  if (column.distinct === 2 && recurs)
    return { kind: 'category', why: `two numbers: ${[...values.keys()].join(' and ')}` };
  const commas = commaNumbers > numbers ? ' with a decimal comma' : '';
  return {
    kind: 'number',
    why: `${share(Math.max(numbers, commaNumbers), present)} of the cells are numbers${commas}, ${distinct}`,
  };
}

/** The first value of a column, shortened. */
function quoted({ values }: ColumnStatistics): string {
  const [value = ''] = values.keys();
  return `'${value.length > 40 ? `${value.slice(0, 39)}…` : value}'`;
}
