import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { decodeSound } from '../../../src/data/node/index.js';
import { joined } from '../../../src/data/node/sounds.js';
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
  const { sampleRate, channels } = await decodeSound(fileOf(name), { name });
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
  await expect(decodeSound(bytes, { name })).rejects.toThrow(`cannot decode '${name}': ${message}`);
});

test.each(['tone.flac', 'tone.ogg', 'tone.mp3', 'tone.opus'])('%s is refused where it is too long', async (name) => {
  await expect(decodeSound(fileOf(name), { name, maximumSeconds: 0.01 })).rejects.toThrow(
    /s long; expected at most 0.01 s$/,
  );
});

test('arguments are checked', async () => {
  await expect(decodeSound('a.wav' as never)).rejects.toThrow("cannot decode 'sound': its bytes must be a Uint8Array");
  await expect(decodeSound(new Uint8Array(), { maximumSeconds: 0 })).rejects.toThrow(
    'decodeSound: maximumSeconds must be a finite number above 0',
  );
});

test('a sound that changes its rate or its channels midway is refused', () => {
  const piece = (sampleRate: number, channels: number) => ({
    sampleRate,
    channelData: Array.from({ length: channels }, () => Float32Array.of(0.5)),
  });
  expect(joined([piece(8000, 1), piece(8000, 1)], 2)).toEqual({
    sampleRate: 8000,
    channels: [Float32Array.of(0.5, 0.5)],
  });
  expect(() => joined([piece(8000, 1), piece(8000, 2)], 2)).toThrow(
    'it changes midway, from 1 channels at 8000 Hz to 2 at 8000 Hz',
  );
  expect(() => joined([piece(8000, 1), piece(16000, 1)], 2)).toThrow('to 1 at 16000 Hz');
});

test('a small file of more samples than memory is for is refused while it is decoded', async () => {
  let decoded = 0;
  vi.doMock('audio-decode', () => ({
    async *default() {
      for (; decoded < 1000; decoded++)
        yield { sampleRate: 655_350, channelData: Array(8).fill(new Float32Array(2 ** 20)) };
    },
  }));
  await expect(decodeSound(fileOf('tone.flac'))).rejects.toThrow('expected at most 67108864 samples in all channels');
  vi.doUnmock('audio-decode');
  expect(decoded).toBeLessThan(10);
});
