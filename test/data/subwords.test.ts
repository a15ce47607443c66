import { expect, test } from 'vitest';
import { NGRAMS, subwordsOf } from '../../src/data/subwords.js';

test('a word has the n-grams of 3 to 5 characters, its ends among them', () => {
  // <ab>: <ab, <ab>, ab>
  expect(subwordsOf('ab', 65_536)).toHaveLength(3);
  expect(subwordsOf('heart', 65_536)).toHaveLength(5 + 4 + 3);
  const shared = (a: string, b: string) => {
    const ids = new Set(subwordsOf(a, 65_536));
    return subwordsOf(b, 65_536).filter((id) => ids.has(id)).length;
  };
  // <he, hea, ear, art, <hea, hear, eart, <hear, heart
  expect(shared('heart', 'hearts')).toBe(9);
  expect(shared('heart', 'smoke')).toBe(0);
});

test('characters are code points, and ids are from 1 to the number of buckets less one', () => {
  expect(subwordsOf('👍🏽', 8)).toHaveLength(3);
  for (const word of ['北京', 'हिन्दी', 'x', 'grinning'])
    for (const id of subwordsOf(word, 4)) expect([1, 2, 3]).toContain(id);
});

test('of a long word the first n-grams count', () => {
  const long = subwordsOf(`${'a'.repeat(500)}b`, 1024);
  expect(long).toHaveLength(NGRAMS);
  expect(long).toEqual(subwordsOf(`${'a'.repeat(500)}c`, 1024));
});
