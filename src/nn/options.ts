import { TesseraError } from '../tensor/index.js';

/*
 * Names are checked when they are given: JavaScript has no types, and an option that nobody reads would be ignored in
 * silence.
 */

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
