import { expect, test } from 'vitest';
import { contributionsOf } from '../../src/predictor/contributions.js';

test('each field is measured alone and left out, with the same orders of rows', async () => {
  const seen: [string, string][] = [];
  const score = async (orders: ReadonlyMap<string, Uint32Array>) => {
    for (const [name, order] of orders) {
      expect(Array.from(order).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
      seen.push([name, order.join()]);
    }
    return 10 - (orders.has('a') ? 4 : 0) - (orders.has('b') ? 1 : 0);
  };
  expect(await contributionsOf(['a', 'b', 'c'], 6, score, { seed: 3 })).toEqual({
    rows: 6,
    all: 10,
    fields: [
      { name: 'a', alone: 9, without: 6 },
      { name: 'b', alone: 6, without: 9 },
      { name: 'c', alone: 5, without: 10 },
    ],
  });
  expect(new Set(seen.map(String)).size).toBe(3);
  const first = seen.splice(0);
  await contributionsOf(['a', 'b', 'c'], 6, score, { seed: 3 });
  expect(seen.splice(0)).toEqual(first);
  await contributionsOf(['a', 'b', 'c'], 6, score, { seed: 4 });
  expect(seen).not.toEqual(first);
});

test('without fields there is nothing to measure', async () => {
  await expect(contributionsOf([], 1, async () => 1, { seed: 0 })).rejects.toThrow(
    'contributionsOf: there are no fields; expected at least one',
  );
});
