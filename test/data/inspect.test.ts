import { describe, expect, test } from 'vitest';
import { inspectTable } from '../../src/data/inspect.js';
import type { Schema } from '../../src/data/schema.js';
import type { Cell } from '../../src/data/table.js';
import { Generator } from '../../src/tensor/index.js';
import { tableOf } from '../support/tables.js';

const ROWS = 300;
const draw = new Generator(4);
const WORDS = 'old bear sleeps under tree while rain falls nose nobody minds'.split(' ');
const COLUMNS = ['id', 'text', 'size', 'color', 'day', 'person', 'part', 'label'];
const cells = Array.from({ length: ROWS }, (_, row): Cell[] => [
  row + 1,
  Array.from({ length: 7 }, () => WORDS[draw.integer(WORDS.length)]).join(' '),
  row % 10 === 0 ? undefined : draw.normal(),
  ['red', 'blue', 'green'][draw.integer(3)],
  new Date(Date.UTC(2020, 0, 1 + draw.integer(500))),
  `person ${draw.integer(40)}`,
  ['train', 'train', 'train', 'test'][draw.integer(4)],
  row % 25 === 0 ? undefined : ['cat', 'dog'][draw.integer(2)],
]);
const table = tableOf(COLUMNS, cells);
const kindsOf = ({ target, fields, ignored }: Schema) => ({
  ...(target === undefined ? {} : { [target.column]: `target: ${target.kind}` }),
  ...Object.fromEntries(fields.map(({ column, kind }) => [column, kind])),
  ...Object.fromEntries(ignored.map(({ column }) => [column, 'ignored'])),
});
const INFERRED = {
  id: 'ignored',
  text: 'text',
  size: 'number',
  color: 'category',
  day: 'date',
  person: 'category',
  part: 'category',
  label: 'category',
};

describe('the schema', () => {
  test('of a table without a target', async () => {
    const { schema, parts, reasons } = await inspectTable(table);
    expect(kindsOf(schema)).toEqual(INFERRED);
    expect(parts.rows).toEqual({ train: 240, validation: 30, test: 30, withoutTarget: 0 });
    expect([...reasons.keys()]).toEqual(COLUMNS);
  });

  test('of a target and kinds that were chosen', async () => {
    const overrides = { text: ['color'], category: ['id'], ignore: ['person'] };
    const { schema, reasons, parts } = await inspectTable(table, { target: 'label', overrides });
    expect(kindsOf(schema)).toEqual({
      ...INFERRED,
      label: 'target: category',
      color: 'text',
      id: 'category',
      person: 'ignored',
    });
    expect(schema.target?.classes).toEqual(['cat', 'dog']);
    expect(['color', 'person', 'label', 'size'].map((name) => reasons.get(name))).toEqual([
      'as asked',
      'as asked',
      '2 distinct values',
      'all of the cells are numbers, 270 distinct',
    ]);
    expect(parts.rows.withoutTarget).toBe(12);
  });

  test('of one that is given: what is not in it is ignored, and its split is kept', async () => {
    const { schema: first } = await inspectTable(table, {
      target: 'label',
      split: { by: 'time', column: 'day', fractions: { train: 0.5, validation: 0.2, test: 0.3 } },
    });
    const given = { ...first, fields: first.fields.filter(({ column }) => column !== 'size') };
    const { schema, reasons, parts } = await inspectTable(table, { schema: given });
    expect(kindsOf(schema)).toEqual({ ...INFERRED, label: 'target: category', size: 'ignored' });
    expect([reasons.get('size'), reasons.get('label')]).toEqual(['not in the schema', 'as the schema says']);
    expect(schema.split).toEqual(first.split);
    expect(parts.rows.train).toBeGreaterThan(130);
    expect(parts.rows.train).toBeLessThan(160);
  });

  test.each(['person', 'part'])(
    'a column that rows are split by is ignored, unless it is given a kind: %s',
    async (column) => {
      const fractions = { train: 0.8, validation: 0.1, test: 0.1 };
      const split =
        column === 'part'
          ? ({ by: 'column', column, seed: 0 } as const)
          : ({ by: 'group', column, fractions, seed: 0 } as const);
      const { schema } = await inspectTable(table, { target: 'label', split });
      expect(kindsOf(schema)).toEqual({ ...INFERRED, label: 'target: category', [column]: 'ignored' });
      const chosen = await inspectTable(table, { target: 'label', split, overrides: { category: [column] } });
      expect(kindsOf(chosen.schema)).toEqual({ ...INFERRED, label: 'target: category' });
    },
  );
});

test('rows with images are drawn, at most 36, always the same', async () => {
  const rows = Array.from({ length: 500 }, (_, row): Cell[] => [row % 3 === 0 ? `${row}.png` : undefined, row % 2]);
  const images = tableOf(['photo', 'label'], rows);
  const { withFiles } = await inspectTable(images, { target: 'label' });
  const numbers = withFiles.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(36);
  for (const { cells } of withFiles) expect(cells[0]).toMatch(/png$/);
  expect(Math.max(...numbers)).toBeGreaterThan(250);
  expect((await inspectTable(images)).withFiles.map(({ number }) => number)).toEqual(numbers);
  expect((await inspectTable(table)).withFiles).toEqual([]);
});

test('rows that cannot be read are counted once', async () => {
  const { errors, statistics } = await inspectTable(tableOf(COLUMNS, cells), { onError: 'skip' });
  expect([errors.count, statistics.rows]).toEqual([0, ROWS]);
});

test('a table of two rows can be described, not split', async () => {
  const tiny = tableOf(
    ['a', 'label'],
    [
      [1, 'x'],
      [2, 'y'],
    ],
  );
  expect((await inspectTable(tiny)).parts.rows).toMatchObject({ withoutTarget: 0 });
  await expect(inspectTable(tiny, { target: 'label' })).rejects.toThrow('no row of 2 is left for validation and test');
});

test.each([
  ['lable', {}, "--target: there is no column 'lable' (did you mean 'label'?)"],
  ['id', {}, "the target 'id' is an integer of its own in every row"],
  ['label', { ignore: ['label'] }, "--ignore: 'label' is the target"],
  ['label', { text: ['x'] }, "--text: there is no column 'x'"],
])('target %j with %j is refused', async (target, overrides, message) => {
  await expect(inspectTable(table, { target, overrides })).rejects.toThrow(message);
});
