import { shown, TesseraError } from '../gpu/errors.js';
import { unknownName } from '../gpu/unknown-name.js';

export { shown } from '../gpu/errors.js';
export { didYouMean, unknownName } from '../gpu/unknown-name.js';

/*
 * Options are checked by name and value at the call: JavaScript has no types, and a misspelt option would be ignored
 * silently.
 */

/** A condition on the value of an option. */
export interface Check {
  /** The values that fit, as an error describes them. */
  readonly expected: string;
  /** Whether a value fits. */
  fits(value: unknown): boolean;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Accepts any number, also NaN and infinity. */
export const number: Check = { expected: 'a number', fits: isNumber };
/** Accepts any finite number. */
export const finite: Check = { expected: 'a finite number', fits: (value) => Number.isFinite(value) };
/** Accepts finite numbers of 0 or above. */
export const nonNegative: Check = {
  expected: 'a finite number of 0 or above',
  fits: (value) => isNumber(value) && value >= 0 && value < Number.POSITIVE_INFINITY,
};
/** Accepts finite numbers above 0. */
export const positive: Check = {
  expected: 'a finite number above 0',
  fits: (value) => isNumber(value) && value > 0 && value < Number.POSITIVE_INFINITY,
};
/** Accepts numbers within [0, 1). */
export const fraction: Check = {
  expected: 'a number within [0, 1)',
  fits: (value) => isNumber(value) && value >= 0 && value < 1,
};
/** Accepts numbers within (0, 1). */
export const openFraction: Check = {
  expected: 'a number within (0, 1)',
  fits: (value) => isNumber(value) && value > 0 && value < 1,
};
/** Accepts numbers within [0, 1]. */
export const closedFraction: Check = {
  expected: 'a number within [0, 1]',
  fits: (value) => isNumber(value) && value >= 0 && value <= 1,
};
/** Accepts the integers 1, 2, 3, ... */
export const positiveInteger: Check = {
  expected: 'a positive integer',
  fits: (value) => Number.isSafeInteger(value) && isNumber(value) && value > 0,
};
/** Accepts the integers 0, 1, 2, ... */
export const nonNegativeInteger: Check = {
  expected: 'a non-negative integer',
  fits: (value) => Number.isSafeInteger(value) && isNumber(value) && value >= 0,
};
/** Accepts any integer. */
export const integer: Check = { expected: 'an integer', fits: (value) => Number.isSafeInteger(value) };
/** Accepts true and false. */
export const boolean: Check = { expected: 'true or false', fits: (value) => typeof value === 'boolean' };
/** Accepts strings. */
export const text: Check = { expected: 'a string', fits: (value) => typeof value === 'string' };
/** Accepts bytes. */
export const byteArray: Check = { expected: 'a Uint8Array', fits: (value) => value instanceof Uint8Array };
/** Accepts functions. */
export const callable: Check = { expected: 'a function', fits: (value) => typeof value === 'function' };
/** Accepts anything: the value is checked where it is used, such as the name of an activation. */
export const anything: Check = { expected: 'a value', fits: () => true };
/** Accepts a positive integer, or a pair of them for height and width. */
export const size2d: Check = {
  expected: 'a positive integer or [height, width]',
  fits: (value) =>
    positiveInteger.fits(value) || (Array.isArray(value) && value.length === 2 && value.every(positiveInteger.fits)),
};

/** Accepts one of the given strings. */
export const oneOf = (...values: readonly string[]): Check => ({
  expected: values.map((value) => `'${value}'`).join(' or '),
  fits: (value) => values.includes(value as string),
});

/** Accepts undefined too: the check of an option with a default. */
export const optional = (check: Check): Check => ({
  expected: check.expected,
  fits: (value) => value === undefined || check.fits(value),
});

/** Accepts an array whose elements all pass a check, of the given length if any. */
export const listOf = (check: Check, length?: number): Check => ({
  expected: `an array of ${length === undefined ? '' : `${length} `}elements, each ${check.expected}`,
  fits: (value) =>
    (Array.isArray(value) || ArrayBuffer.isView(value)) &&
    (length === undefined || (value as ArrayLike<unknown>).length === length) &&
    Array.from(value as ArrayLike<unknown>).every(check.fits),
});

/** A check for each option, including those with a default. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check };

/**
 * Returns the options unchanged if all of them are known and fit their checks.
 * @throws TesseraError that names the option, what was expected and what was given; for an unknown option, the closest
 * name that exists.
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

/** @throws TesseraError if a value does not fit a check. */
export function expectValue(where: string, name: string, value: unknown, { expected, fits }: Check): void {
  if (!fits(value)) throw new TesseraError(`${where}: ${name} must be ${expected}, got ${shown(value)}`);
}

/** @throws TesseraError if an option is not among the known ones. */
export function expectOptions(where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new TesseraError(`${where}: options must be an object, got ${options}`);
  for (const name of Object.keys(options)) if (!known.includes(name)) throw unknownName(where, 'option', name, known);
}

/** Looks up an entry of a table by name. @throws TesseraError if there is none. */
export function lookUp<T>(where: string, what: string, table: Readonly<Record<string, T>>, name: string): T {
  if (typeof name !== 'string') throw new TesseraError(`${where}: the ${what} must be a name, got ${shown(name)}`);
  if (!Object.hasOwn(table, name)) throw unknownName(where, what, name, Object.keys(table));
  return table[name];
}
