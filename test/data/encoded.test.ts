import { expect, test } from 'vitest';
import { CellErrors } from '../../src/data/cell-errors.js';
import { type EncodedRows, encodeTable } from '../../src/data/encoded.js';
import { learnFields } from '../../src/data/learn-fields.js';
import type { Schema, SchemaTarget } from '../../src/data/schema.js';
import type { Table } from '../../src/data/table.js';
import { TesseraError } from '../../src/tensor/index.js';
import { expectClose } from '../support/numbers.js';
import { tableOf } from '../support/tables.js';

const columns = ['title', 'price', 'brand', 'label'];
const label: SchemaTarget = { column: 'label', kind: 'category', settings: {}, classes: ['car', 'pear'] };
const schemaOf = (fields: Schema['fields'], target?: SchemaTarget): Schema => ({
  version: 1,
  fields,
  target,
  ignored: [],
  split: { by: 'fraction', fractions: { train: 1, validation: 0, test: 0 }, seed: 0 },
});
const fields: Schema['fields'] = [
  { column: 'title', kind: 'text', settings: { minimumCount: 1 } },
  { column: 'price', kind: 'number', settings: {} },
  { column: 'brand', kind: 'category', settings: { minimumCount: 1 } },
];
const schema = schemaOf(fields, label);
const table = tableOf(columns, [
  ['red car', '1', 'x', 'car'],
  ['blue car', '3', 'x', 'car'],
  ['green pear', '1000000', 'planted', 'pear'], // validation: an outlier, unseen words and an unseen brand
  ['red pear', '', 'y', 'pear'],
]);
const parts = Uint8Array.of(0, 0, 1, 0);
const learnTrain = (of: Table) => learnFields(of, schema, parts);

/** The values of a tensor of all rows. */
async function valuesOf(encoded: EncodedRows, field: string, name: string): Promise<number[]> {
  const batch = await encoded.batch(Uint32Array.from({ length: encoded.size }, (_, row) => row));
  return Array.from(await batch.fields[field][name].data());
}

test('everything is learned from training rows alone', async () => {
  const learned = await learnTrain(table);
  expect(learned).toMatchObject(schema);
  expect(learned.fields.map(({ state }) => state)).toMatchObject([
    { vocabulary: ['red', 'car', 'blue', 'pear'] },
    { mean: 2, deviation: 1 },
    { values: ['x', 'y'] },
  ]);
});

test('a table is encoded, by parts', async () => {
  const learned = await learnTrain(table);
  const { encoded, ...rows } = await encodeTable(table, JSON.parse(JSON.stringify(learned)), parts);
  expect(rows).toEqual({
    train: Uint32Array.of(0, 1, 3),
    validation: Uint32Array.of(2),
    test: Uint32Array.of(),
    withoutTarget: 0,
  });
  expect(await valuesOf(encoded, 'brand', 'ids')).toEqual([2, 2, 1, 3]);
  expectClose(await valuesOf(encoded, 'price', 'values'), [-1, 1, 999_998, 0]);
  expect(await valuesOf(encoded, 'price', 'present')).toEqual([1, 1, 1, 0]);
  const batch = await encoded.batch(Uint32Array.of(3, 0));
  expect(Array.from(await batch.target!.data())).toEqual([1, 0]);
  expect(batch.rows).toEqual(Uint32Array.of(3, 0));
  expect(encoded.originOf(2)).toEqual({ file: 'table', number: 3 });
});

test('rows of no part are left out, and without parts all are for the test', async () => {
  const learned = await learnTrain(table);
  const { encoded, train, test } = await encodeTable(table, learned, Uint8Array.of(0, 3, 3, 2));
  expect([encoded.size, train, test]).toEqual([2, Uint32Array.of(0), Uint32Array.of(1)]);
  expect((await encodeTable(table, learned)).test).toEqual(Uint32Array.of(0, 1, 2, 3));
});

