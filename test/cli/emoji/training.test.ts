import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunState } from '../../../src/cli/emoji/checkpoint.js';
import { PRESETS } from '../../../src/cli/emoji/presets.js';
import { trainAll } from '../../../src/cli/emoji/training.js';
import { Terminal } from '../../../src/cli/terminal.js';
import { toyData } from '../../../src/data/index.js';
import type { EmojiData } from '../../../src/data/node/index.js';
import { setDefaultDevice } from '../../../src/tensor/index.js';
import { reference } from '../../support/devices.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

test('a loss that is not finite ends the training', async () => {
  const train = toyData({ size: 8 });
  const preset = { ...PRESETS.small, embedding: 2, units: 2, batch: 4, learningRate: 1e308 };
  const run: RunState = {
    preset,
    seed: 0,
    classes: train.classes,
    words: ['a', 'b', 'c', 'd', 'e', 'f'],
    removedWords: [],
    statistics: { mean: [0, 0, 0], deviation: [1, 1, 1] },
    packages: {},
    progress: {},
  };
  const context = {
    file: 'not-written.safetensors',
    data: { train } as EmojiData,
    terminal: new Terminal(true),
    stop: new AbortController().signal,
  };
  await expect(trainAll({ run, tensors: new Map() }, context)).rejects.toThrow(
    /^train: the loss of 'text' is (NaN|Infinity) after \d steps, so the training has diverged; try another --seed$/,
  );
});
