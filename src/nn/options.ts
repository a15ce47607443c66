import { TesseraError } from '../tensor/index.js';

/*
 * Names and values are checked when they are given: JavaScript has no types, and an option that nobody reads would be
 * ignored in silence.
 */

/** What an option may be: a test, and how an error names what was expected. */
export interface Check {
  readonly expected: string;
  fits(value: unknown): boolean;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Any finite number. */
export const finite: Check = { expected: 'a finite number', fits: (value) => Number.isFinite(value) };
/** A finite number of 0 or above. */
export const nonNegative: Check = {
  expected: 'a finite number of 0 or above',
  fits: (value) => isNumber(value) && value >= 0 && value < Number.POSITIVE_INFINITY,
};
/** A finite number above 0. */
export const positive: Check = {
  expected: 'a finite number above 0',
  fits: (value) => isNumber(value) && value > 0 && value < Number.POSITIVE_INFINITY,
};
/** A number within [0, 1). */
export const fraction: Check = {
  expected: 'a number within [0, 1)',
  fits: (value) => isNumber(value) && value >= 0 && value < 1,
};
/** A number within (0, 1). */
export const openFraction: Check = {
  expected: 'a number within (0, 1)',
  fits: (value) => isNumber(value) && value > 0 && value < 1,
};
/** A number within [0, 1]. */
export const share: Check = {
  expected: 'a number within [0, 1]',
  fits: (value) => isNumber(value) && value >= 0 && value <= 1,
};
/** 1, 2, 3, ... */
export const positiveInteger: Check = {
  expected: 'a positive integer',
  fits: (value) => Number.isSafeInteger(value) && isNumber(value) && value > 0,
};
/** 0, 1, 2, ... */
export const nonNegativeInteger: Check = {
  expected: 'a non-negative integer',
  fits: (value) => Number.isSafeInteger(value) && isNumber(value) && value >= 0,
};
/** Any integer. */
export const integer: Check = { expected: 'an integer', fits: (value) => Number.isSafeInteger(value) };
/** true or false. */
export const boolean: Check = { expected: 'true or false', fits: (value) => typeof value === 'boolean' };
/** What is checked where it is used, such as the name of an activation. */
export const anything: Check = { expected: 'a value', fits: () => true };
/** A positive integer, or one for each of two axes. */
export const size2d: Check = {
  expected: 'a positive integer or [height, width]',
  fits: (value) =>
    positiveInteger.fits(value) || (Array.isArray(value) && value.length === 2 && value.every(positiveInteger.fits)),
};

/** One of some strings. */
export const oneOf = (...values: readonly string[]): Check => ({
  expected: values.map((value) => `'${value}'`).join(' or '),
  fits: (value) => values.includes(value as string),
});

/** A check that undefined passes too: an option with a default. */
export const optional = (check: Check): Check => ({
  expected: check.expected,
  fits: (value) => value === undefined || check.fits(value),
});

/** An array of so many values, each of which a check passes. */
export const listOf = (check: Check, length?: number): Check => ({
  expected: `an array of ${length === undefined ? '' : `${length} times `}${check.expected}`,
  fits: (value) =>
    (Array.isArray(value) || ArrayBuffer.isView(value)) &&
    (length === undefined || (value as ArrayLike<unknown>).length === length) &&
    Array.from(value as ArrayLike<unknown>).every(check.fits),
});

/** A check for each option, those with a default included. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check };

/**
 * The options as given, once it is certain that each is known and is what it may be.
 * @throws TesseraError that names the option, what was expected and what was got; for an unknown one the nearest name.
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options,
  checks: Checks<Options>,
): Options {
  const names = Object.keys(checks);
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TesseraError(`${where}: expected an object of options { ${names.join(', ')} }, got ${shown(options)}`);
  for (const name of Object.keys(options))
    if (!Object.hasOwn(checks, name)) throw unknownName(where, 'option', name, names);
  for (const [name, check] of Object.entries<Check>(checks))
    expectValue(where, name, (options as Readonly<Record<string, unknown>>)[name], check);
  return options;
}

/** @throws TesseraError if a value is not what it may be. */
export function expectValue(where: string, name: string, value: unknown, { expected, fits }: Check): void {
  if (!fits(value)) throw new TesseraError(`${where}: ${name} must be ${expected}, got ${shown(value)}`);
}

/** A value as an error shows it: strings in quotes, so that '3' is not 3. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'Object'})`;
  return typeof value === 'function' ? 'a function' : String(value);
}

/** @throws TesseraError for an option that is not among the known ones. */
export function expectOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new TesseraError(`${where}: options must be an object, got ${options}`);
  for (const name of Object.keys(options)) if (!known.includes(name)) throw unknownName(where, 'option', name, known);
}

/** The entry of a table by its name. @throws TesseraError if there is none. */
export function lookUp<T>(where: string, what: string, table: Readonly<Record<string, T>>, name: string): T {
  if (!Object.hasOwn(table, name)) throw unknownName(where, what, name, Object.keys(table));
  return table[name] as T;
}

function unknownName(where: string, what: string, name: string, known: readonly string[]): TesseraError {
  const near = nearest(name, known);
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`;
  return new TesseraError(`${where}: there is no ${what} '${name}'${hint}; there are ${known.join(', ') || 'none'}`);
}

/** The name that differs by the fewest letters, if they are fewer than half of them. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((one) => editDistance(name.toLowerCase(), one.toLowerCase()));
  const best = distances.indexOf(Math.min(...distances));
  return best >= 0 && distances[best] <= Math.max(1, known[best].length / 2 - 1) ? known[best] : undefined;
}

/** How many letters are to be inserted, deleted or replaced to make one word the other (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1] + Number(a[row - 1] !== b[column - 1]);
      current.push(Math.min(replaced, previous[column] + 1, current[column - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}
