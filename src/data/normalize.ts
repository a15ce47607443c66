import { TesseraError } from '../tensor/index.js';
import { type Check, checkOptions, expectValue, listOf, number, positiveInteger } from '../tensor/options.js';

/** The statistics of the pixels of training images. */
export interface PixelStatistics {
  /** The mean of each channel. */
  readonly mean: readonly number[];
  /** The standard deviation of each channel. */
  readonly deviation: readonly number[];
}

/**
 * Computes mean and standard deviation of each channel of images (..., channels). Use the training split only.
 * @throws TesseraError if there are no pixels, their number is not a multiple of the channels, or one is outside [0,
 * 1].
 */
export function pixelStatistics(images: Float32Array, channels: number): PixelStatistics {
  checkPixels('pixelStatistics', images, channels);
  if (images.length === 0) throw new TesseraError('pixelStatistics: expected at least one image, got none');
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  images.forEach((value, index) => {
    sums[index % channels] += value;
    squares[index % channels] += value * value;
  });
  const count = images.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const deviation = mean.map((center, channel) => Math.sqrt(Math.max(squares[channel] / count - center ** 2, 1e-6)));
  return { mean, deviation };
}

/**
 * Normalizes images (..., channels) in place, (x - mean) / deviation for each channel, and returns them.
 * @throws TesseraError, before changing anything, if the statistics are invalid, the number of pixels is not a multiple
 * of the channels, or one is outside [0, 1] (NaN, bytes up to 255, images that are already normalized).
 */
export function normalize(images: Float32Array, statistics: PixelStatistics): Float32Array {
  const { mean, deviation } = checkOptions('normalize', statistics, {
    mean: listOf(number),
    deviation: listOf(number),
  });
  const channels = mean.length;
  const usable = mean.every(Number.isFinite) && deviation.every((value) => Number.isFinite(value) && value > 0);
  if (channels === 0 || deviation.length !== channels || !usable) {
    throw new TesseraError(
      `normalize: expected a finite mean and a positive deviation for each channel, got [${mean}] and [${deviation}]`,
    );
  }
  checkPixels('normalize', images, channels);
  for (let index = 0; index < images.length; index++) {
    const channel = index % channels;
    images[index] = (images[index] - mean[channel]) / deviation[channel];
  }
  return images;
}

const FLOATS: Check = { expected: 'a Float32Array', fits: (value) => value instanceof Float32Array };

function checkPixels(what: string, images: Float32Array, channels: number): void {
  expectValue(what, 'images', images, FLOATS);
  expectValue(what, 'channels', channels, positiveInteger);
  if (images.length % channels !== 0) {
    throw new TesseraError(`${what}: ${images.length} values do not fill ${channels} channels`);
  }
  const at = images.findIndex((value) => !(value >= 0 && value <= 1));
  if (at >= 0) {
    throw new TesseraError(
      `${what}: value ${at} is ${images[at]}; expected pixels in [0, 1] (divide bytes by 255; normalize only once)`,
    );
  }
}
