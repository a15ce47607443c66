import { expect, test } from 'vitest';
import { encodeTable } from '../../../src/data/encoded.js';
import type { NumberState } from '../../../src/data/fields/number.js';
import { learnFields } from '../../../src/data/learn-fields.js';
import type { BatchSource } from '../../../src/data/loader.js';
import { PARTS, type PartName, type Schema, type Split } from '../../../src/data/schema.js';
import type { ClassPredictions } from '../../../src/predictor/metrics.js';
import { makeReport } from '../../../src/predictor/report/make-report.js';
import type { ReportedRun } from '../../../src/predictor/report/reported-run.js';
import { TesseraError } from '../../../src/tensor/index.js';
import { tableOf } from '../../support/tables.js';

const ROWS = 120;
const PIXELS = 4;
const fraction: Split = { by: 'fraction', fractions: { train: 0.5, validation: 0.25, test: 0.25 }, seed: 0 };

/** A table in which the label follows from the price but for each tenth row, and the other columns tell nothing. */
const table = tableOf(
  ['id', 'price', 'photo', 'shop', 'label'],
  Array.from({ length: ROWS }, (_, row) => [
    String(row),
    String((row * 37) % ROWS),
    row % 3 === 0 ? undefined : Uint8Array.of(row),
    `shop ${Math.floor(row / 4)}`,
    // A row without a target is not used.
    row === 5 ? undefined : (row * 37) % ROWS >= ROWS / 2 !== (row % 10 === 0) ? 'dear' : 'cheap',
  ]),
);

async function trained(split: Split, partOf: (row: number) => PartName): Promise<ReportedRun> {
  const schema: Schema = {
    version: 1,
    target: { column: 'label', kind: 'category', settings: {}, classes: ['cheap', 'dear'] },
    fields: [
      { column: 'price', kind: 'number', settings: {} },
      { column: 'photo', kind: 'image', settings: { size: PIXELS } },
    ],
    ignored: [],
    split,
  };
  const parts = Uint8Array.from({ length: ROWS }, (_, row) => (row === 5 ? 3 : PARTS.indexOf(partOf(row))));
  const decodeImage = async (bytes: Uint8Array) => new Uint8Array(PIXELS * PIXELS * 3).fill(bytes[0]);
  const learned = await learnFields(table, schema, parts, { decodeImage });
  const rows = await encodeTable(table, learned, parts, { decodeImage });
  const predict = (source: BatchSource, own: Uint32Array) =>
    predictByPrice(source, own, learned.fields[0].state as NumberState);
  const test = await predict(rows.encoded, rows.test);
  const always = { ...test, outputs: Array.from(test.outputs, (_, at) => (at % 2 === 0 ? 0.6 : 0.4)) };
  return {
    table,
    schema: learned,
    rows,
    predictions: { validation: await predict(rows.encoded, rows.validation), test, majority: always, linear: always },
    history: [{ steps: 4, loss: 0.5, validation: { accuracy: 0.9, logLoss: 0.3 } }],
    facts: {
      run: 'runs/prices',
      date: '2026-01-02T03:04:05Z',
      command: 'tessera train prices.csv --target label',
      versions: { tessera: '1.0.0' },
      adapter: 'an adapter',
      seed: 7,
      warnings: ['id counts the rows'],
      steps: 4,
      keptStep: 4,
      stepMilliseconds: 2,
      batch: 32,
      parameters: 3,
    },
    predict,
  };
}

/** Predicts by the price alone. */
async function predictByPrice(source: BatchSource, rows: Uint32Array, price: NumberState): Promise<ClassPredictions> {
  const { fields, target } = await source.batch(rows);
  const prices = await fields.price.values.data();
  return {
    task: 'classification',
    classes: ['cheap', 'dear'],
    targets: await target!.data(),
    outputs: Array.from(prices).flatMap((value) =>
      price.mean + price.deviation * value > (ROWS - 1) / 2 ? [0.25, 0.75] : [0.75, 0.25],
    ),
  };
}

const thumbnail = async (bytes: Uint8Array) => {
  if (bytes[0] !== 110) throw new TesseraError('cannot decode');
  return `data:image/png;base64,${bytes[0]}`;
};

test('a trained run becomes a report', async () => {
  const partOf = (row: number): PartName => (row % 4 < 2 ? 'train' : row % 4 === 2 ? 'validation' : 'test');
  const done: string[] = [];
  const report = await makeReport(await trained(fraction, partOf), {
    thumbnail,
    onProgress: (work) => done.push(work),
  });
  expect(report).toMatchObject({
    version: 1,
    run: 'runs/prices',
    warnings: ['id counts the rows'],
    task: 'classification',
    target: 'label',
    metric: 'accuracy',
    rows: { train: 59, validation: 30, test: 30 },
    split: 'at random, with the same share of each class in every part (seed 0)',
    fields: [
      { name: 'price', kind: 'number', missing: 0 },
      { name: 'photo', kind: 'image', note: '4 x 4 pixels' },
    ],
    curves: [{ step: 4, trainLoss: 0.5, validationLoss: 0.3, validation: 0.9 }],
  });
  expect(report.fields[1].missing).toBeCloseTo(40 / 119);
  const counts = report.balance!.map(({ rows }) => rows);
  expect(counts[0].train + counts[1].train).toBe(59);
  expect(counts[0].test + counts[1].test).toBe(30);
  // No test row has an even number, so none of them is a tenth row: the price alone tells all.
  expect(report.metrics.test.accuracy).toBe(1);
  expect(report.metrics.validation.accuracy).toBeCloseTo(24 / 30);
  expect(report.intervals.validation.accuracy![0]).toBeLessThan(24 / 30);
  expect(report.baselines.majority.accuracy).toBeLessThan(0.7);
  expect(report.mistakes).toEqual([]);
  const [price, photo] = report.contributions!.fields;
  expect(report.contributions).toMatchObject({ rows: 30, all: 1 });
  expect([price.alone, photo.without]).toEqual([1, 1]);
  expect(price.without).toBeLessThan(0.9);
  expect(photo.alone).toBe(price.without);
  expect(new Set(report.slices!.map(({ field }) => field))).toEqual(new Set(['photo']));
  expect(report.slices!.map(({ value, rows }) => [value, rows])).toEqual([
    ['present', 20],
    ['missing', 10],
  ]);
  expect(new Set(done)).toEqual(new Set(['measuring the model', 'measuring what each field adds']));
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('groups are drawn as a whole, and mistakes show what the model saw', async () => {
  const split: Split = {
    by: 'group',
    column: 'shop',
    fractions: { train: 0.5, validation: 0.25, test: 0.25 },
    seed: 3,
  };
  const partOf = (row: number): PartName => (row % 16 < 8 ? 'train' : row % 16 < 12 ? 'validation' : 'test');
  const report = await makeReport(await trained(split, partOf), { thumbnail });
  expect(report.split).toContain("by 'shop'");
  // The tenth rows among the test rows.
  expect(report.mistakes!.map(({ place }) => place).sort()).toEqual([
    'table, row 111',
    'table, row 31',
    'table, row 61',
  ]);
  expect(report.metrics.test.accuracy).toBeCloseTo(1 - 3 / report.rows.test);
  expect(report.mistakes!.find(({ place }) => place === 'table, row 111')).toEqual({
    row: expect.any(Number),
    place: 'table, row 111',
    expected: 'cheap',
    predicted: 'dear',
    probability: 0.75,
    values: [{ name: 'price', text: '110' }],
    images: [{ name: 'photo', url: 'data:image/png;base64,110' }],
  });
});
