import { expect, test } from 'vitest';
import { consecutiveWindows, randomWindows } from '../../../src/data/tokens/windows.js';
import { Generator } from '../../../src/tensor/generator.js';

const tokens = Int32Array.from({ length: 10 }, (_, at) => at);

test('random blocks begin everywhere, and targets are the tokens that follow', () => {
  const { inputs, targets } = randomWindows(tokens, 400, 4, new Generator(1));
  expect(inputs).toHaveLength(1600);
  expect(targets.every((target, at) => target === inputs[at] + 1)).toBe(true);
  const starts = Array.from({ length: 400 }, (_, row) => inputs[4 * row]);
  // The last start is 5: the block is 5 to 8, and 9 follows.
  expect([...new Set(starts)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(randomWindows(tokens, 400, 4, new Generator(1)).inputs).toEqual(inputs);
  expect(randomWindows(tokens, 1, 9, new Generator(1)).targets.at(-1)).toBe(9);
  expect(() => randomWindows(tokens, 1, 10, new Generator(1))).toThrow('the one that follows need 11, got 10');
});

test.each([
  [
    2,
    4,
    [
      [2, 4],
      [1, 1],
    ],
  ],
  [
    1,
    4,
    [
      [1, 4],
      [1, 4],
      [1, 1],
    ],
  ],
  [
    2,
    3,
    [
      [2, 3],
      [1, 3],
    ],
  ],
  [3, 100, [[1, 9]]],
])('consecutive blocks, %d of %d, predict every token but the first once', (batch, block, shapes) => {
  const windows = [...consecutiveWindows(tokens, batch, block)];
  expect(windows.map((one) => [one.batch, one.block])).toEqual(shapes);
  expect(windows.flatMap(({ targets }) => [...targets])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(windows.flatMap(({ inputs }) => [...inputs])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test('one token predicts nothing', () => {
  expect(() => [...consecutiveWindows(tokens.subarray(0, 1), 1, 4)]).toThrow('need 2, got 1');
});
