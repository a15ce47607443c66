import { TesseraError } from '../../tensor/index.js';
import { expectValue, positiveInteger } from '../../tensor/options.js';

/** Zero crossings of the sinc on either side: more of them cut off more sharply. */
const LOBES = 6;
/** The cutoff as a part of the lower Nyquist frequency, so that little aliases. */
const ROLLOFF = 0.99;
/** A rate in no simple ratio to the other needs a filter for each of many positions: so many taps at most, 8 MiB. */
const MAXIMUM_TAPS = 2 ** 20;

/**
 * Resamples a sound by a windowed sinc, as torchaudio's `resample` with its defaults (Smith, "Digital Audio Resampling
 * Home Page"): for rates in the lowest terms p : q, cutoff c = 0.99 · min(p, q),
 *
 *   y[k] = c/p · Σ_i x[i] sinc(c t) cos²(π c t / 12)      t = k/q - i/p, |c t| < 6
 *
 * samples (n) -> ⌈n · to / from⌉ samples; x is 0 beyond its ends. The sums are in float64.
 * @throws TesseraError if a rate is not a positive integer, or the ratio needs too many filters.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  expectValue('resample', 'samples', samples, {
    expected: 'a Float32Array',
    fits: (value) => value instanceof Float32Array,
  });
  expectValue('resample', 'the rate it has', from, positiveInteger);
  expectValue('resample', 'the rate to give it', to, positiveInteger);
  if (from === to) return samples.slice();
  const divisor = greatestCommonDivisor(from, to);
  const [p, q] = [from / divisor, to / divisor];
  if (q * (2 * reachOf(p, q) + 1) > MAXIMUM_TAPS)
    throw new TesseraError(`resample: ${from} and ${to} have no simple ratio; choose a rate such as 8000 or 16000`);
  const filters = Array.from({ length: q }, (_, phase) => filterOf(phase, p, q));
  return Float32Array.from({ length: Math.ceil((samples.length * q) / p) }, (_, k) => {
    const { first, taps } = filters[k % q];
    const start = Math.floor(k / q) * p + first;
    let sum = 0;
    for (let tap = Math.max(0, -start); tap < taps.length && start + tap < samples.length; tap++)
      sum += taps[tap] * samples[start + tap];
    return sum;
  });
}

/** The filter of the outputs k ≡ phase (mod q): its taps, and the input of the first one where k = phase. */
function filterOf(phase: number, p: number, q: number): { first: number; taps: Float64Array } {
  const cutoff = cutoffOf(p, q);
  const center = (phase * p) / q;
  const reach = reachOf(p, q);
  const first = Math.ceil(center - reach);
  const taps = Float64Array.from({ length: Math.floor(center + reach) - first + 1 }, (_, tap) => {
    const t = (cutoff * (center - first - tap)) / p;
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    return (cutoff / p) * sinc * Math.cos((Math.PI * t) / (2 * LOBES)) ** 2;
  });
  return { first, taps };
}

const cutoffOf = (p: number, q: number): number => ROLLOFF * Math.min(p, q);

/** How many inputs on either side a filter reaches. */
const reachOf = (p: number, q: number): number => (LOBES * p) / cutoffOf(p, q);

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