test('a table that has changed since its rows were divided is refused', async () => {
  const learned = await learnTrain(table);
  for (const other of [parts.subarray(1), Uint8Array.of(...parts, 0)])
    await expect(encodeTable(table, learned, other)).rejects.toThrow(
      `table: it has changed while it was read: ${other.length} rows before, 4 now; start again`,
    );
});

test('a table without the target is encoded too', async () => {
  const unlabeled = tableOf(['price', 'brand', 'title'], [['2', 'y', 'car']]);
  const { encoded } = await encodeTable(unlabeled, await learnTrain(table));
  expect((await encoded.batch(Uint32Array.of(0))).target).toBeUndefined();
});

test.each<[SchemaTarget, number[], number[]]>([
  [{ column: 'y', kind: 'number', settings: { decimal: ',' } }, [2, 1], [-1, 1]],
  [{ column: 'z', kind: 'tags', settings: { separator: ';' }, classes: ['a', 'b'] }, [2, 2], [1, 1, 0, 0]],
  [{ column: 'x', kind: 'ordinal', settings: {}, classes: ['1', '2'] }, [2], [0, 1]],
])('a target of kind $kind has its tensor', async (target, shape, expected) => {
  const other = tableOf(
    ['x', 'y', 'z'],
    [
      ['1', '10,5', 'a;b'],
      ['2', '30,5', ['c']],
    ],
  );
  const learned = await learnFields(
    other,
    schemaOf([{ column: 'x', kind: 'number', settings: {} }], target),
    Uint8Array.of(0, 0),
  );
  const { encoded } = await encodeTable(other, JSON.parse(JSON.stringify(learned)));
  const batch = await encoded.batch(Uint32Array.of(0, 1));
  expect(Array.from(await batch.target!.data())).toEqual(expected);
  expect(batch.target!.shape).toEqual(shape);
});

const dirty = tableOf(columns, [
  ['red car', '1', 'x', 'car'],
  ['blue car', 'three', 'x', 'car'],
  ['red pear', '5', 'y', ''],
  ['red pear', '7', 'y', 'pear'],
  ['red pear', '7', 'y', 'plum'],
]);
/** The parts of the rows that can be used: they are trained on. */
const clean = Uint8Array.of(0, 3, 3, 0, 3);

test('cells that cannot be used stop the work, named by file, row and column', async () => {
  const message = "table, row 2, column 'price': expected a finite number, got 'three'";
  await expect(learnFields(dirty, schema, new Uint8Array(5))).rejects.toThrow(message);
  const learned = await learnFields(dirty, schema, clean);
  await expect(encodeTable(dirty, learned)).rejects.toThrow(message);
});

test('cells that cannot be used are named together, of whichever part their rows are', async () => {
  const held = learnFields(dirty, schema, Uint8Array.of(0, 1, 3, 0, 2));
  await expect(held).rejects.toThrow(
    "2 cells cannot be used:\n  table, row 2, column 'price': expected a finite number, got 'three'\n  table, row 5, column 'label': the class 'plum' is none of the 2 learned",
  );
});

test.each([
  ['skip', [1, 4], [-1, 1], 1],
  ['missing', [1, 2, 4], [-1, 0, 1], 2],
] as const)("with '%s' rows without a target are left out and counted, and the rest as said", async (...expected) => {
  const [onError, numbers, prices, without] = expected;
  const learned = await learnFields(dirty, schema, clean);
  const errors = new CellErrors(onError);
  const { encoded, test, withoutTarget } = await encodeTable(dirty, learned, undefined, { errors });
  expect(withoutTarget).toBe(without);
  expect(errors.first.map(({ message }) => message)).toEqual([
    "table, row 2, column 'price': expected a finite number, got 'three'",
    "table, row 5, column 'label': the class 'plum' is none of the 2 learned",
  ]);
  expect(Array.from(test, (row) => encoded.originOf(row).number)).toEqual(numbers);
  expectClose(await valuesOf(encoded, 'price', 'values'), prices);
});

