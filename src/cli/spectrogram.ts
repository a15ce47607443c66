import { TILE_SHAPE } from '../data/node/contact-sheet.js';
import type { Sound } from '../data/sounds/wav.js';
import { MelSpectrogram } from '../nn/index.js';
import { openDevice, setDefaultDevice, tensor } from '../tensor/index.js';

/** Two rows of pixels for each band. */
const BANDS = TILE_SHAPE.height / 2;
/** What is so much fainter than the loudest is drawn as silence, in decibels. */
const RANGE = 80;
/** Silence to the loudest, as RGB: black, violet, orange, pale yellow. */
const COLORS = [
  [0, 0, 4],
  [101, 21, 110],
  [229, 92, 48],
  [252, 255, 164],
];

/**
 * Draws the mel spectrogram of a sound, the mean of its channels, as RGB bytes of `TILE_SHAPE`: time from left to right,
 * the whole sound however long, pitch from below, and brightness for loudness, over 80 dB below the loudest.
 */
export async function drawSpectrogram({ sampleRate, channels }: Sound): Promise<Uint8Array> {
  const { height, width } = TILE_SHAPE;
  const frameLength = Math.max(2, Math.round(0.025 * sampleRate));
  const length = Math.max(channels[0].length, frameLength);
  const mono = Float32Array.from({ length }, (_, at) =>
    channels.reduce((sum, channel) => sum + (channel[at] ?? 0) / channels.length, 0),
  );
  const hop = Math.max(1, Math.ceil(frameLength / 8), Math.floor(length / width));
  const mel = new MelSpectrogram({ sampleRate, frameLength, hop, bands: BANDS });
  // A tile is computed sooner than an adapter is found.
  setDefaultDevice(await openDevice({ device: 'reference' }));
  const power = Float32Array.from(
    await mel
      .forward(tensor(mono, [1, length]))
      .data()
      .finally(() => setDefaultDevice(undefined)),
  );
  const frames = power.length / BANDS;
  const loudest = power.reduce((most, value) => Math.max(most, value), 1e-12);
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const frame = Math.floor((x * frames) / width);
      const band = Math.floor(((height - 1 - y) * BANDS) / height);
      const decibels = 10 * Math.log10(Math.max(power[frame * BANDS + band] / loudest, 1e-12));
      pixels.set(colorOf(1 + decibels / RANGE), 3 * (y * width + x));
    }
  return pixels;
}

/** The color of a loudness from 0 to 1. */
function colorOf(loudness: number): number[] {
  const place = Math.min(Math.max(loudness, 0), 1) * (COLORS.length - 1);
  const first = Math.min(Math.floor(place), COLORS.length - 2);
  return COLORS[first].map((from, channel) => Math.round(from + (place - first) * (COLORS[first + 1][channel] - from)));
}
