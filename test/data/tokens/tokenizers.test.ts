import { expect, test } from 'vitest';
import { BytePairTokenizer } from '../../../src/data/tokens/byte-pairs.js';
import { CharacterTokenizer } from '../../../src/data/tokens/characters.js';
import { parseTokenizer } from '../../../src/data/tokens/parse-tokenizer.js';
import { TokenStream } from '../../../src/data/tokens/token-stream.js';
import { bytePairs } from '../../support/byte-pairs.js';

test('characters have ids in the order of their code points', () => {
  const tokenizer = CharacterTokenizer.of('b\na😀é');
  expect(tokenizer.characters).toEqual(['\n', 'a', 'b', 'é', '😀']);
  expect(tokenizer.size).toBe(5);
  expect([...tokenizer.encode('a😀b')]).toEqual([1, 4, 2]);
  expect(tokenizer.decode([4, 0, 3])).toBe('😀\né');
  expect(tokenizer.encode('')).toHaveLength(0);
});

test('unknown characters are named with their lines', () => {
  const tokenizer = CharacterTokenizer.of('ab\n');
  expect(() => tokenizer.encode('ab\nç😀ç')).toThrow(
    'the text has 2 characters that the vocabulary does not know: "ç" (U+00E7, line 2), "😀" (U+1F600, line 2); replace them',
  );
  expect(() => tokenizer.encode('x')).toThrow(
    'the text has a character that the vocabulary does not know: "x" (U+0078',
  );
  expect(() => tokenizer.encode('cdefghijklmnop')).toThrow('and 4 more; replace them');
  expect(() => tokenizer.decode([3])).toThrow('id 3 is out of range; expected 0 to 2');
  expect(() => CharacterTokenizer.of('')).toThrow('the text is empty');
  for (const characters of [['ab'], ['b', 'a'], ['a', 'a'], ['']])
    expect(() => new CharacterTokenizer(characters)).toThrow('expected one character that follows the one before it');
});

test('byte pairs are merged, and any text comes back', () => {
  const tokenizer = new BytePairTokenizer(bytePairs);
  expect(tokenizer.size).toBe(258);
  expect(Array.from(tokenizer.encode('low'), (id) => tokenizer.decode([id]))).toEqual(['low']);
  for (const text of ['low lower\n\n  tab\t.', 'ü 😀', '']) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  expect(() => tokenizer.decode([258])).toThrow('id 258 is out of range; expected 0 to 257');
});

test('what is no tokenizer is refused', () => {
  for (const contents of [{}, undefined, 'tokenizer.json'] as never[])
    expect(() => new BytePairTokenizer(contents)).toThrow("must be the contents of a tokenizer.json, with a 'model'");
  expect(() => new BytePairTokenizer({ model: { type: 'none' } })).toThrow('the tokenizer cannot be used: ');
});

test('tokenizers are made again from their JSON', () => {
  for (const tokenizer of [CharacterTokenizer.of('to be 😀'), new BytePairTokenizer(bytePairs)]) {
    const again = parseTokenizer(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.encode('to be 😀')).toEqual(tokenizer.encode('to be 😀'));
  }
  for (const json of [undefined, {}, { tokens: 'characters' }, { tokens: 'words' }])
    expect(() => parseTokenizer(json)).toThrow("tokens: expected 'characters' with the characters");
});

test('a stream gives text as its characters become complete', () => {
  const tokenizer = new BytePairTokenizer(bytePairs);
  const stream = new TokenStream(tokenizer);
  const ids = tokenizer.encode('a 😀ü');
  const pieces = Array.from(ids, (id) => stream.push(id));
  expect(pieces.join('')).toBe('a 😀ü');
  expect(pieces).toContain('');
  expect(pieces.some((piece) => piece.includes('\uFFFD'))).toBe(false);
  expect(stream.end()).toBe('');
  stream.push(tokenizer.encode('😀')[0]);
  expect(stream.end()).toBe('\uFFFD');
});