test('the hash of encoded rows is of their cells, in their order', async () => {
  const learned = await learnFields(dirty, schema, clean);
  const hashOf = async (...rows: string[][]) => (await encodeTable(tableOf(columns, rows), learned)).encoded.hash;
  const [a, b] = [
    ['red car', '1', 'x', 'car'],
    ['red pear', '7', 'y', 'pear'],
  ];
  const hash = await hashOf(a, b);
  expect(await hashOf(a, b)).toBe(hash);
  expect(
    new Set([hash, await hashOf(b, a), await hashOf(a, ['red pear', '8', 'y', 'pear']), await hashOf(a)]).size,
  ).toBe(4);
});

/** Images, of which the names of two in a hundred are texts that cannot be decoded. */
const photos = tableOf(
  ['photo', 'label'],
  Array.from({ length: 100 }, (_, row) => [row % 50 === 7 ? 'text.png' : 'photo.png', row % 2 === 0 ? 'car' : 'pear']),
);
const decodeImage = async (bytes: Uint8Array): Promise<Uint8Array> => {
  if (bytes.length === 0) throw new TesseraError('cannot decode it');
  return Uint8Array.from({ length: 12 }, (_, at) => at);
};
const readable: Table = {
  ...photos,
  rows: (errors) => photos.rows(errors),
  readFile: async (path) => new Uint8Array(path === 'text.png' ? 0 : 1),
};
const learnPhotos = () =>
  learnFields(
    readable,
    schemaOf([{ column: 'photo', kind: 'image', settings: { size: 2 } }], label),
    new Uint8Array(100),
    {
      decodeImage,
    },
  );

test('files that cannot be used are found before any batch, and stop the work', async () => {
  const progress: [number, number][] = [];
  const onChecked = (done: number, all: number) => progress.push([done, all]);
  await expect(encodeTable(readable, await learnPhotos(), undefined, { decodeImage, onChecked })).rejects.toThrow(
    "2 cells cannot be used:\n  table, row 8, column 'photo': cannot decode it\n  table, row 58, column 'photo': cannot",
  );
  expect(progress).toEqual([
    [64, 100],
    [100, 100],
  ]);
});

test.each([
  ['skip', 98, 0],
  ['missing', 100, 2],
] as const)("with '%s' they are as said", async (onError, size, absent) => {
  const errors = new CellErrors(onError);
  const { encoded, test } = await encodeTable(readable, await learnPhotos(), undefined, { decodeImage, errors });
  expect([test.length, errors.count]).toEqual([size, 2]);
  const { present } = (await encoded.batch(test)).fields.photo;
  expect(Array.from(await present.data()).filter((value) => value === 0)).toHaveLength(absent);
});

test('what the table or the fields lack is said before a row is read', async () => {
  const unread = { ...table, rows: () => expect.unreachable('rows were read') };
  const cases: [Schema, string][] = [
    [
      schemaOf([{ column: 'prize', kind: 'number', settings: {} }]),
      "there is no column 'prize' (did you mean 'price'?)",
    ],
    [schemaOf([{ column: 'price', kind: 'number', settings: { scale: 1 } }]), "number: there is no option 'scale'"],
    [schemaOf([{ column: 'title', kind: 'image', settings: {} }]), "column 'title' has images, and no decodeImage"],
  ];
  for (const [wrong, message] of cases)
    await expect(learnFields(unread, wrong, parts), message).rejects.toThrow(message);
  await expect(encodeTable(unread, schema)).rejects.toThrow("column 'title' has no state");
});

test('a column from which nothing can be learned is named', async () => {
  await expect(learnFields(table, schema, Uint8Array.of(3, 3, 3, 0))).rejects.toThrow(
    "table: column 'price' as number (to leave it out: --ignore price): no training row has a value",
  );
});
