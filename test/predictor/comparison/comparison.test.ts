import { expect, test } from 'vitest';
import { compareRuns } from '../../../src/predictor/comparison/comparison.js';
import { sampleRun } from '../../support/comparisons.js';
import { CONFIG } from '../../support/runs.js';

const model = { ...CONFIG.model, fusion: 'gated' as const, encoders: { title: 'bag' } };

test('the settings that differ are named as they are in the files, with what is by default', () => {
  const { settings, notes } = compareRuns([
    sampleRun({ run: 'a' }),
    sampleRun({ run: 'b', config: { seed: 4, model }, kinds: ['text', 'image'] }),
  ]);
  expect(settings).toEqual([
    { name: 'seed', values: [3, 4] },
    { name: 'model.fusion', values: ['concatenation', 'gated'] },
    { name: 'fields.title.encoder', values: ['lstm', 'bag'] },
    { name: 'fields.price.kind', values: ['number', undefined] },
    { name: 'fields.price.encoder', values: ['piecewise', undefined] },
    { name: 'fields.price.scaling', values: ['standard', undefined] },
    { name: 'fields.price.decimal', values: ['.', undefined] },
    { name: 'fields.price.bins', values: [20, undefined] },
    { name: 'fields.photo.kind', values: [undefined, 'image'] },
    { name: 'fields.photo.encoder', values: [undefined, 'residual'] },
    { name: 'fields.photo.size', values: [undefined, 8] },
    { name: 'fields.photo.fit', values: [undefined, 'contain'] },
    { name: 'fields.photo.background', values: [undefined, '#ffffff'] },
    { name: 'fields.photo.flip', values: [undefined, true] },
    { name: 'fields.photo.crop', values: [undefined, 0] },
    { name: 'fields.photo.color', values: [undefined, 0.2] },
    { name: 'fields.photo.cutout', values: [undefined, 0] },
  ]);
  expect(notes).toEqual([]);
});

test('runs of one task are compared in its metrics, and by the curve of the one that decides', () => {
  const comparison = compareRuns([sampleRun({ run: 'a' }), sampleRun({ run: 'b', skill: 0.4 })]);
  expect(comparison).toMatchObject({
    settings: [],
    metrics: ['accuracy', 'macroF1', 'logLoss'],
    curve: 'accuracy',
    isOneTask: true,
    adapter: 'llvmpipe, software',
    notes: [],
  });
});

test('runs of different tasks are compared only in what they share, and that is said', () => {
  const runs = [sampleRun({ run: 'a' }), sampleRun({ run: 'b', task: 'regression' }), sampleRun({ run: 'c' })];
  expect(compareRuns(runs)).toMatchObject({
    metrics: [],
    isOneTask: false,
    notes: [
      "the runs have different tasks, and are compared only in what they share: classification of 'label' (a, c); regression of 'amount' (b); they share no metric",
    ],
  });
  expect(compareRuns(runs).curve).toBeUndefined();
  const tags = compareRuns([sampleRun({ run: 'a' }), sampleRun({ run: 'b', task: 'tags' })]);
  expect(tags).toMatchObject({ metrics: ['macroF1'], curve: 'macroF1', isOneTask: false });
  expect(tags.notes).toEqual([expect.stringMatching(/their metrics \(macro F1\) are of different targets$/)]);
});

test('what limits a comparison is said: other rows, and runs that are not finished', () => {
  const rows = { train: 240, validation: 30, test: 30, targets: 'other' };
  const { metrics, notes } = compareRuns([
    sampleRun({ run: 'a', isFinished: false }),
    sampleRun({ run: 'b', config: { rows } }),
  ]);
  expect(metrics).toEqual(['accuracy', 'macroF1', 'logLoss']);
  expect(notes).toEqual([
    expect.stringContaining('different rows or splits'),
    "'a' is not finished, and has no metrics on test rows; finish it with: tessera train --resume a",
  ]);
});

test('settings that are lists of objects, such as the joined tables, show what is written in them', () => {
  const table = { files: ['persons.csv'], onError: 'stop' } as const;
  const sequences = [{ file: 'visits.csv', column: 'visits', key: 'person' }];
  const { settings } = compareRuns([
    sampleRun({ run: 'a', config: { table } }),
    sampleRun({ run: 'b', config: { table: { ...table, sequences } } }),
  ]);
  expect(settings).toEqual([{ name: 'table.sequences', values: [undefined, 'visits.csv visits person'] }]);
});
