import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resample } from '../../../src/data/index.js';
import { testSound } from '../../support/sounds.js';

const { resampled } = JSON.parse(readFileSync(new URL('../../golden/sounds.json', import.meta.url), 'utf8')) as {
  resampled: { length: number; from: number; to: number; samples: number[] }[];
};

test.each(resampled)(
  '$length samples from $from to $to Hz are those of torchaudio',
  ({ length, from, to, samples }) => {
    const found = resample(testSound(length), from, to);
    expect(found.length).toBe(samples.length);
    found.forEach((value, at) => {
      expect(Math.abs(value - samples[at])).toBeLessThan(1e-6);
    });
  },
);

test('a tone stays, and one above the new limit goes', () => {
  const tone = (hertz: number, rate: number, length: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
  const inner = (samples: Float32Array) => Array.from(samples.subarray(100, samples.length - 100));
  const low = inner(resample(tone(440, 44100, 4410), 44100, 16000));
  const expected = inner(tone(440, 16000, 1600));
  expect(Math.max(...low.map((value, at) => Math.abs(value - expected[at])))).toBeLessThan(0.01);
  expect(Math.max(...inner(resample(tone(12000, 44100, 4410), 44100, 16000)).map(Math.abs))).toBeLessThan(0.01);
});

test('the same rate copies, and nothing stays nothing', () => {
  const samples = Float32Array.of(1, 2);
  expect(resample(samples, 8000, 8000)).toEqual(samples);
  expect(resample(samples, 8000, 8000)).not.toBe(samples);
  expect(resample(new Float32Array(), 8000, 16000).length).toBe(0);
});

test('arguments are checked', () => {
  expect(() => resample([1] as never, 8000, 16000)).toThrow('resample: samples must be a Float32Array');
  expect(() => resample(new Float32Array(1), 0, 16000)).toThrow('resample: the rate it has must be a positive integer');
  expect(() => resample(new Float32Array(1), 99991, 99989)).toThrow('99991 and 99989 have no simple ratio');
  expect(() => resample(new Float32Array(1), 999_999, 16_000)).toThrow('999999 and 16000 have no simple ratio');
  expect(resample(new Float32Array(1), 44_101, 16_000).length).toBe(1);
});
