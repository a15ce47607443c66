import { describe, expect, test } from 'vitest';
import { booleanOf, dateOf, isImagePath, isMissing, numberOf, tagsOf, textOf } from '../../src/data/cells.js';
import type { Cell } from '../../src/data/table.js';

test.each<Cell>([undefined, '', '  ', 'NA', ' N/A ', 'nan', 'NULL', '?', Number.NaN, new Date('x')])(
  '%j is missing',
  (cell) => {
    expect([isMissing(cell), textOf(cell), tagsOf(cell)]).toEqual([true, undefined, undefined]);
  },
);

test('the text of a cell', () => {
  const texts: [Cell, string][] = [
    [' a b ', 'a b'],
    [0, '0'],
    [12n, '12'],
    [false, 'false'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [['a', 1n], '["a","1"]'],
    [new Uint8Array(3), '3 bytes'],
    ['Namibia', 'Namibia'],
  ];
  expect(texts.map(([cell]) => textOf(cell))).toEqual(texts.map(([, text]) => text));
  expect(texts.some(([cell]) => isMissing(cell))).toBe(false);
});

describe('numbers', () => {
  test.each<[Cell, number]>([
    ['12', 12],
    [' -3.5 ', -3.5],
    ['+.5', 0.5],
    ['5.', 5],
    ['1e-3', 0.001],
    ['1,234,567.8', 1234567.8],
    ['1,234', 1234],
    ['$1,200.50', 1200.5],
    ['-$5', -5],
    ['9.50 €', 9.5],
    ['12%', 12],
    [7n, 7],
    [true, 1],
  ])('%s is %d', (cell, value) => {
    expect(numberOf(cell)).toBe(value);
  });

  test.each<Cell>([
    '',
    '.',
    '-',
    '3,14',
    '1,23,456',
    '12,34.5',
    '1.2.3',
    '0x10',
    'Infinity',
    '1 2',
    'e5',
    '1e999',
    'abc',
  ])('%s is none', (cell) => {
    expect(numberOf(cell)).toBeUndefined();
  });

  test('a decimal comma belongs to the column', () => {
    expect(['3,14', '1.234,5', '1,234', '1.234', '€ 7,00'].map((cell) => numberOf(cell, ','))).toEqual([
      3.14, 1234.5, 1.234, 1234, 7,
    ]);
    expect(['3.14', '1,234,567'].map((cell) => numberOf(cell, ','))).toEqual([undefined, undefined]);
  });
});

test('booleans', () => {
  expect(['Yes', 'TRUE', 't', '1', 1, 1n, true, ' on '].map((cell) => booleanOf(cell))).toEqual(Array(8).fill(true));
  expect(['No', 'False', 'f', '0', 0, 0n, false, 'off'].map((cell) => booleanOf(cell))).toEqual(Array(8).fill(false));
  expect(['maybe', '2', 2, '', undefined].map((cell) => booleanOf(cell))).toEqual(Array(5).fill(undefined));
});

describe('dates', () => {
  test.each<[Cell, string]>([
    ['2024-03-05', '2024-03-05T00:00:00.000Z'],
    ['2024-03', '2024-03-01T00:00:00.000Z'],
    ['2024/3/5', '2024-03-05T00:00:00.000Z'],
    ['2024-03-05T14:30:01.25Z', '2024-03-05T14:30:01.250Z'],
    ['2024-03-05 14:30+01:00', '2024-03-05T13:30:00.000Z'],
    ['5.3.2024', '2024-03-05T00:00:00.000Z'],
    ['3/5/2024', '2024-03-05T00:00:00.000Z'],
    ['3/5/2024 2:30 pm', '2024-03-05T14:30:00.000Z'],
    ['12/31/1999 12:05 AM', '1999-12-31T00:05:00.000Z'],
    ['5 March 2024', '2024-03-05T00:00:00.000Z'],
    ['05-Mar-2024 06:07', '2024-03-05T06:07:00.000Z'],
    ['March 5th, 2024', '2024-03-05T00:00:00.000Z'],
    ['Tue, 05 Mar 2024 10:00:00 GMT', '2024-03-05T10:00:00.000Z'],
    ['0099-01-01', '0099-01-01T00:00:00.000Z'],
    [new Date(5), '1970-01-01T00:00:00.005Z'],
  ])('%s is %s', (cell, iso) => {
    expect(new Date(dateOf(cell) ?? Number.NaN).toISOString()).toBe(iso);
  });

  test.each<Cell>([
    '2024-02-30',
    '2024-13-01',
    '13/13/2024',
    '31/12/1999',
    '2024',
    '20240305',
    'May',
    '5 Foo 2024',
    '2024-03-05 25:00',
    12,
  ])('%s is none', (cell) => {
    expect(dateOf(cell)).toBeUndefined();
  });

  test('the order of day and month belongs to the column', () => {
    expect(dateOf('3/5/2024', true)).toBe(Date.UTC(2024, 4, 3));
    expect(dateOf('31/12/1999', true)).toBe(Date.UTC(1999, 11, 31));
    expect(dateOf('12/31/1999', true)).toBeUndefined();
    expect(dateOf('5.3.2024', false)).toBe(Date.UTC(2024, 2, 5));
  });
});

test('tags', () => {
  expect(tagsOf('red, blue ,,red')).toEqual(['red', 'blue']);
  expect(tagsOf('a;b|c', ';')).toEqual(['a', 'b|c']);
  expect(tagsOf(['x', ' y ', 3, undefined])).toEqual(['x', 'y', '3']);
  expect(tagsOf([])).toEqual([]);
});

test('paths of images are known by their extension', () => {
  expect(['a/b.PNG', 'c:\\d.jpeg', 'x.webp'].every(isImagePath)).toBe(true);
  expect(['png', 'a.png.txt', 'photo', 'a.csv'].some(isImagePath)).toBe(false);
});
