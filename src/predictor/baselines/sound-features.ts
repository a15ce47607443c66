import { frameMask, speechMel } from '../../models/encoders/log-mel.js';
import { concat, type Tensor } from '../../tensor/index.js';

/** Few bands, so that a linear model of few sounds does not learn them by heart. */
const BANDS = 32;
/** What is added to the power before its logarithm. */
const FLOOR = 1e-6;

/**
 * Makes a function that describes sounds by their log-mel spectrogram x, of 32 bands and 100 frames a second: the mean
 * and the deviation of each band over the frames of the sound. samples (rows, samples), seconds (rows) -> (rows, 64);
 * zeros for a sound of no length.
 */
export function soundFeatures(sampleRate: number): (samples: Tensor, seconds: Tensor) => Tensor {
  const mel = speechMel(sampleRate, BANDS);
  return (samples, seconds) => {
    const x = mel.forward(samples).add(FLOOR).log();
    const mask = frameMask(seconds, x.shape[1], sampleRate).expandDims(-1);
    const count = mask.sum(1, { keepDims: true }).maximum(1);
    const mean = x.mul(mask).sum(1, { keepDims: true }).div(count);
    const variance = x.sub(mean).square().mul(mask).sum(1, { keepDims: true }).div(count);
    return concat([mean, variance.sqrt()], -1).squeeze(1);
  };
}
