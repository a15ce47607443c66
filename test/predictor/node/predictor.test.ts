import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RowObject } from '../../../src/data/rows.js';
import { Predictor } from '../../../src/predictor/node/index.js';
import { setDefaultDevice } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';
import { predictorIn, temporaryFolder } from '../../support/predictor.js';
import { TARGETS } from '../../support/runs.js';
import { tableOf } from '../../support/tables.js';

const folder = temporaryFolder();
let predictor: Predictor;

beforeAll(async () => {
  setDefaultDevice(reference);
  predictor = await predictorIn(path.join(folder, 'run'), TARGETS.category, ['text', 'number', 'category']);
});
afterAll(() => setDefaultDevice(undefined));

const rows = Array.from(
  { length: 200 },
  (_, row): RowObject => ({
    title: row % 5 === 0 ? undefined : `a ${['apple', 'tree', 'car'][row % 3]} of ${row}`,
    price: row % 7 === 0 ? null : row / 10,
    ...(row % 3 === 0 ? {} : { brand: 'xyz'[row % 4] ?? 'unseen' }),
  }),
);

test('200 rows at once are answered as one by one, in few batches', async () => {
  const forward = vi.spyOn(predictor.model, 'forward');
  const together = await Promise.all(rows.map((row) => predictor.predict(row)));
  expect(forward.mock.calls.length).toBeLessThanOrEqual(4);
  forward.mockClear();
  for (const at of [0, 1, 7, 63, 64, 199]) {
    const alone = await predictor.predict(rows[at]);
    expect(alone.prediction).toBe(together[at].prediction);
    expect(alone.probability).toBeCloseTo(together[at].probability ?? Number.NaN, 6);
  }
  expect(forward).toHaveBeenCalledTimes(6);
  forward.mockRestore();
  expect(await predictor.predictAll(rows)).toEqual(together);
});

test('a bad row among others is refused alone', async () => {
  const bad: RowObject[] = [{ price: 'much' }, { titel: 'a car' }, { title: Symbol('car') }, 3 as never];
  const settled = await Promise.allSettled(
    [...rows.slice(0, 3), ...bad, ...rows.slice(3, 6)].map((row) => predictor.predict(row)),
  );
  expect(settled.map(({ status }) => status[0]).join('')).toBe('fffrrrrfff');
  const messages = settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason.message)] : []));
  expect(messages[0]).toContain("column 'price'");
  expect(messages[1]).toContain("column 'titel': there is no such column (did you mean 'title'?); there are title");
  expect(messages[2]).toContain("column 'title'");
  expect(messages[3]).toContain('expected an object of cells by column, got 3');
});

test('an error of the device reaches all who wait, and later rows are answered', async () => {
  const forward = vi.spyOn(predictor.model, 'forward').mockImplementationOnce(() => {
    throw new Error('lost');
  });
  const settled = await Promise.allSettled(rows.slice(0, 3).map((row) => predictor.predict(row)));
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  forward.mockRestore();
  expect((await predictor.predict(rows[1])).prediction).toBeTypeOf('string');
});

test('a row of which all is absent has an answer', async () => {
  const { prediction, probabilities = {} } = await predictor.predict({});
  expect(TARGETS.category.classes).toContain(prediction);
  expect(Object.values(probabilities).reduce((sum, one) => sum + one, 0)).toBeCloseTo(1);
  expect(await predictor.predictAll([])).toEqual([]);
});

test('what is no array of rows is refused', async () => {
  await expect(predictor.predictAll({ price: 1 } as never)).rejects.toThrow(
    'Predictor.predictAll: expected an array of rows, got an object (Object); predict takes one row',
  );
});

test('unknown options are refused', async () => {
  await expect(predictor.answerRows(tableOf(['title'], []), [], { cachBytes: 1 } as never)).rejects.toThrow(
    "Predictor.answerRows: there is no option 'cachBytes' (did you mean 'cacheBytes'?)",
  );
});

test('an image that is none is refused alone', async () => {
  const ofImages = await predictorIn(path.join(folder, 'images'), TARGETS.category, ['image', 'number']);
  const file = path.join(folder, 'photo.png');
  writeFileSync(file, 'text');
  const [missing, text, absent] = await Promise.allSettled(
    [{ photo: path.join(folder, 'none.png') }, { photo: file }, { price: 2 }].map((row) => ofImages.predict(row)),
  );
  for (const refused of [missing, text])
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringContaining("column 'photo'") },
    });
  expect(absent.status).toBe('fulfilled');
});

test.each(['none', '.'])('refuses the folder %s, which has no run', async (name) => {
  await expect(Predictor.load(path.join(folder, name))).rejects.toThrow('is not the folder of a run');
});
