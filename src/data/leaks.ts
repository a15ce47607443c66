import { numberOf } from './cells.js';
import type { TaskKind } from './schema.js';

/** Fewer rows agree by chance. */
const FEWEST_ROWS = 20;
/** The fraction of the sampled rows that must share their value with another. */
const MOST_REPEATED = 0.5;
/** The number of rows above which a class alone within an interval of a number is no coincidence. */
const FEWEST_OF_CLASS = 5;

type Pair = readonly [value: string, target: string];

/**
 * Tells how a column gives the target away on a sample of rows, or undefined if it does not:
 *
 * - values that recur always come with the same target, and at least half of the rows have such a value;
 * - thresholds on its numbers separate all classes, of five rows or more each;
 * - it is the target in other units: a correlation of 1, to six digits.
 */
export function leakOf(
  values: readonly (string | undefined)[],
  targets: readonly (string | undefined)[],
  task: TaskKind,
): string | undefined {
  const pairs = values.flatMap((value, row): Pair[] => {
    const target = targets[row];
    return value === undefined || target === undefined ? [] : [[value, target]];
  });
  if (pairs.length < FEWEST_ROWS) return undefined;
  const byValue = targetsByValue(pairs);
  if (predicts(byValue, pairs)) {
    const targetsSeen = new Set(pairs.map(([, target]) => target)).size;
    return byValue.size === targetsSeen
      ? 'is one-to-one with the target'
      : 'predicts the target without an error: a value always comes with the same one';
  }
  const numbers = pairs.map(([value]) => numberOf(value));
  if (numbers.some((number) => number === undefined)) return undefined;
  if (task === 'number')
    return isLinear(
      numbers as number[],
      pairs.map(([, target]) => numberOf(target) ?? Number.NaN),
    )
      ? 'is the target in other units'
      : undefined;
  return separates(numbers as number[], pairs) ? 'predicts the target without an error, by thresholds' : undefined;
}

/** The rows of each value: how many, and their target if they agree. */
function targetsByValue(pairs: readonly Pair[]): Map<string, { rows: number; target: string | undefined }> {
  const byValue = new Map<string, { rows: number; target: string | undefined }>();
  for (const [value, target] of pairs) {
    const known = byValue.get(value);
    if (known === undefined) byValue.set(value, { rows: 1, target });
    else {
      known.rows++;
      if (known.target !== target) known.target = undefined;
    }
  }
  return byValue;
}

function predicts(byValue: ReturnType<typeof targetsByValue>, pairs: readonly Pair[]): boolean {
  const predicted = new Set<string>();
  let repeated = 0;
  for (const { rows, target } of byValue.values()) {
    if (target === undefined) return false;
    if (rows < 2) continue;
    repeated += rows;
    predicted.add(target);
  }
  if (repeated < MOST_REPEATED * pairs.length) return false;
  // Where nearly all rows have one target, values agree on it by chance: every target that recurs must be predicted.
  const counts = new Map<string, number>();
  for (const [, target] of pairs) counts.set(target, (counts.get(target) ?? 0) + 1);
  return predicted.size > 1 && [...counts].every(([target, count]) => count < FEWEST_OF_CLASS || predicted.has(target));
}

function separates(numbers: readonly number[], pairs: readonly Pair[]): boolean {
  const sorted = pairs
    .map(([, target], index) => ({ number: numbers[index], target }))
    .sort((a, b) => a.number - b.number);
  const counts = new Map<string, number>();
  let changes = 0;
  for (const [index, { number, target }] of sorted.entries()) {
    counts.set(target, (counts.get(target) ?? 0) + 1);
    if (index === 0 || target === sorted[index - 1].target) continue;
    if (number === sorted[index - 1].number) return false;
    changes++;
  }
  return (
    counts.size > 1 && changes === counts.size - 1 && [...counts.values()].every((count) => count >= FEWEST_OF_CLASS)
  );
}

function isLinear(x: readonly number[], y: readonly number[]): boolean {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const [index, value] of x.entries()) {
    const [dx, dy] = [value - meanX, y[index] - meanY];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 && Math.abs(xy) / Math.sqrt(xx * yy) > 1 - 1e-6;
}
