import { expect, test } from 'vitest';
import { filledSize } from '../../src/predictor/batch-sizes.js';

test('batches have few sizes, and a third of their rows at most fills them up', () => {
  const sizes = Array.from({ length: 64 }, (_, at) => filledSize(at + 1));
  expect([...new Set(sizes)]).toEqual([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]);
  for (const [at, size] of sizes.entries()) {
    expect(size).toBeGreaterThanOrEqual(at + 1);
    expect(size - at - 1).toBeLessThan(size / 3 + 1e-9);
  }
});
