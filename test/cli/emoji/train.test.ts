import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { loadCheckpoint } from '../../../src/cli/emoji/checkpoint.js';
import { type Ended, inEmptyFolder, interruptAt, run, start } from '../../support/command-line.js';

const folder = inEmptyFolder();
const short = ['train', '--preset', 'small', '--epochs', '1', '--seed', '1'];
const file = path.join(folder, 'whole', 'checkpoint.safetensors');

let trained: Ended;
beforeAll(async () => {
  trained = await run(...short, '--out', 'whole', '--json');
});

test('trains, reports and leaves a checkpoint', () => {
  const { code, out, err } = trained;
  expect(code, err).toBe(0);
  const result = JSON.parse(out);
  expect(result).toMatchObject({
    adapter: expect.any(String),
    seed: 1,
    preset: 'small',
    checkpoint: 'whole/checkpoint.safetensors',
  });
  expect(result.steps).toBeGreaterThan(0);
  expect(result.stepMilliseconds).toBeGreaterThan(0);
  for (const modality of ['text', 'image', 'both']) expect(result.accuracy[modality]).toBeGreaterThan(1.5 / 9);
  expect(result.confusion).toHaveLength(result.classes.length);
  expect(err).toMatch(/^adapter: /m);
});

test('can be evaluated again, with the same result', async () => {
  const again = await run('evaluate', 'whole/checkpoint.safetensors', '--json');
  expect(JSON.parse(again.out)).toEqual(JSON.parse(trained.out));
});

test('predicts', async () => {
  await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
    .png()
    .toFile(path.join(folder, 'red.png'));
  const { code, out } = await run('predict', 'whole', '--image', 'red.png', '--text', 'red apple', '--json');
  const { predictions } = JSON.parse(out);
  expect(code).toBe(0);
  expect(predictions).toHaveLength(3);
  expect(predictions[0].probability).toBeGreaterThanOrEqual(predictions[1].probability);
});

test.each([
  [
    'a missing image',
    ['predict', file, '--image', 'none.png', '--text', 'apple'],
    "cannot read 'none.png': there is no such file",
  ],
  ['a text without words', ['predict', file, '--image', 'red.png', '--text', '!?'], 'has no usable words'],
  ['a missing checkpoint', ['evaluate', 'none'], "there is no run 'none'"],
  ['a file that is no run', ['evaluate', 'red.png'], "'red.png' is not a run: expected"],
  ['a foreign checkpoint', ['evaluate', 'foreign/checkpoint.safetensors'], 'decodeSafetensors:'],
  [
    'a place that cannot be written',
    [...short, '--out', '/proc/nowhere'],
    "cannot write '/proc/nowhere/checkpoint.safetensors'",
  ],
  [
    'a file that is no checkpoint where it would be written',
    [...short, '--out', 'foreign'],
    'start again and replace it with --overwrite',
  ],
  ['no run to resume', ['train', '--resume'], "--resume: there is no run in 'runs/small-seed0'; name the run's folder"],
  ['a seed of another run', ['train', '--resume', file, '--seed', '9'], 'has seed 1, got --seed 9'],
  ['epochs of another run', ['train', '--resume', file, '--epochs', '5'], 'has epochs 1, got --epochs 5'],
  ['flags of tables to evaluate', ['evaluate', file, '--delimiter', ';'], '--delimiter is for a run on tables'],
  ['flags of tables to predict', ['predict', file, '--out', 'p.csv'], '--out is for tables'],
])('%s is a clear error', async (_, args, message) => {
  mkdirSync(path.join(folder, 'foreign'), { recursive: true });
  writeFileSync(path.join(folder, 'foreign/checkpoint.safetensors'), 'something else');
  const { code, out, err } = await run(...args);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(`error: `);
  expect(err).toContain(message);
});

test('a truncated checkpoint is refused', async () => {
  const bytes = readFileSync(file);
  writeFileSync(path.join(folder, 'half.safetensors'), bytes.subarray(0, bytes.length / 2));
  expect((await run('evaluate', 'half.safetensors')).err).toContain("error: 'half.safetensors': decodeSafetensors: ");
});

test('Ctrl-C saves, and --resume ends as if nothing had happened', async () => {
  const { code, err } = await start([...short, '--out', 'split'], interruptAt(/image 1\d\//));
  expect([code, err]).toEqual([130, expect.stringContaining('tessera train --resume')]);
  expect((await run('evaluate', 'split/checkpoint.safetensors')).err).toContain('was interrupted');
  const again = await run(...short, '--out', 'split');
  expect([again.code, again.err]).toEqual([1, expect.stringMatching(/interrupted.*--resume.*--overwrite/)]);
  const ended = await run('train', '--resume', 'split/checkpoint.safetensors');
  expect([ended.code, ended.out]).toEqual([0, expect.stringContaining('confusion matrix')]);
  const [whole, resumed] = await Promise.all(
    [file, path.join(folder, 'split/checkpoint.safetensors')].map(loadCheckpoint),
  );
  expect([...resumed.tensors.keys()].sort()).toEqual([...whole.tensors.keys()].sort());
  for (const [name, { data }] of whole.tensors) expect(resumed.tensors.get(name)!.data, name).toEqual(data);
});
