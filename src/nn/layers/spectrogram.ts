import { concat, matmul, pad, type Tensor, TesseraError, tensor } from '../../tensor/index.js';
import { expectAxes } from '../../tensor/ops/checks.js';
import { checkOptions, nonNegative, optional, positive, positiveInteger } from '../../tensor/options.js';
import { Layer } from '../module.js';

/** Options of a `MelSpectrogram`. */
export interface MelSpectrogramOptions {
  /** Samples a second. */
  readonly sampleRate: number;
  /** Samples of a frame, which is also the size of its Fourier transform. Default 400, which is 25 ms at 16 kHz. */
  readonly frameLength?: number;
  /** Samples from a frame to the next. Default 160, which is 10 ms at 16 kHz. */
  readonly hop?: number;
  /** The number of mel bands. Default 64. */
  readonly bands?: number;
  /** The lowest frequency of the bands in hertz. Default 0. */
  readonly lowest?: number;
  /** The highest frequency of the bands in hertz. Default half the sample rate. */
  readonly highest?: number;
}

/**
 * The mel spectrogram of sounds: the power of bands that are spaced as pitches are heard,
 *
 *   X[t,k] = Σ_j w[j] x[t·hop + j - N/2] e^(-2πi jk/N)      w[j] = (1 - cos(2πj/N)) / 2    (Hann)
 *   y[t,m] = Σ_k |X[t,k]|² F[k,m]
 *
 * samples (batch, samples) -> (batch, frames, bands) with 1 + ⌊samples/hop⌋ frames where the frame length N is even; the
 * ends are mirrored. F (N/2 + 1, bands) are triangles whose corners are equally spaced in mel, 2595 log₁₀(1 + f/700). The formulas and
 * defaults of torchaudio's `MelSpectrogram`, but for the order of the axes. Nothing is learned, and gradients reach the
 * samples. The Fourier transform is a matrix product of all frames with cosines and sines. A band that lies between two
 * frequencies of the transform is 0 everywhere; of 64 bands with frames of 25 ms, none does from 8 kHz on.
 */
export class MelSpectrogram extends Layer {
  /** The number of mel bands. */
  readonly bands: number;
  readonly #frameLength: number;
  readonly #hop: number;
  readonly #basis: Tensor;
  readonly #filters: Tensor;

  /** @throws TesseraError if an option is unknown or invalid, or the frequencies are not in order. */
  constructor(options: MelSpectrogramOptions) {
    super();
    const {
      sampleRate,
      frameLength = 400,
      hop = 160,
      bands = 64,
      lowest = 0,
      highest = sampleRate / 2,
    } = checkOptions('MelSpectrogram', options, {
      sampleRate: positiveInteger,
      frameLength: optional({
        expected: 'an integer of 2 or more',
        fits: (value) => positiveInteger.fits(value) && value !== 1,
      }),
      hop: optional(positiveInteger),
      bands: optional(positiveInteger),
      lowest: optional(nonNegative),
      highest: optional(positive),
    });
    if (!(lowest < highest && highest <= sampleRate / 2))
      throw new TesseraError(
        `MelSpectrogram: frequencies from ${lowest} to ${highest} Hz are not within 0 and half the sample rate, ${sampleRate / 2} Hz, in order`,
      );
    this.bands = bands;
    this.#frameLength = frameLength;
    this.#hop = hop;
    this.#basis = fourierBasis(frameLength);
    this.#filters = melFilters({
      bins: bins(frameLength),
      bands,
      lowest,
      highest,
      nyquist: Math.floor(sampleRate / 2),
    });
  }

  override forward(samples: Tensor): Tensor {
    expectAxes('MelSpectrogram', 'samples', samples, 'f32', ['batch', 'samples']);
    const half = Math.floor(this.#frameLength / 2);
    if (samples.shape[1] <= half)
      throw new TesseraError(
        `MelSpectrogram: expected more than ${half} samples, half a frame, got ${samples.shape[1]}; pad the sounds`,
      );
    const padded = pad(
      samples,
      [
        [0, 0],
        [half, half],
      ],
      'reflect',
    );
    const transformed = matmul(framesOf(padded, this.#frameLength, this.#hop), this.#basis);
    const [real, imaginary] = transformed.split(2, -1);
    return matmul(real.square().add(imaginary.square()), this.#filters);
  }
}

/**
 * Frames of `length` samples, one every `hop` as far as there are whole ones: (batch, samples) -> (batch, frames,
 * length). Each is a row of blocks of `hop` samples, so that all frames are a few slices side by side.
 */
function framesOf(samples: Tensor, length: number, hop: number): Tensor {
  const [batch, size] = samples.shape;
  const frames = 1 + Math.floor((size - length) / hop);
  const parts = Math.ceil(length / hop);
  const used = (frames + parts - 1) * hop;
  const enough = samples.slice([0, 0], [batch, used]).pad([
    [0, 0],
    [0, Math.max(0, used - size)],
  ]);
  const blocks = enough.reshape([batch, frames + parts - 1, hop]);
  const part = (index: number): Tensor =>
    blocks.slice([0, index], [batch, index + frames, Math.min(hop, length - index * hop)]);
  return concat(
    Array.from({ length: parts }, (_, index) => part(index)),
    -1,
  );
}

/** The number of frequencies of a Fourier transform of real numbers. */
const bins = (frameLength: number): number => Math.floor(frameLength / 2) + 1;

/** Windowed cosines and negative sines: (frameLength, 2 · bins). */
function fourierBasis(frameLength: number): Tensor {
  const count = bins(frameLength);
  const basis = new Float32Array(frameLength * 2 * count);
  for (let j = 0; j < frameLength; j++) {
    const window = (1 - Math.cos((2 * Math.PI * j) / frameLength)) / 2;
    for (let k = 0; k < count; k++) {
      const angle = (2 * Math.PI * ((j * k) % frameLength)) / frameLength;
      basis[j * 2 * count + k] = window * Math.cos(angle);
      basis[j * 2 * count + count + k] = -window * Math.sin(angle);
    }
  }
  return tensor(basis, [frameLength, 2 * count]);
}

const toMel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const toHertz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/** The triangles F (bins, bands): band m rises from corner m to corner m+1 and falls to corner m+2. */
function melFilters(of: { bins: number; bands: number; lowest: number; highest: number; nyquist: number }): Tensor {
  const [low, high] = [toMel(of.lowest), toMel(of.highest)];
  const corners = Array.from({ length: of.bands + 2 }, (_, m) => toHertz(low + ((high - low) * m) / (of.bands + 1)));
  const filters = new Float32Array(of.bins * of.bands);
  for (let k = 0; k < of.bins; k++) {
    const frequency = (of.nyquist * k) / (of.bins - 1);
    for (let m = 0; m < of.bands; m++) {
      const rising = (frequency - corners[m]) / (corners[m + 1] - corners[m]);
      const falling = (corners[m + 2] - frequency) / (corners[m + 2] - corners[m + 1]);
      filters[k * of.bands + m] = Math.max(0, Math.min(rising, falling));
    }
  }
  return tensor(filters, [of.bins, of.bands]);
}
