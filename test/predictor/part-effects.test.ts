import { expect, test } from 'vitest';
import type { KindName } from '../../src/data/fields/field.js';
import { partEffects } from '../../src/predictor/part-effects.js';
import { tensor } from '../../src/tensor/index.js';

const field = (kind: KindName, state: unknown = {}) => ({ column: 'x', kind, settings: {}, state });
const present = tensor([1]);

/** An occlusion of which s is the sum of the values of a row. */
const sumOf = (values: Float32Array) => ({
  encode: () => 0,
  predict: async (variants: readonly { change?: { apply(values: Float32Array): void } }[]) =>
    variants.map(({ change }) => {
      const copy = values.slice();
      change?.apply(copy);
      return values.reduce((sum, value) => sum + value, 0) - copy.reduce((sum, value) => sum + value, 0);
    }),
});

test('the words of a text are where they stand, and each is taken out', async () => {
  const encoded: unknown[] = [];
  const { words } = await partEffects(field('text'), { present }, ' Red, red car! ', {
    encode: (cell) => encoded.push(cell),
    predict: async (variants) => variants.map(({ from }) => from!.x),
  });
  expect(encoded).toEqual([', red car!', 'Red,  car!', 'Red, red !']);
  expect(words).toEqual([
    { begin: 0, end: 3, effect: 1 },
    { begin: 5, end: 8, effect: 2 },
    { begin: 9, end: 12, effect: 3 },
  ]);
});

test('a text without words has none, and of a long one the first 64 count', async () => {
  const occlusion = { encode: () => 0, predict: async (variants: readonly unknown[]) => variants.map(() => 0) };
  expect(await partEffects(field('text'), { present }, '...', occlusion)).toEqual({ words: [] });
  const { words } = await partEffects(field('text'), { present }, 'word '.repeat(100), occlusion);
  expect(words?.length).toBe(64);
});

test.each([
  [
    [8, 8],
    [8, 8],
  ],
  [
    [16, 24],
    [8, 8],
  ],
  [
    [3, 30],
    [3, 8],
  ],
  [
    [1, 1],
    [1, 1],
  ],
])('of an image of %j pixels, the cell with the only bright pixel has its whole effect', async (size, cells) => {
  const [height, width] = size;
  const pixels = new Float32Array(height * width * 3);
  const [y, x] = [Math.floor(height / 2), Math.floor(width / 3)];
  pixels[(y * width + x) * 3] = 5;
  const inputs = { present, pixels: tensor(pixels, [1, height, width, 3]) };
  const found = (await partEffects(field('image'), inputs, undefined, sumOf(pixels))).cells!;
  expect([found.rows, found.columns]).toEqual(cells);
  expect(found.effects.length).toBe(cells[0] * cells[1]);
  const row = Math.floor((y * cells[0]) / height);
  const column = Math.floor((x * cells[1]) / width);
  expect(found.effects[row * cells[1] + column]).toBe(5);
  expect(Math.max(...found.effects)).toBe(5);
  if (cells[0] > 2) expect(found.effects.at(-1)).toBe(0);
});

test('of a sound, the part with the only loud sample has its whole effect, and what is behind its end has none', async () => {
  const samples = new Float32Array(1000);
  samples[100] = 3;
  const inputs = { present, samples: tensor(samples, [1, 1000]), seconds: tensor([0.8]) };
  const { parts } = await partEffects(field('sound', { sampleRate: 1000 }), inputs, undefined, sumOf(samples));
  expect(parts?.seconds).toBeCloseTo(0.8);
  expect(parts?.effects).toEqual([0, 1.5, 3, 1.5, ...Array(12).fill(0)]);
});
