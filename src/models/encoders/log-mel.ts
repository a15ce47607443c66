import { Counter, MelSpectrogram, Module } from '../../nn/index.js';
import { nextStream } from '../../nn/initializers.js';
import { arange, type Generator, randomUniform, type Tensor, where } from '../../tensor/index.js';
import { type Checks, closedFraction, optional, positiveInteger } from '../../tensor/options.js';
import { normalizeMasked } from './masked.js';
import { expectSound, maskOf, type SoundInputs } from './sound.js';

/** Options that encoders of log-mel spectrograms share. */
export interface LogMelOptions {
  /** Samples a second of the sounds. */
  readonly sampleRate: number;
  /**
   * The number of mel bands. Default 64, or below 8 kHz one for every 125 samples a second: of more, the lowest would
   * lie between two frequencies of the Fourier transform, and be empty.
   */
  readonly bands?: number;
  /** The largest part of the frames, and of the bands, that training hides, within [0, 1]. Default 0.2. */
  readonly masked?: number;
}

/** Checks of `LogMelOptions`. */
export const LOG_MEL_CHECKS: Checks<LogMelOptions> = {
  sampleRate: positiveInteger,
  bands: optional(positiveInteger),
  masked: optional(closedFraction),
};

/** Spectrograms, and which of their frames are sound. */
export interface Spectrograms {
  /** (batch, frames, bands), 0 behind the end of a sound. */
  readonly spectrogram: Tensor;
  /** (batch, frames): 1 for frames of the sound, 0 for padding. */
  readonly mask: Tensor;
}

const [FRAME_SECONDS, HOP_SECONDS] = [0.025, 0.01];
const MOST_BANDS = 64;
const SAMPLES_PER_BAND = 125;
/** What is added to the power before its logarithm: the faintest sound that is told from silence. */
const FLOOR = 1e-6;

const hopOf = (sampleRate: number): number => Math.max(1, Math.round(HOP_SECONDS * sampleRate));

/** Mel spectrograms as are usual for speech: frames of 25 ms, one every 10 ms. */
export const speechMel = (sampleRate: number, bands: number): MelSpectrogram =>
  new MelSpectrogram({
    sampleRate,
    bands,
    hop: hopOf(sampleRate),
    frameLength: Math.max(2, Math.round(FRAME_SECONDS * sampleRate)),
  });

/** The mask (batch, frames) of their frames: 1 for those of sounds that last `seconds` (batch), 0 for padding. */
export const frameMask = (seconds: Tensor, frames: number, sampleRate: number): Tensor =>
  maskOf(seconds, frames, sampleRate / hopOf(sampleRate));

/**
 * Normalized log-mel spectrograms: with m the mel spectrogram of a sound,
 *
 *   x = log(m + 1e-6)      y = (x - mean x) / √(var x + 1e-3)
 *
 * mean and variance over the frames and bands of each sound, so that it does not matter how loud it is; 0 behind its
 * end. Training hides a random range of frames and one of bands of each sound (SpecAugment, Park et al. 2019): they
 * become 0, the mean. samples (batch, samples) -> (batch, frames, bands); `multiple` divides the number of frames.
 */
export class LogMel extends Module {
  /** The number of mel bands. */
  readonly bands: number;
  /** The mel spectrogram. */
  readonly mel: MelSpectrogram;
  /** The number of draws so far. */
  readonly draws = new Counter();
  readonly #masked: number;
  readonly #multiple: number;
  readonly #sampleRate: number;
  #seed = nextStream().bits();

  constructor({ sampleRate, bands, masked = 0.2 }: LogMelOptions, multiple: number) {
    super();
    this.bands = bands ?? Math.min(MOST_BANDS, Math.ceil(sampleRate / SAMPLES_PER_BAND));
    this.mel = speechMel(sampleRate, this.bands);
    this.#masked = masked;
    this.#multiple = multiple;
    this.#sampleRate = sampleRate;
  }

  protected override drawFrom(generator: Generator): void {
    this.#seed = generator.bits();
  }

  /** Computes the spectrograms of a batch. `name` is the encoder that errors name. */
  forward(inputs: SoundInputs, name: string): Spectrograms {
    const { samples, seconds } = expectSound(name, inputs, this.#sampleRate);
    const x = this.mel.forward(samples).add(FLOOR).log();
    const own = x.shape[1];
    const frames = Math.ceil(own / this.#multiple) * this.#multiple;
    const padded = x.pad([
      [0, 0],
      [0, frames - own],
      [0, 0],
    ]);
    const mask = frameMask(seconds, frames, this.#sampleRate);
    const normalized = normalizeMasked(padded, mask);
    return { spectrogram: this.training && this.#masked > 0 ? this.#hide(normalized, mask) : normalized, mask };
  }

  /** Hides a range of each sound's frames and one of the bands. */
  #hide(x: Tensor, mask: Tensor): Tensor {
    const [batch, frames, bands] = x.shape;
    const drawn = randomUniform([4, batch, 1, 1], { seed: this.#seed, draw: this.draws.value++ });
    const [frameWidth, frameStart, bandWidth, bandStart] = drawn.split(4, 0).map((part) => part.reshape([batch, 1, 1]));
    /** Whether each place, a part of its axis, is in a range of random width and start. */
    const isHidden = (place: Tensor, share: Tensor, start: Tensor): Tensor => {
      const width = share.mul(this.#masked);
      const first = start.mul(width.neg().add(1));
      return place.greaterEqual(first).and(place.less(first.add(width)));
    };
    const sound = mask.sum(1).maximum(1).reshape([batch, 1, 1]);
    const frame = arange(frames).cast('f32').reshape([1, frames, 1]).div(sound);
    const band = arange(bands).cast('f32').reshape([1, 1, bands]).div(bands);
    return where(isHidden(frame, frameWidth, frameStart).or(isHidden(band, bandWidth, bandStart)), 0, x);
  }
}
