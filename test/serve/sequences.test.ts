import { afterAll, beforeAll, expect, test } from 'vitest';
import { sequence } from '../../src/data/fields/sequence.js';
import type { Predictor } from '../../src/predictor/node/predictor.js';
import type { RunningServer } from '../../src/serve/serve.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from '../support/devices.js';
import { learn } from '../support/fields.js';
import { predictorOf, temporaryFolder } from '../support/predictor.js';
import { TARGETS } from '../support/runs.js';
import { testServer } from '../support/serve.js';

const folder = temporaryFolder();
const visits = [
  { days: -459, test: 'hdl', value: 75 },
  { days: -3, test: 'hdl', value: 60 },
];
let predictor: Predictor;
let server: RunningServer;

beforeAll(async () => {
  setDefaultDevice(reference);
  const settings = {
    time: { column: 'days', kind: 'number', settings: {} },
    columns: [
      { column: 'test', kind: 'category', settings: {} },
      { column: 'value', kind: 'number', settings: {} },
    ],
  } as const;
  const state = await learn(sequence, [visits, visits], settings);
  predictor = await predictorOf(folder, {
    version: 1,
    target: TARGETS.category,
    fields: [{ column: 'visits', kind: 'sequence', settings, state }],
    ignored: [],
    split: { by: 'fraction', fractions: { train: 0.8, validation: 0.1, test: 0.1 }, seed: 0 },
  });
  server = await testServer(predictor);
});
afterAll(() => setDefaultDevice(undefined));

const predict = async (body: BodyInit, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  (await fetch(`${server.url}/api/predict`, { method: 'POST', body, headers })).json();

test('a row has a list of events, or its JSON in a form', async () => {
  const expected = await predictor.predict({ visits });
  expect(await predict(JSON.stringify({ visits }))).toEqual(expected);
  const form = new FormData();
  form.set('visits', JSON.stringify(visits));
  expect(await predict(form, {})).toEqual(expected);
  expect(await predict(JSON.stringify({ visits: [] }))).toEqual(await predictor.predict({}));
});

test('the schema names the columns of events', async () => {
  expect(await (await fetch(`${server.url}/api/schema`)).json()).toMatchObject({
    fields: [
      {
        column: 'visits',
        kind: 'sequence',
        events: [
          { column: 'days', kind: 'number' },
          { column: 'test', kind: 'category' },
          { column: 'value', kind: 'number' },
        ],
      },
    ],
  });
});

test('what is no list of events is refused, by what is wrong', async () => {
  const errorOf = async (cell: unknown) => (await predict(JSON.stringify({ visits: cell }))).error;
  expect(await errorOf({ days: 3 })).toBe('expected a list of events, got an object');
  expect(await errorOf('soon')).toBe("expected a list of events, or its JSON, got 'soon'");
  expect(await errorOf([3])).toBe('event 1: expected an object, got 3');
  expect(await errorOf([{ days: [[[3]]] }])).toBe('event 1: expected texts, numbers and booleans, got a list of 1');
  expect(await errorOf([{ day: 3 }])).toContain("event 1: there is no column 'day' (did you mean 'days'?)");
  expect(await errorOf([{ days: -3, value: 'high' }])).toBe(
    "event 1: column 'value': expected a finite number, got 'high'",
  );
  expect(await errorOf(new Array(10_001).fill({ days: 1 }))).toBe('expected at most 10000 events, got 10001');
});
