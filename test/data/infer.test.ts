import { describe, expect, test } from 'vitest';
import { tableStatistics } from '../../src/data/columns.js';
import { inferKind } from '../../src/data/infer.js';
import type { Cell } from '../../src/data/table.js';
import { inferTarget } from '../../src/data/target.js';
import { Generator } from '../../src/tensor/index.js';
import { columnOf } from '../support/tables.js';

const ROWS = 400;
const draw = new Generator(1);
const column = (cell: (row: number) => Cell, rows = ROWS): Cell[] =>
  Array.from({ length: rows }, (_, row) => cell(row));
const oneOf = (...cells: Cell[]): Cell => cells[draw.integer(cells.length)];
const statisticsOf = async (name: string, cells: readonly Cell[]) =>
  (await tableStatistics(columnOf(name, cells))).columns[0];

const WORDS = 'the old brown bear sleeps under a tree while rain falls on its nose and nobody minds'.split(' ');
const sentence = (words: number) => Array.from({ length: words }, () => oneOf(...WORDS)).join(' ');
/** Half of the names share a word with another, as "grinning face" does with "grinning cat". */
const NAMES = 120;
const emojiName = (row: number) =>
  row % 2 === 0
    ? `${WORDS[row % 16]} ${WORDS[1 + (Math.floor(row / 16) % 8) * 2]}`
    : `thing${String.fromCharCode(97 + (row % 26), 97 + Math.floor(row / 26))}`;
const DAY = 86_400_000;
const day = () => new Date(draw.integer(20_000) * DAY);

