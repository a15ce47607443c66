import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EncodeRows } from '../../../src/predictor/baselines/features.js';
import { linearBaseline, type SplitRows } from '../../../src/predictor/baselines/linear.js';
import type { NumericTarget } from '../../../src/predictor/metrics/predictions.js';
import { metricsOf } from '../../../src/predictor/metrics.js';
import { Generator, tensor } from '../../../src/tensor/index.js';

const golden = JSON.parse(readFileSync(new URL('../../golden/linear.json', import.meta.url), 'utf8'));
const { train, tokens, numbers, category, targets, outputs } = golden;

const pick = (rows: Uint32Array, read: (row: number) => number[]) => Array.from(rows).flatMap((row) => read(row));
const present = (rows: Uint32Array) => tensor(new Float32Array(rows.length).fill(1));
const table =
  (first: number): EncodeRows =>
  async (rows) => {
    const time = Math.max(...Array.from(rows, (row) => tokens[first + row].length));
    const padded = (read: (row: number) => number[]) =>
      pick(rows, (row) => [...read(first + row), ...new Array<number>(time).fill(0)].slice(0, time));
    return {
      text: {
        present: present(rows),
        tokens: tensor(Int32Array.from(padded((row) => tokens[row])), [rows.length, time]),
        mask: tensor(Float32Array.from(padded((row) => tokens[row].map(() => 1))), [rows.length, time]),
      },
      numbers: {
        present: present(rows),
        values: tensor(Float32Array.from(pick(rows, (row) => numbers[first + row])), [rows.length, 2]),
      },
      category: {
        present: present(rows),
        ids: tensor(Int32Array.from(pick(rows, (row) => [category[first + row]]))),
      },
    };
  };
const split = (first: number, end: number, target: number[] | number[][]): SplitRows => ({
  size: end - first,
  encode: table(first),
  targets: target.slice(first, end).flat(),
});

const TARGETS: NumericTarget[] = [
  { task: 'classification', classes: ['a', 'b', 'c'] },
  { task: 'regression' },
  { task: 'tags', tags: ['a', 'b', 'c'] },
];

test.each(TARGETS)("$task: scikit-learn's predictions", async (target) => {
  const own = targets[target.task];
  const test = split(train, tokens.length, own);
  const splits = { train: split(0, train, own), validation: test, test };
  const baseline = await linearBaseline(target, splits, { seed: 1 });
  const expected: number[] = outputs[baseline.penalty][target.task].flat();
  const largest = Math.max(...Array.from(baseline.test.outputs, (value, at) => Math.abs(value - expected[at])));
  const scale = target.task === 'regression' ? 10 : 1;
  expect(largest / scale).toBeLessThan(0.01);
  expect(baseline.trainedRows).toBe(train);
  // The penalty is the best of the four on the validation rows.
  if (target.task === 'tags') return;
  const metric = target.task === 'regression' ? 'rmse' : 'logLoss';
  const scores = ['0.1', '1', '10', '100'].map(
    (penalty) => metricsOf({ ...baseline.test, outputs: outputs[penalty][target.task].flat() })[metric],
  );
  expect(metricsOf(baseline.test)[metric]).toBeCloseTo(Math.min(...scores), 2);
});

test('pictures count by their thumbnails, and the same seed gives the same bits', async () => {
  // The class is the colour of a 16 x 16 picture.
  const generator = new Generator(5);
  const labels = Array.from({ length: 60 }, () => generator.integer(2));
  const pictures = labels.map((label) =>
    Array.from({ length: 16 * 16 * 3 }, (_, at) => 0.5 * generator.normal() + (at % 3 === label ? 0.5 : 0)),
  );
  const encode: EncodeRows = async (rows) => ({
    photo: {
      present: present(rows),
      pixels: tensor(Float32Array.from(pick(rows, (row) => pictures[row])), [rows.length, 16, 16, 3]),
    },
  });
  const part = { size: 60, encode, targets: labels };
  const run = () =>
    linearBaseline(
      { task: 'classification', classes: ['red', 'green'] },
      { train: part, validation: part, test: part },
      { seed: 2, steps: 40 },
    );
  const [first, second] = [await run(), await run()];
  expect(metricsOf(first.test).accuracy).toBe(1);
  expect(second.test.outputs).toEqual(first.test.outputs);
});

test('sounds count by the mean and deviation of their bands', async () => {
  // The class is the pitch of a tone, at any volume, in a sound of any length.
  const generator = new Generator(6);
  const labels = Array.from({ length: 60 }, () => generator.integer(2));
  const seconds = labels.map(() => 0.05 + 0.05 * generator.uniform());
  const sounds = labels.map((label, row) => {
    const volume = 0.1 + generator.uniform();
    return Array.from({ length: 800 }, (_, at) =>
      at < 8000 * seconds[row] ? volume * Math.sin(2 * Math.PI * (label === 0 ? 500 : 700) * (at / 8000)) : 0,
    );
  });
  const encode: EncodeRows = async (rows) => ({
    clip: {
      present: present(rows),
      samples: tensor(Float32Array.from(pick(rows, (row) => sounds[row])), [rows.length, 800]),
      seconds: tensor(Float32Array.from(pick(rows, (row) => [seconds[row]]))),
    },
  });
  const part = { size: 60, encode, targets: labels };
  const accuracyOf = async (sampleRates: Record<string, number>) => {
    const { test } = await linearBaseline(
      { task: 'classification', classes: ['low', 'high'] },
      { train: part, validation: part, test: part },
      { seed: 2, steps: 40, sampleRates },
    );
    return metricsOf(test).accuracy;
  };
  expect(await accuracyOf({ clip: 8000 })).toBe(1);
  expect(await accuracyOf({})).toBeLessThan(0.7);
});

test('refuses nothing to learn from, and unknown options', async () => {
  const none: SplitRows = { size: 0, encode: async () => ({}), targets: [] };
  const splits = { train: none, validation: none, test: none };
  await expect(linearBaseline({ task: 'regression' }, splits, { seed: 1 })).rejects.toThrow(
    'linearBaseline: there are no training rows; expected at least one',
  );
  await expect(linearBaseline({ task: 'regression' }, splits, { seed: -1 })).rejects.toThrow('seed');
});
