import { Bidirectional, Conv2D, Dropout, Linear, LSTM } from '../../nn/index.js';
import { checkOptions, optional } from '../../tensor/options.js';
import { FEATURE_CHECKS, type FeatureOptions, multipleOf } from '../options.js';
import { Encoder, type Features } from './encoder.js';
import { LOG_MEL_CHECKS, LogMel, type LogMelOptions } from './log-mel.js';
import { MaskedNorm, meanOfTokens } from './masked.js';
import { SeparableConv } from './separable-conv.js';
import { everyStep, type SoundInputs } from './sound.js';

/** Options of a `SoundCRNN`. */
export interface SoundCRNNOptions extends FeatureOptions, LogMelOptions {
  /**
   * The frames that become one token, 4 or 8: tokens of 40 or 80 ms. Default 4. With fewer tokens, training learns
   * sooner when the words of a transcript are said.
   */
  readonly subsampling?: 4 | 8;
}

/**
 * A convolutional recurrent network (Çakır et al. 2017): convolutions over the log-mel spectrogram find what sounds at a
 * time, and an LSTM in both directions what it is in its context.
 *
 *   x₀ = logMel(samples)                   (batch, frames, bands, 1)
 *   x₁ = relu(norm(conv(x₀)))              (batch, frames/2, bands/2, d/2), 3 x 3 kernel
 *   x₂ = separable(x₁)                     (batch, frames/4, bands/4, d)
 *   x₃ = separable(x₂)                     (batch, frames/s, bands/8, d)
 *   e[t] = dropout(relu(W x₃[t] + b))      (batch, frames/s, d), x₃[t] all bands of frame t
 *   tokens = [LSTM(e); LSTM backwards(e)]  (batch, frames/s, d), padding leaves the states unchanged
 *   pooled = dropout(mean of the tokens of the sound)
 *
 * with d the width, s the subsampling, sizes rounded up, and a frame every 10 ms. samples (batch, samples), seconds
 * (batch) -> pooled (batch, d), tokens (batch, frames/s, d).
 */
export class SoundCRNN extends Encoder<SoundInputs> {
  override readonly width: number;
  /** The spectrogram of the samples. */
  readonly logMel: LogMel;
  /** The first convolution. */
  readonly stem: Conv2D;
  /** Normalization of the first convolution. */
  readonly norm: MaskedNorm;
  /** The separable convolutions, each of which halves the bands; the first halves the frames, the second for s = 8. */
  readonly blocks: readonly SeparableConv[];
  /** The dense layer from the bands of a frame to the recurrence. */
  readonly project: Linear;
  /** The recurrence over the frames, with d/2 units in each direction. */
  readonly lstm: Bidirectional;
  /** Dropout of the recurrence's inputs and of the pooled features. */
  readonly drop: Dropout;
  readonly #subsampling: number;

  constructor(options: SoundCRNNOptions) {
    super();
    const {
      width = 128,
      dropout = 0,
      subsampling = 4,
      seed,
      ...mel
    } = checkOptions('SoundCRNN', options, {
      ...FEATURE_CHECKS,
      ...LOG_MEL_CHECKS,
      width: optional(multipleOf(2)),
      subsampling: optional({ expected: '4 or 8', fits: (value) => value === 4 || value === 8 }),
    });
    const half = width / 2;
    this.width = width;
    this.#subsampling = subsampling;
    this.logMel = new LogMel(mel, subsampling);
    this.stem = new Conv2D({ inputs: 1, outputs: half, kernelSize: 3, stride: 2, padding: 'same', useBias: false });
    this.norm = new MaskedNorm(half);
    this.blocks = [new SeparableConv(half, width, 2), new SeparableConv(width, width, subsampling / 4)];
    this.project = new Linear({ inputs: Math.ceil(this.logMel.bands / 8) * width, outputs: width, activation: 'relu' });
    this.lstm = new Bidirectional({
      forwards: new LSTM({ inputs: width, outputs: half }),
      backwards: new LSTM({ inputs: width, outputs: half }),
    });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SoundInputs): Features {
    const { spectrogram, mask: frames } = this.logMel.forward(inputs, 'SoundCRNN');
    const [halves, quarters, mask] = [2, 4, this.#subsampling].map((step) => everyStep(frames, step));
    const x1 = this.norm.forward(this.stem.forward(spectrogram.expandDims(-1)), halves).relu();
    const x2 = this.blocks[0].forward(x1, quarters);
    const x3 = this.blocks[1].forward(x2, mask);
    const [batch, time, bands, features] = x3.shape;
    const projected = this.project.forward(x3.reshape([batch, time, bands * features]));
    const { sequence } = this.lstm.run(this.drop.forward(projected), mask);
    return { pooled: this.drop.forward(meanOfTokens(sequence, mask)), tokens: sequence, mask };
  }
}
