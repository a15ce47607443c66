import { describe, expect, test } from 'vitest';
import { sound } from '../../../src/data/fields/sound.js';
import { decodeSound } from '../../../src/data/node/index.js';
import { Generator } from '../../../src/tensor/index.js';
import { arraysOf, learn, noFiles } from '../../support/fields.js';
import { wavOf } from '../../support/sounds.js';

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => (i % 100) / 100);
const files = { ...noFiles, decodeSound, column: 'clip' };
const ORIGIN = { file: 'table.csv', number: 1 };
const settings = sound.settings({ maximumSeconds: 1 });
const state = { settings, sampleRate: 8000, length: 100 };

/** The tensors of sounds, as arrays. */
async function encoded(cells: (Uint8Array | undefined)[], chosen = {}, generator?: Generator) {
  const column = sound.column({ ...state, settings: { ...settings, ...chosen } }, files);
  for (const cell of cells) column.add(cell, ORIGIN);
  return arraysOf(await column.batch(Uint32Array.from(cells.keys()), generator));
}

describe('the state', () => {
  test('is the most frequent rate and the length of 95% of the sounds', async () => {
    const cells = Array.from({ length: 20 }, (_, i) =>
      wavOf(ramp(i === 19 ? 8000 : 100 * (i + 1)), i < 15 ? 8000 : 16000),
    );
    expect(await learn(sound, cells, {}, files)).toEqual({
      settings: sound.settings({}),
      sampleRate: 8000,
      length: 1500,
    });
  });

  test('has at most 16,000 samples a second, and at most the seconds that are chosen', async () => {
    const cells = [wavOf(ramp(48000), 48000)];
    expect(await learn(sound, cells, { maximumSeconds: 0.5 }, files)).toMatchObject({
      sampleRate: 16000,
      length: 8000,
    });
    expect(await learn(sound, cells, { sampleRate: 8000 }, files)).toMatchObject({ sampleRate: 8000, length: 8000 });
  });

  test('leaves room for a spectrogram of sounds of one sample', async () => {
    expect(await learn(sound, [wavOf(ramp(1), 8000)], {}, files)).toMatchObject({ length: 800 });
  });

  test('needs a sound', async () => {
    await expect(learn(sound, [undefined], {}, files)).rejects.toThrow('no training row has a sound');
    await expect(learn(sound, [Uint8Array.of(1)], {}, files)).rejects.toThrow(
      "none of 1 files that were checked is a sound that can be used:\n  table.csv, row 1, column 'clip': cannot decode 'sound': its format is not supported",
    );
  });
});

test('longer sounds are cut off, shorter ones followed by silence, absent ones silent', async () => {
  const { samples, seconds, present } = await encoded([wavOf(ramp(200), 8000), wavOf(ramp(50), 8000), undefined]);
  expect(samples.shape).toEqual([3, 100]);
  const [long, short, absent] = [0, 1, 2].map((row) => samples.data.slice(100 * row, 100 * (row + 1)));
  expect(long[99]).toBeCloseTo(0.99, 3);
  expect(short[49]).toBeCloseTo(0.49, 3);
  expect(short.slice(50).every((value) => value === 0)).toBe(true);
  expect(absent.every((value) => value === 0)).toBe(true);
  expect(present.data).toEqual([1, 1, 0]);
  expect(seconds.data.map((value) => Math.round(8000 * value))).toEqual([100, 50, 0]);
});

test('sounds of other rates are resampled', async () => {
  const tone = (rate: number, length: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate) / 2);
  const { samples } = await encoded([wavOf(tone(16000, 400), 16000), wavOf(tone(8000, 200), 8000)]);
  for (let at = 20; at < 100; at++) expect(samples.data[at]).toBeCloseTo(samples.data[100 + at], 2);
});

test('training shifts sounds and adds noise, the same for a seed and a row', async () => {
  const cells = [wavOf(ramp(60), 8000), wavOf(ramp(60), 8000)];
  const still = await encoded(cells, { shift: 0, noise: 0 }, new Generator(1));
  expect(still.samples.data).toEqual((await encoded(cells)).samples.data);
  const first = await encoded(cells, {}, new Generator(1));
  expect(await encoded(cells, {}, new Generator(1))).toEqual(first);
  expect(first.samples.data.slice(0, 100)).not.toEqual(first.samples.data.slice(100));
  const shifted = await encoded(cells, { shift: 0.3, noise: 0 }, new Generator(2));
  const start = shifted.samples.data.findIndex((value) => value !== 0);
  expect(start).not.toBe(still.samples.data.findIndex((value) => value !== 0));
});

test('settings and states are checked', () => {
  expect(() => sound.settings({ sampleRate: 100 })).toThrow(
    "sampleRate must be 'auto' or an integer from 1000 to 48000",
  );
  expect(() => sound.settings({ maximumSeconds: 601 })).toThrow('maximumSeconds must be a number above 0, at most 600');
  expect(() => sound.parseState({ ...state, length: 0 })).toThrow('length must be a positive integer');
  expect(() => sound.parse(5, settings)).toThrow('expected the path or the bytes of a sound, got 5');
  expect(sound.parseState(state)).toEqual(state);
});
