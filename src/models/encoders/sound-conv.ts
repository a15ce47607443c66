import { Conv2D, DepthwiseConv2D, Dropout, GroupNorm, Layer, Linear } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { checkOptions } from '../../tensor/options.js';
import { FEATURE_CHECKS, type FeatureOptions } from '../options.js';
import { Encoder, type Features } from './encoder.js';
import { LOG_MEL_CHECKS, LogMel, type LogMelOptions, type SoundInputs } from './log-mel.js';

/** Options of a `SoundConv`. */
export interface SoundConvOptions extends FeatureOptions, LogMelOptions {}

/** Channels of a group of the normalization. */
const GROUP = 8;

/**
 * A convolutional network over log-mel spectrograms, which are images of frames and bands. Its convolutions are
 * separable (Chollet 2017; Howard et al. 2017): one of each channel, then one across channels at every point.
 *
 *   x₀ = logMel(samples)            (batch, frames, bands, 1)
 *   x₁ = relu(norm(conv(x₀)))       (batch, frames/2, bands/2, d/2), 3 x 3 kernel
 *   x₂ = separable(x₁)              (batch, frames/4, bands/4, d)
 *   x₃ = separable(x₂)              (batch, frames/8, bands/8, d)
 *   tokens[t] = relu(W x₃[t] + b)   (batch, frames/8, d), x₃[t] all bands of frame t
 *   pooled = dropout(mean of the tokens)
 *
 * with d the width, and sizes rounded up. The mean is over time alone: which band is loud tells sounds apart. samples
 * (batch, samples) -> pooled (batch, d), tokens (batch, frames/8, d).
 */
export class SoundConv extends Encoder<SoundInputs> {
  override readonly width: number;
  /** The spectrogram of the samples. */
  readonly logMel: LogMel;
  /** The first convolution. */
  readonly stem: Conv2D;
  /** Normalization of the first convolution. */
  readonly norm: Layer;
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
    this.logMel = new LogMel(mel);
    this.stem = new Conv2D({ inputs: 1, outputs: narrow, kernelSize: 3, stride: 2, padding: 'same', useBias: false });
    this.norm = normOf(narrow);
    this.blocks = [new SeparableConv(narrow, width), new SeparableConv(width, width)];
    this.project = new Linear({ inputs: Math.ceil(this.logMel.bands / 8) * width, outputs: width });
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SoundInputs): Features {
    const spectrogram = this.logMel.forward(inputs, 'SoundConv').expandDims(-1);
    const stem = this.norm.forward(this.stem.forward(spectrogram)).relu();
    const map = this.blocks.reduce((x, block) => block.forward(x), stem);
    const [batch, frames, bands, features] = map.shape;
    const tokens = this.project.forward(map.reshape([batch, frames, bands * features])).relu();
    return { pooled: this.drop.forward(tokens.mean(1)), tokens };
  }
}

/**
 * A separable convolution that halves both sides: y = relu(norm(pointwise(depthwise(x)))).
 *
 * x (batch, height, width, inputs) -> y (batch, ⌈height/2⌉, ⌈width/2⌉, outputs).
 */
class SeparableConv extends Layer {
  readonly depthwise: DepthwiseConv2D;
  readonly pointwise: Conv2D;
  readonly norm: Layer;

  constructor(inputs: number, outputs: number) {
    super();
    this.depthwise = new DepthwiseConv2D({ inputs, kernelSize: 3, stride: 2, padding: 'same', useBias: false });
    this.pointwise = new Conv2D({ inputs, outputs, kernelSize: 1, useBias: false, kernelInitializer: 'heNormal' });
    this.norm = normOf(outputs);
  }

  override forward(x: Tensor): Tensor {
    return this.norm.forward(this.pointwise.forward(this.depthwise.forward(x))).relu();
  }
}

const normOf = (features: number): Layer =>
  new GroupNorm({ features, groups: features % GROUP === 0 ? features / GROUP : 1 });
