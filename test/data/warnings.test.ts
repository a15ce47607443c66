import { describe, expect, test } from 'vitest';
import { type InspectOptions, inspectTable } from '../../src/data/inspect.js';
import type { Cell } from '../../src/data/table.js';
import { Generator } from '../../src/tensor/index.js';
import { tableOf } from '../support/tables.js';

const ROWS = 300;
const draw = new Generator(6);
const column = (cell: (row: number) => Cell): Cell[] => Array.from({ length: ROWS }, (_, row) => cell(row));
const labels = column(() => ['cat', 'dog'][draw.integer(2)]);
const noise = column(() => draw.normal());

/** What looks wrong with a table of a number, a label and other columns, as 'code: message'. */
async function warningsOf(columns: Record<string, Cell[]>, options: InspectOptions = {}): Promise<string[]> {
  const all = { noise, label: labels, ...columns };
  const rows = noise.map((_, row) => Object.values(all).map((cells) => cells[row]));
  const { warnings } = await inspectTable(tableOf(Object.keys(all), rows), { target: 'label', ...options });
  return warnings.map(({ code, message }) => `${code}: ${message}`);
}

test('nothing looks wrong with a table that is in order', async () => {
  expect(await warningsOf({ color: column((row) => ['red', 'blue', undefined][row % 3]) })).toEqual([]);
});

describe('fields', () => {
  test('identifiers and constants that were asked for', async () => {
    const columns = { id: column((row) => row + 1), same: column(() => 'x') };
    expect(await warningsOf(columns, { overrides: { number: ['id'], category: ['same'] } })).toEqual([
      "identifier: 'id' is an identifier: a different integer in every row, counting on by one",
      "constant: 'same' is the same value in every row: 'x'",
    ]);
    expect(await warningsOf(columns)).toEqual([]);
  });

  test('values that are mostly missing', async () => {
    const rare = column((row) => (row % 4 === 0 ? draw.normal() : undefined));
    expect(await warningsOf({ rare })).toEqual(["missing: 'rare' is missing in 75.0% of the rows"]);
  });

  test('cells that cannot be read', async () => {
    const size = column((row) => (row === 5 ? 'big' : row === 8 || row === 9 ? 'tall' : draw.normal()));
    expect(await warningsOf({ size })).toEqual([
      "unreadable: 'size' has 3 cells that are no number: 'big', 'tall'; take them as missing: --on-error missing",
    ]);
    const day = column((row) => (row === 5 ? '2020-13-45' : `2020-0${1 + (row % 9)}-1${row % 7}`));
    expect(await warningsOf({ day })).toEqual([
      "unreadable: 'day' has a cell that is no date: '2020-13-45'; take them as missing: --on-error missing",
    ]);
  });

  test('a column that gives the target away', async () => {
    const species = labels.map((label) => (label === 'cat' ? 'Felis' : 'Canis'));
    expect(await warningsOf({ species })).toEqual([
      "leak: 'species' is one-to-one with the target; if it is not known when predicting: --ignore species",
    ]);
  });
});

describe('the target', () => {
  test('classes that differ in case or spaces alone', async () => {
    const label = column((row) => ['Hot dog', 'hot dog', 'hot  dog', 'cat'][row % 4]);
    expect(await warningsOf({ label })).toEqual([
      "similar classes: 'Hot dog' and 'hot dog', 'Hot dog' and 'hot  dog' are classes that differ in case or spaces alone; if they are one, write them alike",
    ]);
  });

  test('rows without one', async () => {
    const label = labels.map((name, row) => (row < 12 ? undefined : name));
    expect(await warningsOf({ label })).toEqual([
      "rows without a target: 12 of 300 rows have no 'label' and are left out",
    ]);
  });

  test('classes of one row, and of many', async () => {
    const label = labels.map((_, row) => (row === 3 ? 'bird' : row === 4 ? 'fish' : row < 40 ? 'cat' : 'dog'));
    expect(await warningsOf({ label })).toEqual([
      "rare class: 'bird', 'fish' have one row: nothing is left to judge it by",
      "imbalance: 'dog' has 260 rows, 'fish' 1: accuracy says little, look at each class",
    ]);
  });
});

describe('duplicates', () => {
  test('rows that occur twice, also across the split', async () => {
    const copies = noise.map((number, row) => (row >= 200 ? noise[row - 200] : number));
    const label = labels.map((name, row) => (row >= 200 ? labels[row - 200] : name));
    const part = column((row) => (row < 180 ? 'train' : row < 230 ? 'validation' : 'test'));
    const split = { by: 'column', column: 'part', seed: 0 } as const;
    expect(await warningsOf({ noise: copies, label, part }, { split })).toEqual([
      'duplicates: 100 rows equal another of 300 in all columns that are used',
      'duplicates across the split: 100 held-out rows equal a training row: the test flatters the model; remove them, or split with --group',
    ]);
  });
});
