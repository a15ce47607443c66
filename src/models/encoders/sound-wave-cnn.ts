import { Conv1D, Dropout, Module } from '../../nn/index.js';
import { maxPool2d, type Tensor } from '../../tensor/index.js';
import { checkOptions, optional, positiveInteger } from '../../tensor/options.js';
import { FEATURE_CHECKS, type FeatureOptions, multipleOf } from '../options.js';
import { Encoder, type Features } from './encoder.js';
import { MaskedNorm, meanOfTokens, normalizeMasked } from './masked.js';
import { everyStep, expectSound, maskOf, type SoundInputs } from './sound.js';

/** Options of a `SoundWaveCNN`. */
export interface SoundWaveCNNOptions extends FeatureOptions {
  /** Samples a second of the sounds. */
  readonly sampleRate: number;
}

/** The first convolution spans 10 ms and advances by 0.5 ms, as the network M5 at 8 kHz does. */
const [KERNEL_SECONDS, STRIDE_SECONDS] = [0.01, 0.0005];
const POOL = 4;

/**
 * A convolutional network over the wave, which learns its own filters in place of a spectrogram's (Dai et al. 2017, the
 * network M5):
 *
 *   x₀ = samples with mean 0 and variance 1   (batch, samples, 1)
 *   x₁ = pool(relu(norm(conv(x₀))))           (batch, samples/4s, d/4), a kernel of 10 ms with a stride s of 0.5 ms
 *   x₂ = pool(relu(norm(conv(x₁))))           (batch, samples/16s, d/2), kernels of 3 steps from here on
 *   x₃ = pool(relu(norm(conv(x₂))))           (batch, samples/64s, d)
 *   tokens = relu(norm(conv(x₃)))             (batch, samples/64s, d)
 *   pooled = dropout(mean of the tokens of the sound)
 *
 * with d the width, pool the maximum of 4 steps, and sizes rounded up: a token stands for 32 ms. samples (batch,
 * samples), seconds (batch) -> pooled (batch, d), tokens (batch, samples/64s, d).
 */
export class SoundWaveCNN extends Encoder<SoundInputs> {
  override readonly width: number;
  /** Samples a second of the sounds. */
  readonly sampleRate: number;
  /** The stride s of the first convolution, in samples. */
  readonly stride: number;
  /** The convolutions. */
  readonly blocks: readonly ConvNorm[];
  /** Dropout of the pooled features. */
  readonly drop: Dropout;

  constructor(options: SoundWaveCNNOptions) {
    super();
    const {
      sampleRate,
      width = 128,
      dropout = 0,
      seed,
    } = checkOptions('SoundWaveCNN', options, {
      ...FEATURE_CHECKS,
      width: optional(multipleOf(4)),
      sampleRate: positiveInteger,
    });
    this.width = width;
    this.sampleRate = sampleRate;
    this.stride = Math.max(1, Math.round(STRIDE_SECONDS * sampleRate));
    const kernelSize = Math.max(2, Math.round(KERNEL_SECONDS * sampleRate));
    this.blocks = [
      new ConvNorm({ inputs: 1, outputs: width / 4, kernelSize, stride: this.stride }),
      new ConvNorm({ inputs: width / 4, outputs: width / 2, kernelSize: 3 }),
      new ConvNorm({ inputs: width / 2, outputs: width, kernelSize: 3 }),
      new ConvNorm({ inputs: width, outputs: width, kernelSize: 3 }),
    ];
    this.drop = new Dropout({ rate: dropout });
    if (seed !== undefined) this.initialize(seed);
  }

  override forward(inputs: SoundInputs): Features {
    const { samples, seconds } = expectSound('SoundWaveCNN', inputs, this.sampleRate);
    const own = samples.shape[1];
    const multiple = this.stride * POOL ** 3;
    const length = Math.ceil(own / multiple) * multiple;
    const isSound = maskOf(seconds, length, this.sampleRate);
    const padded = samples.pad([
      [0, 0],
      [0, length - own],
    ]);
    const [first, ...others] = this.blocks;
    let mask = everyStep(isSound, this.stride);
    let x = first.forward(normalizeMasked(padded, isSound).expandDims(-1), mask);
    for (const block of others) {
      mask = everyStep(mask, POOL);
      x = block.forward(maxPool2d(x.expandDims(2), { size: [POOL, 1] }).squeeze(2), mask);
    }
    return { pooled: this.drop.forward(meanOfTokens(x, mask)), tokens: x, mask };
  }
}

/**
 * A convolution along time: y = relu(norm(conv(x))), 0 behind the end of a sound.
 *
 * x (batch, time, inputs) -> y (batch, ⌈time/stride⌉, outputs).
 */
class ConvNorm extends Module {
  readonly conv: Conv1D;
  readonly norm: MaskedNorm;

  constructor(sizes: { inputs: number; outputs: number; kernelSize: number; stride?: number }) {
    super();
    this.conv = new Conv1D({ ...sizes, padding: 'same', useBias: false, kernelInitializer: 'heNormal' });
    this.norm = new MaskedNorm(sizes.outputs);
  }

  forward(x: Tensor, mask: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(x), mask).relu();
  }
}
