import type { Generator } from '../../tensor/generator.js';
import { tensor } from '../../tensor/index.js';
import { closedFraction, nonNegative, positive, positiveInteger } from '../../tensor/options.js';
import { resample } from '../sounds/resample.js';
import { MAXIMUM_SECONDS, type Sound } from '../sounds/wav.js';
import type { FieldKind, FileAccess } from './field.js';
import { type Decode, type FileSource, fileColumn, fileLearner, parseFile } from './files.js';
import { checkSettings, checkState } from './settings.js';

/** Settings of a field of sounds. */
export interface SoundSettings {
  /** Samples a second; 'auto' (default): that of most sounds, at most 16,000. */
  readonly sampleRate: number | 'auto';
  /** Sounds are cut off at so many seconds at most. Default 10. */
  readonly maximumSeconds: number;
  /** The share of the training sounds that are kept whole. Default 0.95: a few long ones do not lengthen all. */
  readonly keptWhole: number;
  /** The largest shift in time while training, as a fraction of the length. Default 0.1. */
  readonly shift: number;
  /** The standard deviation of the noise that is added while training, as a part of the sound's root mean square. Default 0.02. */
  readonly noise: number;
}

/** What is learned of a field of sounds: the sample rate, and the length that most sounds do not exceed. */
export interface SoundState {
  readonly settings: SoundSettings;
  /** Samples a second. */
  readonly sampleRate: number;
  /** Samples of every sound: longer ones are cut off, shorter ones are followed by silence. */
  readonly length: number;
}

const WHAT = 'a sound';
/** Shorter sounds are followed by silence, so that there are frames to compute a spectrogram of. */
const LEAST_SECONDS = 0.1;
const MOST_SAMPLES_PER_SECOND = 16_000;

/**
 * Sounds: `samples` (rows, length), the mean of the channels at one sample rate, and `seconds` (rows), how long each
 * is; 0 where absent.
 */
export const sound: FieldKind<FileSource, SoundSettings, SoundState> = {
  kind: 'sound',

  settings(chosen) {
    const defaults: SoundSettings = {
      sampleRate: 'auto',
      maximumSeconds: 10,
      keptWhole: 0.95,
      shift: 0.1,
      noise: 0.02,
    };
    return checkSettings('sound', chosen, defaults, {
      sampleRate: {
        expected: "'auto' or an integer from 1000 to 48000",
        fits: (value) =>
          value === 'auto' || (positiveInteger.fits(value) && Number(value) >= 1000 && Number(value) <= 48_000),
      },
      maximumSeconds: {
        expected: `a number above 0, at most ${MAXIMUM_SECONDS}`,
        fits: (value) => positive.fits(value) && Number(value) <= MAXIMUM_SECONDS,
      },
      keptWhole: closedFraction,
      shift: closedFraction,
      noise: nonNegative,
    });
  },

  parse: (cell) => parseFile(cell, WHAT),

  learner(settings, files) {
    const rates: number[] = [];
    const seconds: number[] = [];
    const decode: Decode<Sound> = (bytes, name) => files.decodeSound(bytes, { name });
    return fileLearner(
      { files, what: WHAT, decode },
      {
        add({ sampleRate, channels }) {
          rates.push(sampleRate);
          seconds.push(channels[0].length / sampleRate);
        },
        finish() {
          const sampleRate =
            settings.sampleRate === 'auto'
              ? Math.min(mostFrequent(rates), MOST_SAMPLES_PER_SECOND)
              : settings.sampleRate;
          const most = Math.min(
            Math.max(quantile(seconds, settings.keptWhole), LEAST_SECONDS),
            settings.maximumSeconds,
          );
          return { settings, sampleRate, length: Math.ceil(most * sampleRate) };
        },
      },
    );
  },

  column({ settings, sampleRate, length }, files) {
    return fileColumn(
      { files, what: WHAT, decode: decoder(sampleRate, length, files) },
      (decoded) => decoded.byteLength,
      (rows) => {
        const samples = new Float32Array(rows * length);
        const seconds = new Float32Array(rows);
        return {
          put(decoded, row, generator) {
            const out = samples.subarray(row * length, (row + 1) * length);
            const shift = generator === undefined ? 0 : augment(decoded, settings, generator, out);
            if (generator === undefined) out.set(decoded);
            seconds[row] = Math.min(length, Math.max(0, decoded.length + shift)) / sampleRate;
          },
          tensors: () => ({ seconds: tensor(seconds), samples: tensor(samples, [rows, length]) }),
        };
      },
    );
  },

  parseState(json) {
    return checkState<SoundSettings, SoundState>(sound, json, { sampleRate: positiveInteger, length: positiveInteger });
  },
};

/** Decodes sounds to their first samples at a sample rate: the mean of the channels. */
const decoder =
  (rate: number, length: number, files: FileAccess): Decode<Float32Array> =>
  async (bytes, name) => {
    const { sampleRate, channels } = await files.decodeSound(bytes, { name });
    // What is behind the end is not resampled; a tenth of a second more leaves the filter its surroundings.
    const most = Math.ceil((length / rate + 0.1) * sampleRate);
    const mono = Float32Array.from(channels[0].subarray(0, most), (_, at) => mean(channels, at));
    return resample(mono, sampleRate, rate).slice(0, length);
  };

const mean = (channels: readonly Float32Array[], at: number): number =>
  channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length;

/**
 * Shifts a sound in time, with silence where it was, and adds noise in proportion to its root mean square. Returns the
 * shift in samples.
 */
function augment(samples: Float32Array, settings: SoundSettings, generator: Generator, out: Float32Array): number {
  const shift = Math.round((2 * generator.uniform() - 1) * settings.shift * out.length);
  const kept = samples.subarray(Math.max(0, -shift), Math.max(0, Math.min(samples.length, out.length - shift)));
  out.set(kept, Math.max(0, shift));
  const rootMeanSquare = Math.sqrt(samples.reduce((sum, value) => sum + value ** 2, 0) / Math.max(1, samples.length));
  const noise = settings.noise * rootMeanSquare;
  if (noise > 0) for (let at = 0; at < out.length; at++) out[at] += noise * generator.normal();
  return shift;
}

/** The most frequent value; the larger of two that are as frequent. */
function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [[value]] = [...counts].sort(([a, countA], [b, countB]) => countB - countA || b - a);
  return value;
}

/** The smallest of the values that is not exceeded by the given share of them. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
