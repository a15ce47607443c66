import { Generator } from '../tensor/generator.js';
import { type Check, closedFraction, expectValue, nonNegativeInteger } from '../tensor/options.js';

const MAP: Check = { expected: 'a Map from keys to classes', fits: (value) => value instanceof Map };

/**
 * Draws the keys of the test split, the same fraction of each class. Splitting by key keeps all rows of a key in one
 * split. Returns the keys of the test split.
 * @throws TesseraError if the keys are no Map, the fraction is not within [0, 1] or the seed is not one.
 */
export function splitKeys(classOf: ReadonlyMap<string, number>, fraction: number, seed: number): Set<string> {
  expectValue('splitKeys', 'classOf', classOf, MAP);
  expectValue('splitKeys', 'fraction', fraction, closedFraction);
  expectValue('splitKeys', 'seed', seed, nonNegativeInteger);
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
