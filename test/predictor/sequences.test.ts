import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SequenceSettings } from '../../src/data/fields/events.js';
import type { Schema } from '../../src/data/schema.js';
import type { Cell } from '../../src/data/table.js';
import { linearBaseline } from '../../src/predictor/baselines/linear.js';
import { buildModel } from '../../src/predictor/build.js';
import { prepareData, type RunData } from '../../src/predictor/data.js';
import { metricsOf } from '../../src/predictor/metrics.js';
import { predictRows } from '../../src/predictor/predict-rows.js';
import { targetsOf } from '../../src/predictor/targets.js';
import { trainModel } from '../../src/predictor/train-model.js';
import { Generator, setDefaultDevice } from '../../src/tensor/index.js';
import { gpu } from '../support/devices.js';
import { CONFIG, TRAINING } from '../support/runs.js';
import { tableOf } from '../support/tables.js';

beforeAll(() => setDefaultDevice(gpu));
afterAll(() => setDefaultDevice(undefined));

const ROWS = 200;
const target = { column: 'class', kind: 'category', settings: {}, classes: ['0', '1'] } as const;
const settings: SequenceSettings = {
  time: { column: 'day', kind: 'number', settings: {} },
  columns: [{ column: 'what', kind: 'category', settings: { minimumCount: 1 } }],
  within: 'auto',
  maximumLength: 256,
};

/** The events of each row are made for its class. */
async function dataOf(eventsOf: (label: number, generator: Generator) => object[]): Promise<RunData> {
  const generator = new Generator(1);
  const rows = Array.from({ length: ROWS }, (): Cell[] => {
    const label = generator.integer(2);
    return [eventsOf(label, generator), String(label)];
  });
  const schema: Schema = {
    version: 1,
    target,
    fields: [{ column: 'visits', kind: 'sequence', settings: { ...settings } }],
    ignored: [],
    split: { by: 'fraction', fractions: { train: 0.6, validation: 0.2, test: 0.2 }, seed: 0 },
  };
  const parts = Uint8Array.from({ length: ROWS }, (_, row) => [0, 0, 0, 1, 2][row % 5]);
  return prepareData(tableOf(['visits', 'class'], rows), schema, parts, { onError: 'stop' });
}

/** The accuracy on the test rows of a model, and of the linear one. */
async function accuraciesOf(data: RunData, encoder: string): Promise<{ model: number; linear: number }> {
  const { encoded, train, validation, test: held, schema } = data;
  const model = buildModel(
    schema,
    { ...CONFIG.model, encoders: { sequence: encoder }, width: 16, dropout: 0 },
    { seed: 1 },
  );
  const training = { ...TRAINING, epochs: 20, batch: 20, learningRate: 0.02, averageDecay: 0 };
  await trainModel(model, { encoded, train, validation, target }, training, { seed: 1 });
  const split = async (rows: Uint32Array) => ({
    size: rows.length,
    encode: async (some: Uint32Array) => (await encoded.batch(some.map((at) => rows[at]))).fields,
    targets: await targetsOf(data, rows),
  });
  const splits = { train: await split(train), validation: await split(validation), test: await split(held) };
  const linear = await linearBaseline({ task: 'classification', classes: ['0', '1'] }, splits, {
    seed: 1,
    sampleRates: {},
  });
  return {
    model: metricsOf(await predictRows(model, target, encoded, held)).accuracy,
    linear: metricsOf(linear.test).accuracy,
  };
}

/** Two events of each of two kinds, whose order alone is the class. */
const byOrder = () =>
  dataOf((label, generator) => {
    const first = ['a', 'b'][label];
    const other = ['b', 'a'][label];
    const start = -generator.integer(50);
    return [first, first, other, other].map((what, at) => ({ day: start - 4 + at, what }));
  });
/** Five equal events, between the middle ones of which there is a day or ten. */
const byGap = () =>
  dataOf((label, generator) => {
    const before = [1, 10][label];
    const days = [0, 10 + generator.integer(3), 0, 0, 0];
    days[2] = days[1] + before;
    days[3] = days[2] + 11 - before;
    days[4] = days[3] + 10 + generator.integer(3);
    return days.map((day) => ({ day, what: 'a' }));
  });

test.each(['lstm', 'transformer'])('%s: learns a class that the order of the events alone tells', async (encoder) => {
  const { model, linear } = await accuraciesOf(await byOrder(), encoder);
  expect(model).toBeGreaterThan(0.95);
  expect(linear).toBeLessThan(0.8);
});

test.each(['lstm', 'transformer'])('%s: learns a class that the gaps between events alone tell', async (encoder) => {
  const { model, linear } = await accuraciesOf(await byGap(), encoder);
  expect(model).toBeGreaterThan(0.95);
  expect(linear).toBeLessThan(0.8);
});
