import { expect, test } from 'vitest';
import { CharacterTokenizer } from '../../src/data/tokens/characters.js';
import { divideText, expectBlocks, identityOf } from '../../src/gpt/text-data.js';

test('the first nine tenths of the characters are trained on', () => {
  // 19 code points, of which the one at the cut takes two UTF-16 units.
  const text = `abcdefghijklmnopq😀z`;
  const { train, validation, tokenizer, tokensPerCharacter } = divideText(text, CharacterTokenizer.of(text));
  expect(tokenizer.decode(train)).toBe('abcdefghijklmnopq');
  expect(tokenizer.decode(validation)).toBe('😀z');
  expect(tokensPerCharacter).toBe(1);
});

test('a text is known again by its characters and a hash', () => {
  expect(identityOf('to be 😀')).toEqual({ characters: 7, hash: expect.stringMatching(/^[0-9a-f]+$/) });
  expect(identityOf('to be 😁').hash).not.toBe(identityOf('to be 😀').hash);
});

test('texts shorter than a block are refused', () => {
  const data = (characters: number) => divideText('a'.repeat(characters), CharacterTokenizer.of('a'));
  expect(() => expectBlocks(data(90), 8)).not.toThrow();
  expect(() => expectBlocks(data(80), 8)).toThrow(
    'the text is too short: the last tenth, which is held out, has 8 characters, and a block of 8 needs 9; give a longer text, or a smaller --block',
  );
  expect(() => expectBlocks(data(10), 1)).toThrow('has 1 character, and a block of 1 needs 2');
});
