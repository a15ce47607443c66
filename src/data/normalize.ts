import { TesseraError } from '../tensor/index.js';

/** Mean and deviation of every channel of the training images. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Statistics of images (…, channels) by channel. @throws TesseraError if a pixel is no number. */
export function pixelStatistics(images: Float32Array, channels: number): PixelStatistics {
  checkPixels(images);
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  images.forEach((value, index) => {
    sums[index % channels]! += value;
    squares[index % channels]! += value * value;
  });
  const count = images.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const deviation = mean.map((center, channel) => Math.sqrt(Math.max(squares[channel]! / count - center ** 2, 1e-6)));
  return { mean, deviation };
}

/** (x - mean) / deviation by channel, in place. @throws TesseraError if a pixel is no number. */
export function normalize(images: Float32Array, { mean, deviation }: PixelStatistics): Float32Array {
  checkPixels(images);
  const channels = mean.length;
  for (let index = 0; index < images.length; index++) {
    const channel = index % channels;
    images[index] = (images[index]! - mean[channel]!) / deviation[channel]!;
  }
  return images;
}

function checkPixels(images: Float32Array): void {
  const at = images.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new TesseraError(`normalize: pixel ${at} is ${images[at]}; expected finite numbers`);
}
