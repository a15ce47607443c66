import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import envPaths from 'env-paths';
import { expect, test } from 'vitest';
import { emojiData } from '../../../src/data/node/index.js';

const data = await emojiData({ pixels: 8, vendors: ['twemoji'], seed: 3 });

test('no emoji stands on both sides, whichever vendor drew it', async () => {
  const { train, test: heldOut, testNames } = await emojiData({ pixels: 8, vendors: ['twemoji', 'noto'], seed: 3 });
  // The split does not depend on the vendors: with more of them the same emoji are held out.
  const names = new Set(data.testNames);
  for (const name of testNames) expect(names.has(name), name).toBe(true);
  expect(train.size).toBeGreaterThan(3 * heldOut.size);
});

test('every class stands on both sides, and nobody has another skin', () => {
  for (let label = 0; label < data.classes.length; label++) {
    expect(data.train.labels).toContain(label);
    expect(data.test.labels).toContain(label);
  }
  expect(data.testNames.filter((name) => name.includes('skin-tone'))).toEqual([]);
});

test('vocabulary and statistics come from the training side', () => {
  const unknown = data.test.tokens.filter((token) => token === 1).length;
  expect(data.train.tokens.filter((token) => token === 1)).toHaveLength(0);
  expect(unknown).toBeGreaterThan(0);
  const mean = data.train.images.reduce((sum, value) => sum + value, 0) / data.train.images.length;
  expect(Math.abs(mean)).toBeLessThan(1e-3);
});

test('the words that name a class are in no text', () => {
  expect(data.removedWords).toContain('face');
  for (const word of data.removedWords) expect(data.vocabulary.words).not.toContain(word);
});

test('the same seed gives the same data', async () => {
  expect(await emojiData({ pixels: 8, vendors: ['twemoji'], seed: 3 })).toEqual(data);
  expect((await emojiData({ pixels: 8, vendors: ['twemoji'], seed: 4 })).testNames).not.toEqual(data.testNames);
});

test('a damaged cache is drawn anew', async () => {
  const folder = envPaths('tessera', { suffix: '' }).cache;
  const files = readdirSync(folder).flatMap((name) => (name.startsWith('emoji-8-') ? [path.join(folder, name)] : []));
  const wholes = files.map((file) => readFileSync(file));
  for (const [at, file] of files.entries()) writeFileSync(file, Buffer.from(wholes[at]).fill(7, 0, 9));
  expect(await emojiData({ pixels: 8, vendors: ['twemoji'], seed: 3 })).toEqual(data);
  const restored = files.filter((file, at) => readFileSync(file).equals(wholes[at]));
  expect(restored).toHaveLength(1);
  for (const [at, file] of files.entries()) writeFileSync(file, wholes[at]);
});

test('options that are unknown or make no sense are refused', async () => {
  for (const [options, message] of [
    [{ pixel: 8 }, "emojiData: there is no option 'pixel' (did you mean 'pixels'?)"],
    [{ vendors: ['apple'] }, 'emojiData: vendors must be an array of twemoji, noto, fluent-emoji-flat, openmoji'],
    [{ testFraction: 1 }, 'emojiData: testFraction must be a number within (0, 1), got 1'],
  ] as const)
    await expect(emojiData(options as never)).rejects.toThrow(message);
});
