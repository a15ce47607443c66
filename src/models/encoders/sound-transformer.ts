import { Conv1D, Dropout, LayerNorm, sinusoidalPositions, TransformerBlock } from '../../nn/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { expectMultiple, FEATURE_CHECKS, type FeatureOptions, multipleOf } from '../options.js';
import { Encoder, type Features } from './encoder.js';
import { LOG_MEL_CHECKS, LogMel, type LogMelOptions } from './log-mel.js';
import { meanOfTokens } from './masked.js';
import { everyStep, type SoundInputs } from './sound.js';

/** Options of a `SoundTransformer`. */
export interface SoundTransformerOptions extends FeatureOptions, LogMelOptions {
  /** The number of transformer blocks. Default 2. */
  readonly depth?: number;
  /** The number of heads of the attention, which divides the width. Default 4. */
  readonly heads?: number;
}

/**
 * A transformer over the frames of log-mel spectrograms (Whisper's encoder, Radford et al. 2022, but both convolutions
 * halve the frames):
 *
 *   x₀ = logMel(samples)                   (batch, frames, bands)
 *   e = gelu(conv₂(gelu(conv₁(x₀))))       (batch, frames/4, d), kernels of 3 frames
 *   x = dropout(e + P), then the blocks    (batch, frames/4, d), frames attend to the sound, not to padding
 *   tokens = norm(x)
 *   pooled = mean of the tokens of the sound
 *
 * with d the width, P sinusoidal positions, sizes rounded up, and a frame every 10 ms. samples (batch, samples), seconds
 * (batch) -> pooled (batch, d), tokens (batch, frames/4, d).
 */
export class SoundTransformer extends Encoder<SoundInputs> {
  override readonly width: number;
  /** The spectrogram of the samples. */
  readonly logMel: LogMel;
  /** The first convolution. */
  readonly conv1: Conv1D;
  /** The second convolution. */
  readonly conv2: Conv1D;
  /** The transformer blocks. */
  readonly blocks: readonly TransformerBlock[];
  /** Normalization of the last block's result. */
  readonly norm: LayerNorm;
  /** Dropout of the frames' vectors. */
  readonly drop: Dropout;

  /** @throws TesseraError if the heads do not divide the width. */
  constructor(options: SoundTransformerOptions) {
    super();
    const {
      width = 128,
      depth = 2,
      heads = 4,
      dropout = 0,
      seed,
      ...mel
    } = checkOptions('SoundTransformer', options, {
      ...FEATURE_CHECKS,
      ...LOG_MEL_CHECKS,
      width: optional(multipleOf(2)),
      depth: optional(positiveInteger),
      heads: optional(positiveInteger),
    });
    expectMultiple('SoundTransformer', 'width', width, 'heads', heads);
    const half = { kernelSize: 3, stride: 2, padding: 'same', activation: 'gelu' } as const;
    this.width = width;
    this.logMel = new LogMel(mel, 4);
    this.conv1 = new Conv1D({ inputs: this.logMel.bands, outputs: width, ...half });
    this.conv2 = new Conv1D({ inputs: width, outputs: width, ...half });
    this.blocks = Array.from({ length: depth }, () => new TransformerBlock({ features: width, heads, dropout }));
    this.norm = new LayerNorm({ features: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SoundInputs): Features {
    const { spectrogram, mask: frames } = this.logMel.forward(inputs, 'SoundTransformer');
    const [halves, mask] = [2, 4].map((step) => everyStep(frames, step));
    const x1 = this.conv1.forward(spectrogram).mul(halves.expandDims(-1));
    const x2 = this.conv2.forward(x1);
    const [batch, time] = mask.shape;
    const attended = mask.greater(0).reshape([batch, 1, 1, time]);
    const first = this.drop.forward(x2.add(sinusoidalPositions(time, this.width)));
    const tokens = this.norm.forward(this.blocks.reduce((x, block) => block.forward(x, attended), first));
    return { pooled: meanOfTokens(tokens, mask), tokens, mask };
  }
}
