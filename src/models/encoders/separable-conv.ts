import { Conv2D, DepthwiseConv2D, Module } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import { MaskedNorm } from './masked.js';

/**
 * A separable convolution over spectrograms (Chollet 2017; Howard et al. 2017), one of each channel and then one across
 * channels at every point, normalized over what is sound: y = relu(norm(pointwise(depthwise(x)))).
 *
 * x (batch, frames, bands, inputs) -> y (batch, ⌈frames/stride⌉, ⌈bands/2⌉, outputs), 0 behind the end of a sound.
 */
export class SeparableConv extends Module {
  /** The convolution of each channel with a 3 x 3 kernel. */
  readonly depthwise: DepthwiseConv2D;
  /** The product across channels. */
  readonly pointwise: Conv2D;
  /** The normalization. */
  readonly norm: MaskedNorm;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.depthwise = new DepthwiseConv2D({
      inputs,
      kernelSize: 3,
      stride: [stride, 2],
      padding: 'same',
      useBias: false,
    });
    this.pointwise = new Conv2D({ inputs, outputs, kernelSize: 1, useBias: false, kernelInitializer: 'heNormal' });
    this.norm = new MaskedNorm(outputs);
  }

  /** Computes y; `mask` is that of its frames. */
  forward(x: Tensor, mask: Tensor): Tensor {
    return this.norm.forward(this.pointwise.forward(this.depthwise.forward(x)), mask).relu();
  }
}
