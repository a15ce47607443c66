import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeSound } from '../../../src/data/node/index.js';
import { wavOf } from '../../support/sounds.js';

/** 0.1 s of a tone of 440 Hz, with half the largest amplitude, at 22,050 Hz. */
const fileOf = (name: string) => readFileSync(new URL(`../../golden/sounds/${name}`, import.meta.url));
const tone = Float32Array.from({ length: 2205 }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / 22050) * (16000 / 32768));

test('WAV is decoded as it is', async () => {
  const { sampleRate, channels } = await decodeSound(wavOf(tone, 22050));
  expect([sampleRate, channels.length]).toEqual([22050, 1]);
  expect(Math.max(...channels[0].map((value, i) => Math.abs(value - tone[i])))).toBeLessThan(1 / 32768);
});

test.each([
  ['tone.flac', 22050, 1e-4],
  ['tone.ogg', 22050, 0.1],
  ['tone.mp3', 22050, 0.1],
  ['tone.opus', 48000, 0.1],
])('%s is decoded', async (name, rate, tolerance) => {
  const { sampleRate, channels } = await decodeSound(fileOf(name), 1, name);
  expect(sampleRate).toBe(rate);
  const seconds = channels[0].length / sampleRate;
  expect(seconds).toBeGreaterThanOrEqual(0.09);
  expect(seconds).toBeLessThan(0.2);
  const loudest = channels[0].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(Math.abs(loudest - 16000 / 32768)).toBeLessThan(tolerance);
});

test.each<[string, Uint8Array, string]>([
  [
    'a text',
    new TextEncoder().encode('I am a text'),
    'its format is not supported; expected a WAV, Ogg, MP3 or FLAC file',
  ],
  ['a video', Uint8Array.from([0, 0, 0, 24, ...Buffer.from('ftypmp42')]), 'its format is not supported'],
  ['nothing', new Uint8Array(), 'its format is not supported'],
  ['a damaged file', fileOf('tone.flac').subarray(0, 60), ''],
  ['a damaged header', wavOf(tone, 0), 'the header says 0 samples a second'],
])('%s is refused', async (name, bytes, message) => {
  await expect(decodeSound(bytes, 600, name)).rejects.toThrow(`cannot decode '${name}': ${message}`);
});

test.each(['tone.flac', 'tone.ogg', 'tone.mp3', 'tone.opus'])('%s is refused where it is too long', async (name) => {
  await expect(decodeSound(fileOf(name), 0.01, name)).rejects.toThrow(/s long; expected at most 0.01 s$/);
});

test('arguments are checked', async () => {
  await expect(decodeSound('a.wav' as never)).rejects.toThrow("cannot decode 'sound': its bytes must be a Uint8Array");
  await expect(decodeSound(new Uint8Array(), 0)).rejects.toThrow('maximumSeconds must be a finite number above 0');
});
