import { describe, expect, test } from 'vitest';
import { targetColumn } from '../../src/data/target-column.js';
import { chooseSymbols, symbolsOf, transcriptOf, transcriptSettings } from '../../src/data/transcripts.js';

test('a transcript is split into words or characters, and written again', () => {
  expect(symbolsOf('  one\ttwo \n one ', 'words')).toEqual(['one', 'two', 'one']);
  expect(symbolsOf(' a  b', 'characters')).toEqual(['a', ' ', 'b']);
  expect(symbolsOf('e\u0301', 'characters')).toEqual(['é']);
  expect(transcriptOf(['one', 'two'], 'words')).toBe('one two');
  expect(transcriptOf(['a', ' ', 'b'], 'characters')).toBe('a b');
});

test('few words that recur are symbols; other transcripts are spelled', () => {
  const drawn = (words: number) =>
    new Map(Array.from({ length: words }, (_, at) => [`w${at} w${(7 * at + 1) % words}`, 300 / words]));
  expect(chooseSymbols(drawn(10))).toBe('words');
  expect(chooseSymbols(drawn(150))).toBe('characters');
  expect(chooseSymbols(new Map(['once', 'upon', 'a time'].map((text) => [text, 1])))).toBe('characters');
  expect(chooseSymbols(new Map())).toBe('words');
});

test('settings are checked', () => {
  expect(transcriptSettings({})).toEqual({ symbols: 'characters' });
  expect(() => transcriptSettings({ symbols: 'letters' })).toThrow("symbols must be 'words' or 'characters'");
});

describe('a column of transcripts', () => {
  const target = { column: 'said', kind: 'text', settings: { symbols: 'words' }, classes: ['one', 'two'] } as const;

  test('has ids from 1 on, and zeros behind them up to the longest row', async () => {
    const column = targetColumn(target);
    for (const cell of ['two', 'one two two', 'one']) column.add(column.parse(cell));
    const batch = await column.batch(Uint32Array.of(2, 0));
    expect([batch.shape, batch.dtype]).toEqual([[2, 3], 'i32']);
    expect([...(await batch.data())]).toEqual([1, 0, 0, 2, 0, 0]);
  });

  test('names a word that it did not learn', () => {
    const column = targetColumn(target);
    expect(() => column.parse('one three')).toThrow("the word 'three' is none of the 2 learned");
    expect(() => column.parse(undefined)).toThrow('the target is absent');
  });
});
