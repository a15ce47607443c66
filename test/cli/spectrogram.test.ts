import { expect, test } from 'vitest';
import { drawSpectrogram } from '../../src/cli/spectrogram.js';
import { toneOf } from '../support/sounds.js';

const SIDE = 128;
/** The brightness of each row of pixels, the top first, at a part of the width. */
const rowsAt = (pixels: Uint8Array, place: number) =>
  Array.from({ length: SIDE }, (_, y) => pixels[3 * (y * SIDE + Math.floor(place * SIDE))]);
const brightest = (rows: readonly number[]) => rows.indexOf(Math.max(...rows));

test('time goes to the right, pitch up', async () => {
  const low = toneOf({ hertz: 500, seconds: 0.5, sampleRate: 8000 });
  const high = toneOf({ hertz: 2000, seconds: 0.5, sampleRate: 8000 });
  const pixels = await drawSpectrogram({ sampleRate: 8000, channels: [Float32Array.from([...low, ...high])] });
  expect(pixels.length).toBe(SIDE * SIDE * 3);
  // In mel, 500 Hz are at 28% of 4000 Hz, and 2000 Hz at 71%.
  expect(Math.abs(brightest(rowsAt(pixels, 0.25)) - 0.72 * SIDE)).toBeLessThan(4);
  expect(Math.abs(brightest(rowsAt(pixels, 0.75)) - 0.29 * SIDE)).toBeLessThan(4);
});

test.each([
  ['a sample', 1, 8000],
  ['short', 300, 44100],
  ['long', 60 * 8000, 8000],
])('any length fills the tile: %s', async (_, length, sampleRate) => {
  const samples = Float32Array.from({ length }, (_, i) => Math.sin(i));
  const channels = [samples, samples];
  expect((await drawSpectrogram({ sampleRate, channels })).length).toBe(SIDE * SIDE * 3);
});

test('silence is dark', async () => {
  const pixels = await drawSpectrogram({ sampleRate: 8000, channels: [new Float32Array(4000)] });
  expect(Math.max(...pixels)).toBeLessThan(5);
});
