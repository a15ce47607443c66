import type { Generator } from '../../tensor/generator.js';

/** How images are varied in training. */
export interface Augmentation {
  /** Whether half of the images are mirrored. Default true; set false where left and right differ, as in digits. */
  readonly flip: boolean;
  /** Images are shifted by up to this fraction of their size; their edge is repeated. Default 0.125. */
  readonly crop: number;
  /** Brightness, contrast and saturation vary by up to this fraction. Default 0.2. */
  readonly color: number;
  /** The side of a square that is cut out, as a fraction of the image's (DeVries and Taylor 2017). Default 0: none. */
  readonly cutout: number;
}

/** The statistics of the channels of pixels in [0, 1]. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

const CHANNELS = 3;
/** The weights of red, green and blue in a gray value (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114];

/** Writes RGB bytes into `out` as (x / 255 - mean) / deviation for each channel. */
export function normalizeBytes(bytes: Uint8Array, { mean, deviation }: ChannelStatistics, out: Float32Array): void {
  const [scale, shift] = affine({ mean, deviation });
  for (let at = 0; at < bytes.length; at += CHANNELS)
    for (let channel = 0; channel < CHANNELS; channel++)
      out[at + channel] = bytes[at + channel] * scale[channel] + shift[channel];
}

/** x / 255 / deviation - mean / deviation as a factor and a summand of bytes. */
const affine = ({ mean, deviation }: ChannelStatistics): [number[], number[]] => [
  deviation.map((value) => 1 / (255 * value)),
  deviation.map((value, channel) => -mean[channel] / value),
];

/**
 * Varies an image of RGB bytes (height, width, 3) by what the generator draws, and writes it normalized into `out`:
 * mirrored and shifted; then x ← brightness · x; x ← m + contrast · (x - m) with the mean m of all pixels;
 * x ← gray + saturation · (x - gray); then a square set to 0, the mean after normalization.
 */
export function augmentBytes(
  bytes: Uint8Array,
  [height, width]: readonly [number, number],
  { flip, crop, color, cutout }: Augmentation,
  statistics: ChannelStatistics,
  generator: Generator,
  out: Float32Array,
): void {
  // Always the same number of draws in the same order: one setting does not change what another one draws.
  const [mirrored, down, right, ...rest] = Array.from({ length: 8 }, () => generator.uniform());
  const [brightness, contrast, saturation] = rest.slice(0, 3).map((draw) => 1 + color * (2 * draw - 1));
  const dy = Math.round(crop * height * (2 * down - 1));
  const dx = Math.round(crop * width * (2 * right - 1));
  const mean = 255 * brightness * meanOf(bytes);
  const [scale, shift] = affine(statistics);
  const pixel = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    const fromY = clamp(y + dy, height - 1);
    for (let x = 0; x < width; x++) {
      const shifted = clamp(x + dx, width - 1);
      const from = CHANNELS * (fromY * width + (flip && mirrored < 0.5 ? width - 1 - shifted : shifted));
      const to = CHANNELS * (y * width + x);
      for (let channel = 0; channel < CHANNELS; channel++)
        pixel[channel] = mean + contrast * (brightness * bytes[from + channel] - mean);
      const gray = LUMA[0] * pixel[0] + LUMA[1] * pixel[1] + LUMA[2] * pixel[2];
      for (let channel = 0; channel < CHANNELS; channel++)
        out[to + channel] = clamp(gray + saturation * (pixel[channel] - gray), 255) * scale[channel] + shift[channel];
    }
  }
  if (cutout > 0) cutOut(out, [height, width], cutout, [rest[3], rest[4]]);
}

const clamp = (value: number, last: number): number => Math.min(Math.max(value, 0), last);

/** The mean of all bytes, in [0, 1]. */
const meanOf = (bytes: Uint8Array): number => bytes.reduce((sum, value) => sum + value, 0) / (255 * bytes.length);

/** Sets a square to 0 whose centre is drawn from all pixels; it may reach over the edge. */
function cutOut(
  pixels: Float32Array,
  [height, width]: readonly [number, number],
  fraction: number,
  [down, right]: readonly [number, number],
): void {
  const side = Math.round(fraction * Math.min(height, width));
  const top = Math.floor(down * height - side / 2);
  const left = Math.floor(right * width - side / 2);
  for (let y = clamp(top, height); y < clamp(top + side, height); y++)
    pixels.fill(0, CHANNELS * (y * width + clamp(left, width)), CHANNELS * (y * width + clamp(left + side, width)));
}
