import { Generator } from '../tensor/generator.js';
import { TesseraError } from '../tensor/index.js';

/**
 * Draws the keys of the test split, the same fraction of each class. Splitting by key keeps all rows of a key in one
 * split. Returns the keys of the test split.
 * @throws TesseraError if the fraction is not in [0, 1].
 */
export function splitKeys(classOf: ReadonlyMap<string, number>, fraction: number, seed: number): Set<string> {
  if (!(fraction >= 0 && fraction <= 1))
    throw new TesseraError(`splitKeys: fraction must be a number within [0, 1], got ${fraction}`);
  const byClass = new Map<number, string[]>();
  for (const [key, label] of classOf) byClass.set(label, [...(byClass.get(label) ?? []), key]);
  const generator = new Generator(seed);
  const chosen = new Set<string>();
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const keys = generator.shuffle((byClass.get(label) ?? []).sort());
    for (const key of keys.slice(0, Math.round(fraction * keys.length))) chosen.add(key);
  }
  return chosen;
}
