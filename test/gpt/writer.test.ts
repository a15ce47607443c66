import { expect, test } from 'vitest';
import { CharacterTokenizer } from '../../src/data/tokens/characters.js';
import { Writer } from '../../src/gpt/writer.js';

const tokenizer = CharacterTokenizer.of('abc\n');
const write = (writer: Writer, text: string): string[] => Array.from(tokenizer.encode(text), (id) => writer.push(id));

test('without a stop text everything is shown as it comes', () => {
  const writer = new Writer(tokenizer);
  expect(write(writer, 'a\nb')).toEqual(['a', '\n', 'b']);
  expect([writer.end(), writer.text, writer.tokens, writer.isStopped]).toEqual(['', 'a\nb', 3, false]);
});

test('what may begin the stop text is held back, and the stop text is left out', () => {
  const writer = new Writer(tokenizer, 'ab\n');
  expect(write(writer, 'aab')).toEqual(['', 'a', '']);
  expect(write(writer, 'c')).toEqual(['abc']);
  expect(write(writer, 'ab\nccc')).toEqual(['', '', '', '', '', '']);
  expect([writer.end(), writer.text, writer.tokens, writer.isStopped]).toEqual(['', 'aabc', 7, true]);
});

test('what is held back is shown at the end', () => {
  const writer = new Writer(tokenizer, 'abc');
  expect(write(writer, 'cab')).toEqual(['c', '', '']);
  expect([writer.end(), writer.text, writer.isStopped]).toEqual(['ab', 'cab', false]);
});
