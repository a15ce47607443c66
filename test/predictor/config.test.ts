import { expect, test } from 'vitest';
import { defaultModel, defaultTraining, parseConfig } from '../../src/predictor/config.js';
import { CONFIG } from '../support/runs.js';

const rows = { train: 24, validation: 8, test: 8, targets: 'c0ffee' };
const read = (changes: object) => parseConfig(JSON.parse(JSON.stringify({ ...CONFIG, rows, ...changes })));
const { table, model, training } = CONFIG;

test('reads what was written', () => {
  expect(read({})).toEqual({ ...CONFIG, rows });
  expect(read({ rows: undefined, training: { ...training, minutes: 1.5 } }).training.minutes).toBe(1.5);
});

test.each<[string, object, string]>([
  [
    'another version',
    { version: 3 },
    'expected version 2, got 3; the run is of another version of Tessera, train again',
  ],
  ['an unknown entry', { modle: {} }, "config: there is no option 'modle'"],
  ['no table', { table: undefined }, 'config.table: expected an object'],
  ['a file that is none', { table: { ...table, files: [1] } }, 'config.table: files must be'],
  ['an unknown encoding', { table: { ...table, encoding: 'utf8' } }, 'config.table: encoding must be'],
  ['another way to treat errors', { table: { ...table, onError: 'ignore' } }, 'config.table: onError must be'],
  ['a seed that is none', { seed: -1 }, 'config: seed must be'],
  ['no model', { model: null }, 'config.model: expected an object'],
  ['an unknown fusion', { model: { ...model, fusion: 'sum' } }, 'config.model: fusion must be'],
  ['encoders that are none', { model: { ...model, encoders: { title: 1 } } }, 'config.model: encoders must be'],
  ['no encoders', { model: { ...model, encoders: undefined } }, 'config.model: encoders must be'],
  ['an odd width', { model: { ...model, width: 30 } }, 'width must be a positive multiple of 4, got 30'],
  ['a dropout of 1', { model: { ...model, dropout: 1 } }, 'config.model: dropout must be'],
  ['no batch', { training: { ...training, batch: undefined } }, 'config.training: batch must be'],
  ['a misspelt setting', { training: { ...training, epoch: 3 } }, "config.training: there is no option 'epoch'"],
  ['no time', { training: { ...training, minutes: 0 } }, 'config.training: minutes must be'],
  ['no rows to validate on', { rows: { ...rows, validation: 0 } }, 'config.rows: validation must be'],
])('refuses %s', (_, changes, message) => {
  expect(() => read(changes)).toThrow(message);
});

test.each([null, [], 3, 'config'])('refuses %j', (json) => {
  expect(() => parseConfig(json)).toThrow('expected version 2');
});

test.each([
  [1, 32],
  [10_000, 32],
  [20_000, 64],
  [100_000, 256],
  [1_000_000, 512],
])('%d rows are trained on in batches of %d', (count, batch) => {
  expect(defaultTraining(count).batch).toBe(batch);
});

test('the defaults are valid, and averages reach back a quarter of an epoch', () => {
  for (const count of [1, 50, 5000, 1_000_000]) expect(read({ training: defaultTraining(count) }).seed).toBe(3);
  expect(1 / (1 - defaultTraining(64_000).averageDecay)).toBeCloseTo(64_000 / 128 / 4);
  for (const isSoftware of [true, false])
    for (const kinds of [['text'], ['number', 'category']] as const)
      expect(read({ model: defaultModel(kinds, isSoftware) }).version).toBe(2);
  expect(defaultModel(['image', 'text'], true).modalityDropout).toBe(0.1);
  const dropouts = (['image', 'sound', 'number'] as const).map((kind) => defaultModel([kind], true).dropout);
  expect(dropouts).toEqual([0.3, 0.1, 0.2]);
  expect(defaultModel(['sound', 'text'], true).dropout).toBe(0.3);
  expect(defaultModel(Array(20).fill('number'), true).modalityDropout).toBeCloseTo(0.01);
});
