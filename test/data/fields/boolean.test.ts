import { expect, test } from 'vitest';
import { boolean } from '../../../src/data/fields/boolean.js';
import { encode, learn } from '../../support/fields.js';

test('true is 1, false is -1, and absent is 0', async () => {
  const state = await learn(boolean, ['yes']);
  const { values, present } = await encode(boolean, state, ['Yes', 'no', true, false, 1, '0', 'TRUE', '', undefined]);
  expect(values).toEqual({ shape: [9, 1], data: [1, -1, 1, -1, 1, -1, 1, 0, 0] });
  expect(present.data).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0]);
});

test('other words are no booleans', () => {
  for (const cell of ['ja', 'nein', 2, new Date(0), ['true']])
    expect(() => boolean.parse(cell, {})).toThrow('expected true or false, yes or no, 1 or 0, got ');
});
