import { describe, expect, test } from 'vitest';
import { tableStatistics } from '../../src/data/columns.js';
import { type Overrides, overrideSchema } from '../../src/data/overrides.js';
import { expectColumns, parseSchema, type Schema, targetOf } from '../../src/data/schema.js';
import { tableOf } from '../support/tables.js';

const schema: Schema = {
  version: 1,
  target: { column: 'label', kind: 'category', settings: {}, classes: ['cat', 'dog'] },
  fields: [
    { column: 'title', kind: 'text', settings: {} },
    { column: 'price', kind: 'number', settings: { decimal: ',' }, state: { mean: 1 } },
  ],
  ignored: [{ column: 'id', reason: 'an identifier' }],
  split: { by: 'fraction', fractions: { train: 0.8, validation: 0.1, test: 0.1 }, seed: 0 },
};

describe('parseSchema', () => {
  test('returns what JSON brought back', () => {
    expect(parseSchema(JSON.parse(JSON.stringify(schema)))).toEqual(schema);
    for (const split of [
      { by: 'group', column: 'id', fractions: { train: 0.5, validation: 0, test: 0.5 }, seed: 3 },
      { by: 'time', column: 'price', fractions: { train: 0.8, validation: 0.1, test: 0.1 } },
      { by: 'column', column: 'id', seed: 0 },
      { by: 'files', files: { 'a.csv': 'train', 'b.csv': 'test' }, seed: 0 },
    ])
      expect(parseSchema({ ...schema, split }).split).toEqual(split);
  });

  const { fields, ignored, split, target } = schema;
  test.each<[unknown, string]>([
    [undefined, 'schema: expected an object of options'],
    [[], 'schema: expected an object of options'],
    [{ ...schema, fieldz: [] }, "schema: there is no option 'fieldz' (did you mean 'fields'?)"],
    [{ ...schema, version: 2 }, 'schema: expected version 1, got 2'],
    [{ ...schema, target: 'label' }, "schema: target must be an object, got 'label'"],
    [
      { ...schema, target: { ...target, kind: 'categroy' } },
      "schema.target: there is no kind 'categroy' (did you mean 'category'?)",
    ],
    [
      { ...schema, target: { ...target, classes: ['a', 'a'] } },
      'schema.target: classes must be a list of 2 to 1000 different texts',
    ],
    [{ ...schema, target: { ...target, kind: 'number' } }, "a target of kind 'number' has no classes, got some"],
    [
      { ...schema, target: { column: 'label', kind: 'tags', settings: {} } },
      "a target of kind 'tags' has a list of classes, got none",
    ],
    [{ ...schema, fields: {} }, 'schema: fields must be a list'],
    [{ ...schema, fields: [7] }, 'schema.fields[0]: expected an object of options'],
    [
      { ...schema, fields: [...fields, { column: 'x', kind: 'pixels', settings: {} }] },
      "schema.fields[2]: there is no kind 'pixels'",
    ],
    [
      { ...schema, fields: [{ column: 'x', kind: 'text' }] },
      'schema.fields[0]: settings must be an object, got undefined',
    ],
    [
      { ...schema, fields: [{ column: 'x', kind: 'text', settings: { maxLength: 8 } }] },
      "schema.fields[0], column 'x': text: there is no option 'maxLength' (did you mean 'maximumLength'?)",
    ],
    [
      { ...schema, fields: [{ column: 'x', kind: 'image', settings: { size: 0 } }] },
      "schema.fields[0], column 'x': image: size must be",
    ],
    [{ ...schema, ignored: [{ column: 'x' }] }, 'schema.ignored[0]: reason must be a string, got undefined'],
    [{ ...schema, ignored: [...ignored, { column: 'title', reason: '' }] }, "column 'title' occurs twice"],
    [{ ...schema, split: { ...split, by: 'magic' } }, "schema.split: there is no way to split 'magic'"],
    [{ ...schema, split: { ...split, seed: -1 } }, 'schema.split: seed must be a non-negative integer, got -1'],
    [{ ...schema, split: { ...split, column: 'id' } }, "schema.split: there is no option 'column'"],
    [{ ...schema, split: { ...split, fractions: { train: 0.8, validation: 0.1, test: 0.2 } } }, 'must add up to 1'],
    [{ ...schema, split: { ...split, fractions: { train: 0, validation: 0.5, test: 0.5 } } }, 'with rows to train on'],
    [
      { ...schema, split: { by: 'files', files: { 'a.csv': 'training' }, seed: 0 } },
      "files['a.csv']: there is no part 'training'",
    ],
  ])('%# names what is wrong', (json, message) => {
    expect(() => parseSchema(json)).toThrow(message);
  });
});

