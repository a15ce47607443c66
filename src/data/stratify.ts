import type { Generator } from '../tensor/generator.js';
import { type Fractions, PARTS } from './schema.js';

/**
 * Lists the rows of each number in `codes`, such as each class, from the smallest number on; numbers are -1 or above.
 */
export function rowsByCode(rows: Uint32Array, codes: Int32Array): Uint32Array[] {
  const counts: number[] = [];
  for (const row of rows) counts[codes[row] + 1] = (counts[codes[row] + 1] ?? 0) + 1;
  const lists = Array.from(counts, (count = 0) => new Uint32Array(count));
  const sizes = lists.map(() => 0);
  for (const row of rows) lists[codes[row] + 1][sizes[codes[row] + 1]++] = row;
  return lists.filter(({ length }) => length > 0);
}

/** How many of `rows` rows each part gets: its share rounded up or down, so as to reduce what parts lack so far. */
function allot(rows: number, fractions: readonly number[], lacking: number[]): number[] {
  // 0.29 · 100 is a little less than 29 in floating point.
  const shares = fractions.map((fraction) => Math.round(fraction * rows * 1e9) / 1e9);
  const counts = shares.map(Math.floor);
  for (const part of counts.keys()) lacking[part] += shares[part] - counts[part];
  for (let left = rows - counts.reduce((sum, count) => sum + count); left > 0; left--) {
    const roundable = [...counts.keys()].filter((part) => counts[part] < shares[part]);
    // What is never trained on cannot be predicted.
    const first = counts[0] === 0 && roundable.includes(0);
    const part = first ? 0 : roundable.reduce((best, part) => (lacking[part] > lacking[best] ? part : best));
    counts[part]++;
    lacking[part]--;
  }
  return counts;
}

/**
 * Draws the parts of rows at random, for each class alike: of n rows of a class, a part of fraction f gets f·n, rounded
 * up or down; the first row of a class is for training.
 */
export function stratify(
  parts: Uint8Array,
  rows: Uint32Array,
  classes: Int32Array,
  fractions: Fractions,
  generator: Generator,
): void {
  const lacking = PARTS.map(() => 0);
  for (const list of rowsByCode(rows, classes)) {
    generator.shuffle(list);
    const counts = allot(
      list.length,
      PARTS.map((part) => fractions[part]),
      lacking,
    );
    let next = 0;
    for (const [part, count] of counts.entries()) {
      for (const row of list.subarray(next, next + count)) parts[row] = part;
      next += count;
    }
  }
}

/**
 * Draws the parts of whole groups of rows. Groups come in the order of their size (in powers of two, ties at
 * random). Each goes to the part p that is then the least full: the smallest
 *
 *   sum over classes c of  n_c · (have_pc + n_c) / (f_p · N_c)
 *
 * for n_c rows of the group, have_pc rows of the part so far, and N_c rows in all (the method of D'Hondt for each
 * class). The last groups go to the parts that would otherwise stay empty.
 */
export function stratifyGroups(
  parts: Uint8Array,
  groups: readonly Uint32Array[],
  classes: Int32Array,
  fractions: Fractions,
  generator: Generator,
): void {
  const wanted = [...PARTS.keys()].filter((part) => fractions[PARTS[part]] > 0);
  const classCount = classes.reduce((most, code) => Math.max(most, code + 1), 0);
  const total = new Float64Array(classCount);
  for (const group of groups) for (const row of group) total[classes[row]]++;
  const have = PARTS.map(() => new Float64Array(classCount));
  const empty = new Set(wanted);

  const sizeOf = (group: Uint32Array): number => Math.floor(Math.log2(group.length));
  const order = generator.shuffle([...groups]).sort((a, b) => sizeOf(b) - sizeOf(a));
  const counts = new Map<number, number>();
  for (const [index, group] of order.entries()) {
    counts.clear();
    for (const row of group) counts.set(classes[row], (counts.get(classes[row]) ?? 0) + 1);
    const fullness = (part: number): number => {
      let sum = 0;
      for (const [code, count] of counts) sum += (count * (have[part][code] + count)) / total[code];
      return sum / fractions[PARTS[part]];
    };
    const choices = order.length - index > empty.size ? wanted : [...empty];
    const part = choices.reduce((best, part) => (fullness(part) < fullness(best) ? part : best));
    empty.delete(part);
    for (const row of group) parts[row] = part;
    for (const [code, count] of counts) have[part][code] += count;
  }
}