describe('the kind of a column', () => {
  test.each<[string, string, Cell[], string, object?]>([
    ['empty', 'x', column(() => undefined), 'ignored'],
    ['constant', 'x', column(() => 'same'), 'ignored'],
    ['one value or none', 'x', column((row) => (row % 3 === 0 ? 'sold' : '')), 'category'],
    ['ids by name', 'customer_id', column(() => 10_000 + draw.integer(10 ** 8)), 'ignored'],
    ['ids in camel case', 'userId', column(() => 10_000 + draw.integer(10 ** 8)), 'ignored'],
    ['numbers that count on', 'x', column((row) => row + 7), 'ignored'],
    ['a nameless index', '', column((row) => `${row}`), 'ignored'],
    ['few values of an id', 'shop_id', column(() => draw.integer(9)), 'category'],
    ['hexadecimal ids', 'key', column(() => (2 ** 40 + draw.bits() * 100).toString(16)), 'ignored'],
    ['codes with zeros in front', 'place', column(() => `0${1000 + draw.integer(50)}`), 'category'],
    ['ZIP codes by name', 'zip', column(() => `${10_000 + draw.integer(80) * 7}`), 'category'],
    ['0 and 1', 'x', column(() => oneOf('0', '1')), 'boolean'],
    ['yes and no', 'x', column(() => oneOf('Yes', 'No', '')), 'boolean'],
    ['two numbers', 'study', column(() => oneOf(155, 571)), 'category'],
    ['ratings', 'stars', column(() => 1 + draw.integer(5)), 'number'],
    ['integers', 'age', column(() => draw.integer(90)), 'number'],
    ['fractions', 'x', column(() => draw.normal().toFixed(4)), 'number'],
    ['a few cells that are no numbers', 'x', column((row) => (row % 50 === 0 ? 'unknown' : draw.normal())), 'number'],
    ['prices', 'price', column(() => `$${(draw.uniform() * 2000).toFixed(2)}`), 'number'],
    ['percentages', 'x', column(() => `${draw.integer(100)}%`), 'number'],
    ['thousands', 'x', column(() => `${1 + draw.integer(9)},${100 + draw.integer(900)}`), 'number', {}],
    ['decimal commas', 'x', column(() => draw.normal().toFixed(2).replace('.', ',')), 'number', { decimal: ',' }],
    ['ISO dates', 'x', column(() => day().toISOString().slice(0, 10)), 'date', {}],
    ['times', 'x', column(() => day().toISOString()), 'date', {}],
    ['months first', 'x', column(() => day().toLocaleDateString('en-US', { timeZone: 'UTC' })), 'date', {}],
    [
      'days first',
      'x',
      column(() => day().toLocaleDateString('en-GB', { timeZone: 'UTC' })),
      'date',
      { dayFirst: true },
    ],
    ['Date objects', 'x', column(day), 'date', {}],
    ['paths of images', 'x', column((row) => `pictures/${row}.jpg`), 'image'],
    ['bytes', 'x', column((row) => new Uint8Array(row + 1)), 'image'],
    ['lists', 'x', column(() => [oneOf('a', 'b'), 'c']), 'tags'],
    [
      'tags with commas',
      'x',
      column(() => column(() => oneOf('red', 'dark blue', 'green', 'tall'), 1 + draw.integer(4)).join(', ')),
      'tags',
      { separator: ',' },
    ],
    [
      'tags with bars',
      'genres',
      column(() => column(() => oneOf('Drama', 'Comedy', 'War', 'Noir'), 1 + draw.integer(3)).join('|')),
      'tags',
      { separator: '|' },
    ],
    ['names with a comma', 'name', column((row) => `Miller${row}, Ms. Anna ${oneOf('B', 'C')}.`), 'text'],
    ['sentences', 'x', column(() => sentence(12)), 'text'],
    ['sentences with commas', 'x', column(() => `${sentence(8)}, ${sentence(9)}, ${sentence(5)}`), 'text'],
    [
      'a few long answers',
      'x',
      column(() => oneOf('I fully agree with all that was said', 'I do not agree at all with it')),
      'category',
    ],
    ['words that recur', 'city', column(() => oneOf('Rome', 'Paris', 'New York', 'Oslo')), 'category'],
    [
      'first names, all different',
      'name',
      column(
        (row) => `N${'abcdefghij'[row % 10]}${'klmnopqrst'[Math.floor(row / 10) % 10]}${'uvwx'[Math.floor(row / 100)]}`,
      ),
      'text',
    ],
    ['short texts that rarely recur', 'title', column(() => sentence(3)), 'text'],
    ['names that describe, all different', 'text', column(emojiName, NAMES), 'text'],
    ['names that describe, of three rows each', 'text', column((row) => emojiName(row % NAMES), 3 * NAMES), 'text'],
    ['names that describe, of ten rows each', 'text', column((row) => emojiName(row % NAMES), 10 * NAMES), 'category'],
    ['words with hyphens', 'x', column((row) => emojiName(row % NAMES).replace(' ', '-'), 3 * NAMES), 'category'],
    ['brands, of three rows each', 'brand', column((row) => `Brand${row % NAMES}`, 3 * NAMES), 'category'],
    ['a few names that describe, of three rows each', 'x', column((row) => emojiName(row % 90), 270), 'category'],
  ])('%s', async (_, name, cells, kind, settings) => {
    const inferred = inferKind(await statisticsOf(name, cells));
    expect(inferred).toMatchObject({ kind, why: expect.stringMatching(/.{10}/) });
    if (settings !== undefined) expect(inferred.settings).toEqual(settings);
  });

  test('the reason is in words', async () => {
    const cells = column((row) => (row < 5 ? 'unknown' : row * 1.5));
    expect(inferKind(await statisticsOf('x', cells)).why).toBe('98.8% of the cells are numbers, 396 distinct');
    const names = column((row) => emojiName(row % NAMES), 3 * NAMES);
    expect(inferKind(await statisticsOf('x', names)).why).toBe(
      '120 distinct, 1.5 words on average, short texts made of the same words: 50.0% have a word of another',
    );
  });

  test('an id of many rows is found where distinct values are only estimated', async () => {
    const cells = column((row) => `k${row}`, 30_000);
    expect(inferKind(await statisticsOf('key', cells)).kind).toBe('ignored');
  });
});

