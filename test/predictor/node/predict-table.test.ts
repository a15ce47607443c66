import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CellErrors } from '../../../src/data/cell-errors.js';
import type { Table } from '../../../src/data/table.js';
import { type AnsweredRow, answersAsCsv, predictTable } from '../../../src/predictor/node/predict-table.js';
import type { Predictor } from '../../../src/predictor/node/predictor.js';
import { setDefaultDevice } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';
import { predictorIn, temporaryFolder } from '../../support/predictor.js';
import { TARGETS } from '../../support/runs.js';
import { tableOf } from '../../support/tables.js';

const folder = temporaryFolder();
let predictor: Predictor;
beforeAll(async () => {
  setDefaultDevice(reference);
  predictor = await predictorIn(path.join(folder, 'label'), TARGETS.category, ['number', 'category']);
});
afterAll(() => setDefaultDevice(undefined));

async function answered(table: Table, onError: 'stop' | 'skip' | 'missing' = 'stop') {
  const rows: AnsweredRow[] = [];
  let noted: CellErrors | undefined;
  const onErrors = (errors: CellErrors) => {
    noted = errors;
  };
  for await (const chunk of predictTable(predictor, table, { onError, onErrors })) rows.push(...chunk);
  return { rows, errors: noted };
}

const csvOf = async (of: Predictor, table: Table) => {
  let text = '';
  for await (const part of answersAsCsv(of, table, predictTable(of, table, { onError: 'stop' }))) text += part;
  return text;
};

const table = tableOf(
  ['id', 'brand', 'price'],
  [
    ['a', 'x', '1'],
    ['b', undefined, undefined],
    ['c', 'y', '2'],
    ['d', 'x', '1'],
  ],
);

test('answers every row, of columns in any order, also one without cells', async () => {
  const { rows, errors } = await answered(table);
  expect(rows.map(({ file, row, others }) => [file, row, others.id])).toEqual([
    ['table', 1, 'a'],
    ['table', 2, 'b'],
    ['table', 3, 'c'],
    ['table', 4, 'd'],
  ]);
  expect(rows[3].answer.probability).toBeCloseTo(rows[0].answer.probability ?? Number.NaN, 6);
  const { prediction, probability } = await predictor.predict({ price: '1', brand: 'x' });
  expect(rows[0].answer).toMatchObject({ prediction, probability: expect.closeTo(probability ?? Number.NaN, 6) });
  expect(errors?.count).toBe(0);
});

test('cells that cannot be used stop, leave out their row, or count as absent', async () => {
  const bad = tableOf(
    ['price', 'brand'],
    [
      [1, 'x'],
      ['much', 'y'],
      [3, 'z'],
    ],
  );
  await expect(answered(bad)).rejects.toThrow("table, row 2, column 'price'");
  const skipped = await answered(bad, 'skip');
  expect([skipped.rows.map(({ row }) => row), skipped.errors?.skippedRows]).toEqual([[1, 3], 1]);
  expect((await answered(bad, 'missing')).rows.map(({ row }) => row)).toEqual([1, 2, 3]);
});

test('a table that lacks a column is refused, with what to do', async () => {
  await expect(answered(tableOf(['price', 'bramd'], [[1, 'x']]))).rejects.toThrow(
    "table: there is no column 'brand' (did you mean 'bramd'?); there are price, bramd; the model reads 'brand': rename a column, or add one, whose cells may be empty",
  );
});

test('answers as CSV', async () => {
  const [head, ...lines] = (await csvOf(predictor, table)).trimEnd().split('\n');
  expect(head).toBe(
    'file,row,id,predicted label,probability,probability of fruit,probability of plant,probability of vehicle',
  );
  expect(lines).toHaveLength(4);
  expect(lines[1]).toMatch(/^table,2,b,(fruit|plant|vehicle)(,0\.\d+){4}$/);
});

test('numbers and tags as CSV', async () => {
  const ofNumber = await predictorIn(path.join(folder, 'amount'), TARGETS.number, ['number', 'category']);
  expect(await csvOf(ofNumber, table)).toMatch(/^file,row,id,predicted amount\ntable,1,a,-?\d+\.\d+\n/);
  const ofTags = await predictorIn(path.join(folder, 'topics'), TARGETS.tags, ['number', 'category']);
  const [head, first] = (await csvOf(ofTags, table)).split('\n');
  expect(head).toBe('file,row,id,predicted topics,probability of eat,probability of go,probability of grow');
  expect(first).toMatch(/^table,1,a,[a-z;]*(,0\.\d+){3}$/);
});

test('the paths of images stand beside the answers, as cells that are not read do', async () => {
  const ofImages = await predictorIn(path.join(folder, 'photos'), TARGETS.category, ['image', 'number']);
  const photos = tableOf(
    ['id', 'photo', 'price'],
    [
      [7n, undefined, '1'],
      [8n, 'a.png', '2'],
    ],
  );
  const rows: AnsweredRow[] = [];
  const decodeImage = async (_: Uint8Array, { height, width }: { height: number; width: number }) =>
    new Uint8Array(height * width * 3);
  const readable = { ...photos, rows: () => photos.rows(), readFile: async () => new Uint8Array(1) };
  for await (const chunk of predictTable(ofImages, readable, { onError: 'stop', decodeImage })) rows.push(...chunk);
  expect(rows.map(({ others }) => others)).toEqual([
    { id: '7', photo: undefined },
    { id: '8', photo: 'a.png' },
  ]);
});
