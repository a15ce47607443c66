import { describe, expect, test } from 'vitest';
import { leakOf } from '../../src/data/leaks.js';
import { Generator } from '../../src/tensor/index.js';

const ROWS = 200;
const draw = new Generator(2);
const texts = (text: (row: number) => unknown, rows = ROWS): (string | undefined)[] =>
  Array.from({ length: rows }, (_, row) => {
    const value = text(row);
    return value === undefined ? undefined : String(value);
  });

/** Four classes, at random. */
const classes = texts(() => `class ${draw.integer(4)}`);
const classOf = (row: number): number => Number(classes[row]?.slice(-1));
const numbers = texts(() => draw.normal());

describe('columns that give the target away', () => {
  test('the classes by other names', () => {
    expect(
      leakOf(
        texts((row) => 'abcd'[classOf(row)]),
        classes,
        'category',
      ),
    ).toBe('is one-to-one with the target');
  });

  test('several values for each class, also where some are absent', () => {
    const values = texts((row) => (row % 7 === 0 ? undefined : `${'abcd'[classOf(row)]}${row % 5}`));
    expect(leakOf(values, classes, 'category')).toContain('a value always comes with the same one');
  });

  test('thresholds on a number', () => {
    const values = texts((row) => classOf(row) + 0.9 * draw.uniform());
    expect(leakOf(values, classes, 'category')).toContain('by thresholds');
  });

  test('a number in other units', () => {
    const fahrenheit = numbers.map((celsius) => (Number(celsius) * 1.8 + 32).toFixed(6));
    expect(leakOf(fahrenheit, numbers, 'number')).toBe('is the target in other units');
    expect(
      leakOf(
        numbers.map((value) => String(-Number(value))),
        numbers,
        'number',
      ),
    ).toBe('is the target in other units');
  });
});

describe('columns that do not', () => {
  test.each<[string, (string | undefined)[], (string | undefined)[], 'category' | 'number']>([
    ['chance', texts(() => `${draw.integer(6)}`), classes, 'category'],
    ['nearly the classes', texts((row) => 'abcd'[(classOf(row) + Number(row === 60)) % 4]), classes, 'category'],
    ['a value of its own in every row', texts((row) => `row ${row}`), classes, 'category'],
    ['numbers that overlap', texts((row) => classOf(row) + 1.3 * draw.uniform()), classes, 'category'],
    [
      'numbers near the target',
      numbers.map((value) => String(Number(value) + 0.01 * draw.normal())),
      numbers,
      'number',
    ],
    ['one value', texts(() => 'same'), texts(() => 'same'), 'category'],
    ['few rows', texts((row) => row % 2, 19), texts((row) => row % 2, 19), 'category'],
    ['nothing', texts(() => undefined), classes, 'category'],
    // Where nearly all rows are of one class, values agree with it by chance.
    ['a rare class', texts((row) => `${row % 50}`), texts((row) => (row === 7 ? 'rare' : 'common')), 'category'],
  ])('%s', (_, values, targets, task) => {
    expect(leakOf(values, targets, task)).toBeUndefined();
  });
});
