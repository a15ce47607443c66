import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowCount } from '../../../src/predictor/metrics/predictions.js';
import { evaluateTable } from '../../../src/predictor/node/evaluate-table.js';
import { latencyOf } from '../../../src/predictor/node/latency.js';
import type { Predictor } from '../../../src/predictor/node/predictor.js';
import { setDefaultDevice } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';
import { expectClose } from '../../support/numbers.js';
import { predictorIn, temporaryFolder } from '../../support/predictor.js';
import { TARGETS, things } from '../../support/runs.js';
import { allCells, tableOf } from '../../support/tables.js';

const folder = temporaryFolder();
let predictor: Predictor;
beforeAll(async () => {
  setDefaultDevice(reference);
  predictor = await predictorIn(path.join(folder, 'label'), TARGETS.category, ['number', 'category']);
});
afterAll(() => setDefaultDevice(undefined));

test('predicts all rows of a table, and tells how many are done', async () => {
  const done: number[] = [];
  const { predictions, errors } = await evaluateTable(predictor, things(300), {
    onError: 'stop',
    onRows: (rows, all) => done.push(rows, all),
  });
  expect([rowCount(predictions), predictions.outputs.length, errors.count]).toEqual([300, 900, 0]);
  expect(done).toEqual([128, 300, 256, 300, 300, 300]);
});

test('numbers are in the unit of the target', async () => {
  const ofNumber = await predictorIn(path.join(folder, 'amount'), TARGETS.number, ['number']);
  const { predictions } = await evaluateTable(ofNumber, things(20), { onError: 'stop' });
  const amounts = (await allCells(things(20))).map((cells) => Number(cells[9]));
  expectClose(predictions.targets as ArrayLike<number>, amounts);
});

test('rows without a target are left out and counted, and those with an unknown one named', async () => {
  const table = tableOf(
    ['price', 'brand', 'label'],
    [
      [1, 'x', 'fruit'],
      [2, 'y', 'stone'],
      [3, 'z', undefined],
    ],
  );
  await expect(evaluateTable(predictor, table, { onError: 'stop' })).rejects.toThrow("table, row 2, column 'label'");
  const { predictions, withoutTarget, errors } = await evaluateTable(predictor, table, { onError: 'skip' });
  expect([rowCount(predictions), withoutTarget, errors.skippedRows]).toEqual([1, 1, 1]);
});

test('refuses a table without a column, the target, or rows', async () => {
  await expect(evaluateTable(predictor, tableOf(['price'], []), { onError: 'stop' })).rejects.toThrow(
    "there is no column 'brand'",
  );
  const without = tableOf(['price', 'brand'], [[1, 'x']]);
  await expect(evaluateTable(predictor, without, { onError: 'stop' })).rejects.toThrow(
    "table: there is no column 'label', which the model predicts; to evaluate it the truth must be there",
  );
  const empty = tableOf(['price', 'brand', 'label'], []);
  await expect(evaluateTable(predictor, empty, { onError: 'skip' })).rejects.toThrow('table: no row can be used');
  const unlabeled = tableOf(['price', 'brand', 'label'], [[1, 'x', ' ']]);
  await expect(evaluateTable(predictor, unlabeled, { onError: 'stop' })).rejects.toThrow(
    "table: no row can be used; 1 without 'label'",
  );
  await expect(latencyOf(predictor, empty)).rejects.toThrow('table: it has no rows');
});

test('measures the latency of a row', async () => {
  const { p50, p95 } = await latencyOf(predictor, things(6));
  expect(p50).toBeGreaterThan(0);
  expect(p95).toBeGreaterThanOrEqual(p50);
});
