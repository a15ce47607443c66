import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  checkData,
  loadCheckpoint,
  parseRun,
  type RunState,
  saveCheckpoint,
} from '../../../src/cli/emoji/checkpoint.js';
import { PRESETS } from '../../../src/cli/emoji/presets.js';
import { type EmojiData, writeFileAtomically } from '../../../src/data/node/index.js';
import { encodeSafetensors } from '../../../src/nn/index.js';

const run: RunState = {
  preset: Object.values(PRESETS)[0],
  seed: 3,
  classes: ['animals', 'food'],
  words: ['red', 'fruit'],
  removedWords: ['face'],
  statistics: { mean: [0.5, 0.5, 0.5], deviation: [0.1, 0.2, 0.3] },
  packages: { '@iconify-json/noto': '1.2.9' },
  progress: { text: { steps: 3, milliseconds: 1.5, finished: false } },
};
const without = (name: keyof RunState) => ({ ...run, [name]: undefined });
const folder = mkdtempSync(path.join(tmpdir(), 'checkpoint-'));

describe('the description of a run is checked as a whole', () => {
  test('one that was written is read', () => {
    expect(parseRun(JSON.stringify(run))).toEqual(run);
  });

  test.each<[string, unknown, string]>([
    ['null', null, 'it is not an object'],
    ['a list', [run], 'it is not an object'],
    ['no seed', without('seed'), "'seed'"],
    ['no classes', { ...run, classes: [] }, "'classes'"],
    ['a word twice', { ...run, words: ['red', 'red'] }, "'words'"],
    ['sizes of other presets', { ...run, preset: { ...run.preset, filters: 1e9 } }, "'preset'"],
    ['text for a deviation', { ...run, statistics: { mean: [0, 0, 0], deviation: [1, 1, 'a'] } }, "'statistics'"],
    ['an unknown model', { ...run, progress: { smell: run.progress.text } }, "'progress' of 'smell'"],
    ['negative steps', { ...run, progress: { text: { ...run.progress.text, steps: -1 } } }, "'progress' of 'text'"],
  ])('%s is refused', (_, value, message) => {
    expect(() => parseRun(JSON.stringify(value))).toThrow(message);
  });

  test('text that is not JSON is refused', () => {
    expect(() => parseRun('{')).toThrow('not JSON');
  });
});

test('a run whose weights became NaN is not saved', async () => {
  const file = path.join(folder, 'nan.safetensors');
  const tensors = new Map([['text.w', { shape: [2], data: Float32Array.of(1, Number.NaN) }]]);
  await expect(saveCheckpoint(file, { run, tensors })).rejects.toThrow("value 1 of 'text.w' is NaN");
  await expect(loadCheckpoint(file)).rejects.toThrow('no such file');
});

test('a checkpoint of another version is refused', async () => {
  const file = path.join(folder, 'old.safetensors');
  const description = { format: 'tessera-run-2', run: JSON.stringify(run) };
  await writeFileAtomically(file, encodeSafetensors(new Map(), description));
  await expect(loadCheckpoint(file)).rejects.toThrow("is of another version of 'tessera train' (tessera-run-2");
});

test('a checkpoint is refused where classes, words or statistics are others than when it was trained', () => {
  const { classes, removedWords, statistics } = run;
  const data = { classes, removedWords, statistics, vocabulary: { words: ['red', 'green'] }, packages: {} };
  expect(() => checkData(run, data as unknown as EmojiData, 'a.safetensors')).toThrow('words');
  const same = { ...data, vocabulary: { words: run.words } };
  for (const [change, message] of [
    [{ classes: ['food', 'animals'] }, 'classes'],
    [{ statistics: { ...statistics, mean: [0.5, 0.5, 0.6] } }, 'pixel statistics'],
  ] as const)
    expect(() => checkData(run, { ...same, ...change } as unknown as EmojiData, 'a.safetensors')).toThrow(
      `trained on ${message} that differ`,
    );
  expect(() => checkData(run, same as unknown as EmojiData, 'a.safetensors')).not.toThrow();
});
