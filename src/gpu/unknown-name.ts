import { TesseraError } from './errors.js';

/** The number of names that an error lists. */
const MOST_LISTED = 40;

/** The error for a name that does not exist: it suggests the nearest one, and lists all that do. */
export function unknownName(where: string, what: string, name: string, known: readonly string[]): TesseraError {
  const more = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : '';
  const listed = known.slice(0, MOST_LISTED).join(', ') || 'none';
  return new TesseraError(
    `${where}: there is no ${what} '${name}'${didYouMean(name, known)}; there are ${listed}${more}`,
  );
}

/** Suggests the nearest of the known names in parentheses, after a space; empty if none is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? '' : ` (did you mean '${near}'?)`;
}

/** The known name with the smallest edit distance, if that is 1 or less than half of its length, and not all of it. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((candidate) => editDistance(name.toLowerCase(), candidate.toLowerCase()));
  const best = distances.indexOf(Math.min(...distances));
  if (best < 0) return undefined;
  const { length } = known[best];
  return distances[best] < length && distances[best] <= Math.max(1, length / 2 - 1) ? known[best] : undefined;
}

/**
 * The edit distance of two words: insertions, deletions, substitutions and swaps of neighbours from one to the other
 * (optimal string alignment, Damerau 1964).
 */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substituted = previous[column - 1] + Number(a[row - 1] !== b[column - 1]);
      current.push(Math.min(substituted, previous[column] + 1, current[column - 1] + 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        current[column] = Math.min(current[column], beforePrevious[column - 2] + 1);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length];
}
