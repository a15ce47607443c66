import { frameMask, speechMel } from '../../models/encoders/log-mel.js';
import { concat, type Tensor, tensor } from '../../tensor/index.js';

/** Few bands, so that a linear model of few sounds does not learn them by heart. */
const BANDS = 32;
/** What is added to the power before its logarithm. */
const FLOOR = 1e-6;
/** Spectrograms are ten times as large as sounds: so many are computed at a time. */
const AT_ONCE = 32;

/** Describes sounds: samples (rows, samples), seconds (rows) -> (rows, features). */
export type DescribeSounds = (samples: Tensor, seconds: Tensor) => Promise<Float32Array>;

/**
 * Makes a function that describes sounds by their log-mel spectrogram, of 32 bands and 100 frames a second: the mean and
 * the deviation of each band over the frames of the sound, 64 features; zeros for a sound of no length.
 */
export function soundFeatures(sampleRate: number): DescribeSounds {
  const mel = speechMel(sampleRate, BANDS);
  const describe = (samples: Tensor, seconds: Tensor): Tensor => {
    const x = mel.forward(samples).add(FLOOR).log();
    const mask = frameMask(seconds, x.shape[1], sampleRate).expandDims(-1);
    const count = mask.sum(1, { keepDims: true }).maximum(1);
    const mean = x.mul(mask).sum(1, { keepDims: true }).div(count);
    const variance = x.sub(mean).square().mul(mask).sum(1, { keepDims: true }).div(count);
    return concat([mean, variance.sqrt()], -1).squeeze(1);
  };
  return async (samples, seconds) => {
    const [rows, length] = samples.shape;
    const [allSamples, allSeconds] = [await samples.data(), await seconds.data()];
    const features = new Float32Array(rows * 2 * BANDS);
    for (let first = 0; first < rows; first += AT_ONCE) {
      const end = Math.min(rows, first + AT_ONCE);
      const some = tensor(allSamples.slice(first * length, end * length), [end - first, length]);
      features.set(await describe(some, tensor(allSeconds.slice(first, end))).data(), first * 2 * BANDS);
    }
    return features;
  };
}
