import { expect, test } from 'vitest';
import { tags } from '../../../src/data/fields/tags.js';
import { encode, learn } from '../../support/fields.js';

test('tags are one number for each frequent tag', async () => {
  const state = await learn(tags, ['a, b', ['b', 'a'], 'b', 'rare', undefined]);
  expect(state.tags).toEqual(['b', 'a']);
  const { values, present } = await encode(tags, state, ['a,a,unseen', ['b', 'a'], 'rare', [], '', undefined]);
  expect(values).toEqual({ shape: [6, 2], data: [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0] });
  expect(present.data).toEqual([1, 1, 1, 1, 0, 0]);
});

test('what separates tags is a setting', () => {
  expect(tags.parse('a, b; c', tags.settings({ separator: ';' }))).toEqual(['a, b', 'c']);
  expect(() => tags.parse(new Uint8Array(2), tags.settings({}))).toThrow("expected a list of texts or a text with ','");
});