test('a schema must fit the table, and have a target to train on', () => {
  expectColumns(schema, ['label', 'title', 'price', 'id', 'more']);
  expect(() => expectColumns(schema, ['label', 'titel', 'price', 'id'])).toThrow(
    "schema: there is no column 'title' (did you mean 'titel'?); there are label, titel, price, id",
  );
  const split = { by: 'column', column: 'part', seed: 0 } as const;
  expect(() => expectColumns({ ...schema, split }, ['label', 'title', 'price', 'id'])).toThrow(
    "schema.split: there is no column 'part'",
  );
  expect(targetOf(schema)).toBe(schema.target);
  expect(() => targetOf({ ...schema, target: undefined })).toThrow('--target COLUMN, one of title, price, id');
});

describe('overrideSchema', () => {
  const table = tableOf(
    ['id', 'title', 'price', 'when', 'label', 'extra'],
    Array.from({ length: 12 }, (_, row) => [
      row,
      `a title ${row}`,
      '1,5',
      '31/12/2020',
      ['cat', 'dog'][row % 2],
      row % 3,
    ]),
  );
  const override = async (overrides: Overrides) =>
    overrideSchema(schema, overrides, (await tableStatistics(table)).columns);

  test('without overrides, columns of the table that the schema does not know are ignored', async () => {
    expect(await override({})).toEqual({
      ...schema,
      ignored: [
        ...schema.ignored,
        { column: 'when', reason: 'not in the schema' },
        { column: 'extra', reason: 'not in the schema' },
      ],
    });
  });

  test('fields change their kind, ignored columns become fields, fields are ignored', async () => {
    const { fields, ignored } = await override({
      category: ['title', 'id'],
      ignore: ['price'],
      date: ['when'],
      number: ['extra'],
    });
    expect(fields).toEqual([
      { column: 'id', kind: 'category', settings: {} },
      { column: 'title', kind: 'category', settings: {} },
      { column: 'when', kind: 'date', settings: { dayFirst: true } },
      { column: 'extra', kind: 'number', settings: {} },
    ]);
    expect(ignored).toEqual([{ column: 'price', reason: 'as asked' }]);
  });

  test('the same kind again keeps settings and state', async () => {
    expect((await override({ number: ['price'] })).fields[1]).toEqual(schema.fields[1]);
  });

  test('the kind of the target decides the task', async () => {
    const numbered = {
      ...schema,
      target: { column: 'extra', kind: 'category', settings: {}, classes: ['0', '1', '2'] },
    } as const;
    const { columns } = await tableStatistics(table);
    expect(overrideSchema(numbered, { number: ['extra'] }, columns).target).toEqual({
      column: 'extra',
      kind: 'number',
      settings: {},
    });
    expect((await override({ boolean: ['label'] })).target).toEqual(schema.target);
  });

  test.each<[Overrides, string]>([
    [{ text: ['tilte'] }, "--text: there is no column 'tilte' (did you mean 'title'?); there are id, title"],
    [{ text: ['title'], ignore: ['title'] }, "column 'title' is given twice: --text and --ignore"],
    [{ number: ['price', 'price'] }, "column 'price' is given twice: --number and --number"],
    [{ ignore: ['label'] }, "--ignore: 'label' is the target"],
    [{ image: ['label'] }, "--image: 'label' is the target"],
    [{ number: ['label'] }, "the target 'label' holds no numbers"],
  ])('%j is refused', async (overrides, message) => {
    await expect(override(overrides)).rejects.toThrow(message);
  });
});
