import { Conv2D, Dropout, Linear } from '../../nn/index.js';
import { checkOptions } from '../../tensor/options.js';
import { FEATURE_CHECKS, type FeatureOptions } from '../options.js';
import { Encoder, type Features } from './encoder.js';
import { LOG_MEL_CHECKS, LogMel, type LogMelOptions } from './log-mel.js';
import { MaskedNorm, meanOfTokens } from './masked.js';
import { SeparableConv } from './separable-conv.js';
import { everyStep, type SoundInputs } from './sound.js';

/** Options of a `SoundConv`. */
export interface SoundConvOptions extends FeatureOptions, LogMelOptions {}

/**
 * A convolutional network over log-mel spectrograms, which are images of frames and bands:
 *
 *   x₀ = logMel(samples)            (batch, frames, bands, 1)
 *   x₁ = relu(norm(conv(x₀)))       (batch, frames/2, bands/2, d/2), 3 x 3 kernel
 *   x₂ = separable(x₁)              (batch, frames/4, bands/4, d)
 *   x₃ = separable(x₂)              (batch, frames/8, bands/8, d)
 *   tokens[t] = relu(W x₃[t] + b)   (batch, frames/8, d), x₃[t] all bands of frame t
 *   pooled = dropout(mean of the tokens of the sound)
 *
 * with d the width, sizes rounded up, and a frame every 10 ms. The mean is over time alone: which band is loud tells
 * sounds apart. samples (batch, samples), seconds (batch) -> pooled (batch, d), tokens (batch, frames/8, d).
 */
export class SoundConv extends Encoder<SoundInputs> {
  override readonly width: number;
  /** The spectrogram of the samples. */
  readonly logMel: LogMel;
  /** The first convolution. */
  readonly stem: Conv2D;
  /** Normalization of the first convolution. */
  readonly norm: MaskedNorm;
  /** The separable convolutions, each of which halves frames and bands. */
  readonly blocks: readonly SeparableConv[];
  /** The dense layer from the bands of a frame to its token. */
  readonly project: Linear;
  /** Dropout of the pooled features. */
  readonly drop: Dropout;

  constructor(options: SoundConvOptions) {
    super();
    const {
      width = 128,
      dropout = 0,
      seed,
      ...mel
    } = checkOptions('SoundConv', options, { ...FEATURE_CHECKS, ...LOG_MEL_CHECKS });
    const narrow = Math.ceil(width / 2);
    this.width = width;
    this.logMel = new LogMel(mel, 8);
    this.stem = new Conv2D({ inputs: 1, outputs: narrow, kernelSize: 3, stride: 2, padding: 'same', useBias: false });
    this.norm = new MaskedNorm(narrow);
    this.blocks = [new SeparableConv(narrow, width, 2), new SeparableConv(width, width, 2)];
    this.project = new Linear({ inputs: Math.ceil(this.logMel.bands / 8) * width, outputs: width, activation: 'relu' });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SoundInputs): Features {
    const { spectrogram, mask: frames } = this.logMel.forward(inputs, 'SoundConv');
    const [halves, quarters, mask] = [2, 4, 8].map((step) => everyStep(frames, step));
    const x1 = this.norm.forward(this.stem.forward(spectrogram.expandDims(-1)), halves).relu();
    const x2 = this.blocks[0].forward(x1, quarters);
    const x3 = this.blocks[1].forward(x2, mask);
    const [batch, time, bands, features] = x3.shape;
    const tokens = this.project.forward(x3.reshape([batch, time, bands * features]));
    return { pooled: this.drop.forward(meanOfTokens(tokens, mask)), tokens, mask };
  }
}
