import { Counter, MelSpectrogram, Module } from '../../nn/index.js';
import { nextStream } from '../../nn/initializers.js';
import { arange, type Generator, ones, randomUniform, type Tensor, where } from '../../tensor/index.js';
import { type Checks, closedFraction, optional, positiveInteger } from '../../tensor/options.js';
import { expectInputs, expectTensor } from '../options.js';

/** Options that encoders of sounds share. */
export interface LogMelOptions {
  /** Samples a second of the sounds. */
  readonly sampleRate: number;
  /** The number of mel bands. Default 64. */
  readonly bands?: number;
  /** The largest part of the frames, and of the bands, that training hides, within [0, 1]. Default 0.2. */
  readonly masked?: number;
}

/** The inputs of encoders of sounds. */
export type SoundInputs = {
  /** Samples: (batch, samples) of f32, followed by zeros where a sound is shorter. */
  readonly samples: Tensor;
  /** The length of each sound in seconds: (batch) of f32. Default: all are as long as the tensor. */
  readonly seconds?: Tensor;
};

/** Checks of `LogMelOptions`. */
export const LOG_MEL_CHECKS: Checks<LogMelOptions> = {
  sampleRate: positiveInteger,
  bands: optional(positiveInteger),
  masked: optional(closedFraction),
};

/** Frames of 25 ms, one every 10 ms, as is usual for speech. */
const [FRAME_SECONDS, HOP_SECONDS] = [0.025, 0.01];
/** What is added to the power before its logarithm: the faintest sound that is told from silence. */
const FLOOR = 1e-6;
const EPSILON = 1e-3;

/**
 * Normalized log-mel spectrograms: with m the mel spectrogram of a sound,
 *
 *   x = log(m + 1e-6)      y = (x - mean x) / √(var x + 1e-3)
 *
 * mean and variance over the frames and bands of each sound, so that it does not matter how loud it is; 0 behind its
 * end. Training hides a random range of frames and one of bands of each sound (SpecAugment, Park et al. 2019): they
 * become 0, the mean. samples (batch, samples) -> (batch, frames, bands).
 */
export class LogMel extends Module {
  /** The number of mel bands. */
  readonly bands: number;
  /** The mel spectrogram. */
  readonly mel: MelSpectrogram;
  /** The number of draws so far. */
  readonly draws = new Counter();
  readonly #masked: number;
  readonly #framesPerSecond: number;
  #seed = nextStream().bits();

  constructor({ sampleRate, bands = 64, masked = 0.2 }: LogMelOptions) {
    super();
    const hop = Math.max(1, Math.round(HOP_SECONDS * sampleRate));
    this.bands = bands;
    this.mel = new MelSpectrogram({
      sampleRate,
      bands,
      hop,
      frameLength: Math.max(2, Math.round(FRAME_SECONDS * sampleRate)),
    });
    this.#masked = masked;
    this.#framesPerSecond = sampleRate / hop;
  }

  protected override drawFrom(generator: Generator): void {
    this.#seed = generator.bits();
  }

  /** Computes the spectrograms of a batch. `name` is the encoder that errors name. */
  forward(inputs: SoundInputs, name: string): Tensor {
    const { samples, seconds } = expectInputs(name, inputs);
    expectTensor(name, 'samples', samples, 'f32', ['batch', 'samples']);
    const x = this.mel.forward(samples).add(FLOOR).log();
    const [batch, frames] = x.shape;
    if (seconds !== undefined) expectTensor(name, 'seconds', seconds, 'f32', [batch]);
    // Half a frame keeps the end of sounds of whole frames away from where rounding decides.
    const time = arange(frames).cast('f32').add(0.5).reshape([1, frames, 1]);
    const isSound =
      seconds === undefined
        ? ones([1, frames, 1])
        : time.less(seconds.reshape([batch, 1, 1]).mul(this.#framesPerSecond)).cast('f32');
    const normalized = normalize(x, isSound);
    return this.training && this.#masked > 0 ? this.#hide(normalized) : normalized;
  }

  #hide(x: Tensor): Tensor {
    const [batch, frames, bands] = x.shape;
    const drawn = randomUniform([4, batch, 1, 1], { seed: this.#seed, draw: this.draws.value++ });
    const [frameWidth, frameStart, bandWidth, bandStart] = drawn.split(4, 0).map((part) => part.reshape([batch, 1, 1]));
    /** Whether each of `count` places along an axis is in a range of random width and start. */
    const rangeOf = (share: Tensor, start: Tensor, count: number, shape: readonly number[]): Tensor => {
      const width = share.mul(this.#masked);
      const first = start.mul(width.neg().add(1));
      const at = arange(count).cast('f32').div(count).reshape(shape);
      return at.greaterEqual(first).and(at.less(first.add(width)));
    };
    const hidden = rangeOf(frameWidth, frameStart, frames, [1, frames, 1]).or(
      rangeOf(bandWidth, bandStart, bands, [1, 1, bands]),
    );
    return where(hidden, 0, x);
  }
}

/** Gives the part of x (batch, frames, bands) that is sound mean 0 and variance 1 per row, and makes the rest 0. */
function normalize(x: Tensor, isSound: Tensor): Tensor {
  const count = isSound.sum(1, { keepDims: true }).mul(x.shape[2]).maximum(1);
  const over = { keepDims: true };
  const mean = x.mul(isSound).sum([1, 2], over).div(count);
  const centered = x.sub(mean).mul(isSound);
  const variance = centered.square().sum([1, 2], over).div(count);
  return centered.div(variance.add(EPSILON).sqrt());
}
