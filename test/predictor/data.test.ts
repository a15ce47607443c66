import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Table } from '../../src/data/table.js';
import { prepareData } from '../../src/predictor/data.js';
import { targetsOf } from '../../src/predictor/targets.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from '../support/devices.js';
import { expectClose } from '../support/numbers.js';
import { dataOf, partsOf, schemaOf, TARGETS, things } from '../support/runs.js';
import { allCells, tableOf } from '../support/tables.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const stop = { onError: 'stop' } as const;
const schema = schemaOf(TARGETS.category, ['number', 'category']);

/** A table that counts the passes over it. */
function counted(table: Table): Table & { passes: number } {
  const own = {
    ...table,
    passes: 0,
    rows(errors?: Parameters<Table['rows']>[0]) {
      own.passes++;
      return table.rows(errors);
    },
  };
  return own;
}

test('learns from the training rows and encodes all, in two passes; what is learned already needs one', async () => {
  const table = counted(things(20));
  const data = await prepareData(table, schema, partsOf(20), stop);
  expect([data.train.length, data.validation.length, data.test.length, table.passes]).toEqual([12, 4, 4, 2]);
  const again = await prepareData(table, data.schema, partsOf(20), stop);
  expect(again.schema).toBe(data.schema);
  expect(table.passes).toBe(3);
});

test('targets are in their unit', async () => {
  const data = await dataOf(TARGETS.number, ['category'], 20);
  const amounts = (await allCells(things(20))).map((cells) => Number(cells[9]));
  const targets = Array.from(await targetsOf(data, data.test));
  expectClose(
    targets,
    [4, 9, 14, 19].map((row) => amounts[row]),
  );
});

test.each(['train', 'validation', 'test'])('refuses a table without rows for %s', async (part) => {
  const index = ['train', 'validation', 'test'].indexOf(part);
  const parts = partsOf(20).map((own) => (own === index ? 3 : own));
  const expected = part === 'train' ? /./ : `no rows are left for ${part}`;
  await expect(prepareData(things(20), schema, parts, stop)).rejects.toThrow(expected);
});

test('skipped rows are noted, and named if they stop the work', async () => {
  const table = tableOf(
    ['price', 'brand', 'label'],
    Array.from({ length: 10 }, (_, row) => [row === 2 ? 'much' : row, 'xyz'[row % 3], ['fruit', 'plant'][row % 2]]),
  );
  await expect(prepareData(table, schema, partsOf(10), stop)).rejects.toThrow("table, row 3, column 'price'");
  const data = await prepareData(table, schema, partsOf(10), { onError: 'skip' });
  expect([data.encoded.size, data.errors.skippedRows]).toEqual([9, 1]);
  const { encoded } = await prepareData(table, schema, partsOf(10), { onError: 'missing' });
  expect(encoded.size).toBe(10);
});