describe('the target', () => {
  test.each<[string, Cell[], object]>([
    ['words', column(() => oneOf('b', 'a', 'c')), { kind: 'category', classes: ['a', 'b', 'c'] }],
    ['integers', column(() => oneOf(10, 9, 2)), { kind: 'category', classes: ['2', '9', '10'] }],
    ['booleans', column(() => oneOf('no', 'yes')), { kind: 'category', classes: ['no', 'yes'] }],
    ['many integers', column(() => draw.integer(300)), { kind: 'number' }],
    ['fractions', column(() => draw.normal()), { kind: 'number' }],
    ['decimal commas', column(() => oneOf('1,5', '2,5', '3,25')), { kind: 'number', settings: { decimal: ',' } }],
    ['lists', column(() => (draw.integer(2) === 0 ? ['x'] : ['y', 'x'])), { kind: 'tags', classes: ['x', 'y'] }],
    [
      'tags',
      column(() => oneOf('x;y', 'z', 'y', 'x;z', 'x;y;z')),
      { kind: 'tags', settings: { separator: ';' }, classes: ['x', 'y', 'z'] },
    ],
  ])('%s', async (_, cells, target) => {
    const inferred = inferTarget(await statisticsOf('label', cells)).target;
    expect(inferred).toMatchObject({ column: 'label', ...target });
    expect('classes' in inferred).toBe('classes' in target);
  });

  test('the task can be chosen', async () => {
    const stars = await statisticsOf(
      'stars',
      column(() => 1 + draw.integer(5)),
    );
    expect(inferTarget(stars, 'number').target).toEqual({ column: 'stars', kind: 'number', settings: {} });
    expect(inferTarget(stars, 'ordinal').target.classes).toEqual(['1', '2', '3', '4', '5']);
  });

  test('of a transcript, by the rows of each word', async () => {
    const commands = (rows: number) =>
      statisticsOf(
        'said',
        column((row) => (row % 2 ? 'stop' : 'go on'), rows),
      );
    const settings = async (rows: number) => inferTarget(await commands(rows), 'text');
    expect((await settings(20)).target).toMatchObject({ kind: 'text', settings: { symbols: 'words' } });
    expect((await settings(20)).target.classes).toEqual(['go', 'on', 'stop']);
    expect((await settings(4)).target.settings).toEqual({ symbols: 'characters' });
    const beeps = await statisticsOf(
      'said',
      column((row) => (row % 2 ? 'beep' : 'beep beep')),
    );
    expect(inferTarget(beeps, 'text')).toMatchObject({ target: { classes: ['beep'] }, why: 'transcripts of 1 word' });
    const glyphs = await statisticsOf(
      'said',
      column((row) => String.fromCodePoint(0x4e00 + row), 1001),
    );
    expect(() => inferTarget(glyphs, 'text')).toThrow("the target 'said' has 1,001 characters; expected at most 1,000");
  });

  test.each<[string, Cell[], string | RegExp]>([
    ['no rows', [], 'it has no rows'],
    ['all missing', column(() => ''), "the target 'label' has no value in any of 400 rows"],
    ['one class', column(() => 'a'), "the target 'label' has one value, 'a', in all rows"],
    [
      'a text of its own in every row',
      column((row) => `text ${row}`),
      "the target 'label' has a value of its own in every row, such as 'text 0'",
    ],
    ['an identifier', column((row) => row), "the target 'label' is an integer of its own in every row"],
    ['images', column((row) => `${row}.png`), "the target 'label' is a column of images"],
    ['dates', column(day), "the target 'label' is a column of dates"],
    [
      '2,000 classes',
      column((row) => `c${row % 2000}`, 6000),
      "the target 'label' has 2,000 classes; expected 2 to 1,000",
    ],
    [
      '40,000 classes',
      column((row) => `c${row % 40_000}`, 90_000),
      /has about (39|40),\d+ classes; expected 2 to 1,000/,
    ],
  ])('%s is refused', async (_, cells, message) => {
    const statistics = await statisticsOf('label', cells);
    expect(() => inferTarget(statistics)).toThrow(message);
  });

  test('texts are no numbers', async () => {
    const statistics = await statisticsOf(
      'label',
      column(() => oneOf('a', 'b')),
    );
    expect(() => inferTarget(statistics, 'number')).toThrow("the target 'label' holds no numbers, such as 'a', 'b'");
    expect(() => inferTarget(statistics, 'ordinal')).toThrow('classes that are no numbers');
  });
});
