import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from '../../../src/predictor/node/run-folder.js';
import type { TrainingState } from '../../../src/predictor/training-state.js';
import { readEventFile } from '../../support/event-file.js';
import { CONFIG } from '../../support/runs.js';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder(path.join(mkdtempSync(path.join(os.tmpdir(), 'tessera-run-')), 'runs', 'one'));
});
afterEach(() => rmSync(path.dirname(path.dirname(run.folder)), { recursive: true }));

const state: TrainingState = {
  progress: {
    steps: 3,
    total: 6,
    milliseconds: 4,
    timed: { steps: 2, milliseconds: 1, waiting: 0.5 },
    deviceBytes: 100,
    lossSum: 1.25,
    history: [],
    best: 0,
    finished: false,
  },
  tensors: new Map([['model.a', { shape: [2], data: Float32Array.of(1, 2) }]]),
};

test('keeps what it is given', async () => {
  await run.lock();
  await run.begin(CONFIG);
  await run.saveTraining(state);
  expect(await run.readConfig()).toEqual(CONFIG);
  expect(await run.readTraining()).toEqual(state);
  await expect(run.readModel()).rejects.toThrow(
    `was interrupted; finish it with: tessera train --resume ${run.folder}`,
  );
  await run.finish();
  await expect(run.readModel()).rejects.toThrow('has no model: it was stopped before its first checkpoint');
  await run.writeModel(state.tensors);
  expect(await run.readModel()).toEqual(state.tensors);
});

/** The path of the folder's lock. */
const lock = () => path.join(run.folder, 'lock');

test('a new run removes what an earlier one left', async () => {
  await run.lock();
  await run.begin(CONFIG);
  await run.writeModel(state.tensors);
  await run.begin({ ...CONFIG, seed: 4 });
  expect([await run.has('model'), (await run.readConfig()).seed, existsSync(lock())]).toEqual([false, 4, true]);
});

test('a folder is one process at a time, and a lock of a dead process is none', async () => {
  await run.lock();
  await expect(run.lock()).rejects.toThrow(`another process (${process.pid}) trains in '${run.folder}'`);
  await run.unlock();
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  for (const left of [`${pid}\n`, '', 'text']) {
    mkdirSync(run.folder);
    writeFileSync(lock(), left);
    await run.lock();
    expect(readFileSync(lock(), 'utf8')).toBe(`${process.pid}\n`);
    await run.unlock();
  }
  expect(existsSync(run.folder)).toBe(false);
});

test('a run of another command is one of other files', async () => {
  mkdirSync(run.folder, { recursive: true });
  writeFileSync(run.file('config'), JSON.stringify({ version: 'gpt-1', training: {} }));
  await expect(run.lock()).rejects.toThrow("has other files, such as 'config.json'; choose a new or empty folder");
  writeFileSync(run.file('config'), JSON.stringify({ version: 1, training: {} }));
  await run.lock();
});

test('refuses a folder of other files', async () => {
  const other = path.dirname(path.dirname(run.folder));
  writeFileSync(path.join(other, 'letter.txt'), '');
  await expect(new RunFolder(other).lock()).rejects.toThrow("has other files, such as 'letter.txt'");
  await run.lock();
  writeFileSync(run.file('config'), '{"scripts": {}}');
  await run.unlock();
  await expect(run.lock()).rejects.toThrow("has other files, such as 'config.json'");
  await expect(new RunFolder(path.join(other, 'letter.txt')).lock()).rejects.toThrow('cannot make the folder');
});

test('names what is missing, damaged or of another version', async () => {
  await expect(run.readConfig()).rejects.toThrow('is not the folder of a run: it has no config.json');
  await run.lock();
  await run.begin(CONFIG);
  const { config, model, checkpoint } = {
    config: run.file('config'),
    model: run.file('model'),
    checkpoint: run.file('checkpoint'),
  };
  writeFileSync(config, '{');
  await expect(run.readConfig()).rejects.toThrow(
    /^'.*config.json': it is no JSON \(.*\); restore the file, or train again$/,
  );
  writeFileSync(config, JSON.stringify({ ...CONFIG, version: 9 }));
  await expect(run.readConfig()).rejects.toThrow('expected version 2, got 9; the run is of another version of Tessera');
  await run.writeModel(state.tensors);
  const bytes = readFileSync(model);
  writeFileSync(model, bytes.subarray(0, bytes.length - 1));
  await expect(run.readModel()).rejects.toThrow(`'${model}': `);
  writeFileSync(model, bytes.toString('latin1').replace('tessera-run-4', 'tessera-run-1'), 'latin1');
  await expect(run.readModel()).rejects.toThrow(`'${model}' is of another version of Tessera (tessera-run-1, expected`);
  await run.saveTraining(state);
  writeFileSync(checkpoint, readFileSync(checkpoint, 'latin1').replace('steps', 'step"'), 'latin1');
  await expect(run.readTraining()).rejects.toThrow(`'${checkpoint}': `);
});

const { progress } = state;
const record = {
  epoch: 1,
  steps: 3,
  loss: 1,
  validation: { accuracy: 0.5 },
  learningRate: 0.1,
  milliseconds: 5,
  wallTime: 1_790_000_000.5,
};
test.each<[string, unknown, string]>([
  ['null', null, 'expected an object of options'],
  ['a list', [progress], 'expected an object of options'],
  ['steps in words', { ...progress, steps: 'three' }, "steps must be a non-negative integer, got 'three'"],
  ['no times', { ...progress, timed: null }, 'progress.timed: expected an object'],
  ['another field', { ...progress, epochs: 1 }, "no option 'epochs'"],
  ['a history of null', { ...progress, history: [null] }, 'progress.history: expected an object'],
  ['metrics of null', { ...progress, history: [{ ...record, validation: null }] }, 'validation must be an object'],
  ['a best epoch that is none', { ...progress, history: [record], best: 2 }, 'one of the 1 epochs'],
])('a checkpoint whose progress is damaged (%s) is refused by its name', async (_, damaged, message) => {
  await run.lock();
  await run.begin(CONFIG);
  await run.saveTraining({ ...state, progress: damaged as TrainingState['progress'] });
  await expect(run.readTraining()).rejects.toThrow(`'${run.file('checkpoint')}': progress`);
  await expect(run.readTraining()).rejects.toThrow(message);
});

test('metrics and events are those of the epochs, also where a training continues from an earlier one', async () => {
  await run.lock();
  await run.begin(CONFIG);
  const written = () => [readFileSync(run.file('metrics'), 'utf8'), readEventFile(readFileSync(run.file('events')))];
  const line = `${JSON.stringify(record)}\n`;
  const values = { loss: 1, learningRate: Math.fround(0.1), 'validation/accuracy': 0.5 };
  const version = { wallTime: record.wallTime, step: 0, fileVersion: 'brain.Event:2', values: {} };
  const event = { wallTime: record.wallTime, step: 3, values };
  await run.writeMetrics([]);
  expect(written()).toEqual(['', [{ ...version, wallTime: expect.any(Number) }]]);
  await run.appendMetrics(record);
  await run.appendMetrics({ ...record, epoch: 2, steps: 6 });
  // Killed while it wrote the second epoch.
  const bytes = readFileSync(run.file('events'));
  writeFileSync(run.file('events'), bytes.subarray(0, bytes.length - 5));
  await run.writeMetrics([record]);
  expect(written()).toEqual([line, [version, event]]);
  await run.appendMetrics({ ...record, epoch: 2, steps: 6 });
  expect(written()[1]).toEqual([version, event, { ...event, step: 6 }]);
});
