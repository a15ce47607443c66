import { expect, test } from 'vitest';
import { category } from '../../../src/data/fields/category.js';
import { encode, learn } from '../../support/fields.js';

test('frequent values have ids by frequency, rare and unseen ones share 1, and absent is 0', async () => {
  const state = await learn(category, ['b', 'a', 'b', ' a ', 'b', 'rare', undefined]);
  expect(state.values).toEqual(['b', 'a']);
  const { ids, present } = await encode(category, state, ['a', 'b', 'rare', 'unseen', '', undefined]);
  expect(ids.data).toEqual([3, 2, 1, 1, 0, 0]);
  expect(present.data).toEqual([1, 1, 1, 1, 0, 0]);
});

test('the number of ids is bounded, by frequency', async () => {
  const state = await learn(category, ['a', 'b', 'b', 'c', 'c', 'c'], { minimumCount: 1, size: 2 });
  expect(state.values).toEqual(['c', 'b']);
});

test('numbers, booleans and dates are categories by their text, and equivalent spellings are one', () => {
  const settings = category.settings({});
  const cells = [3, 3n, true, new Date(0), 'e\u0301'];
  expect(cells.map((cell) => category.parse(cell, settings))).toEqual([
    '3',
    '3',
    'true',
    '1970-01-01T00:00:00.000Z',
    '\u00e9',
  ]);
  for (const cell of [new Uint8Array(2), ['a']])
    expect(() => category.parse(cell, settings)).toThrow('expected a text, number or boolean, got ');
});
