import { averagePool2d, globalAveragePool2d, globalMaxPool2d, maxPool2d, type Tensor } from '../../tensor/index.js';
import { Layer } from '../module.js';

/** The largest value of each window: (batch, height, width, channels) -> smaller height and width. */
export class MaxPool2D extends Layer {
  constructor(
    /** Height and width of a window. */
    readonly size = 2,
    /** Pixels between windows. */
    readonly stride = size,
    /** 'same' covers all pixels; the border does not count. */
    readonly padding: 'valid' | 'same' = 'valid',
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, { size: this.size, stride: this.stride, padding: this.padding });
  }
}

/** The mean of each window, padding left out: (batch, height, width, channels) -> smaller height and width. */
export class AveragePool2D extends Layer {
  constructor(
    /** Height and width of a window. */
    readonly size = 2,
    /** Pixels between windows. */
    readonly stride = size,
    /** 'same' covers all pixels; the border does not count. */
    readonly padding: 'valid' | 'same' = 'valid',
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return averagePool2d(x, { size: this.size, stride: this.stride, padding: this.padding });
  }
}

/** The mean over all pixels: (batch, height, width, channels) -> (batch, channels). */
export class GlobalAveragePool2D extends Layer {
  override forward(x: Tensor): Tensor {
    return globalAveragePool2d(x);
  }
}

/** The largest over all pixels: (batch, height, width, channels) -> (batch, channels). */
export class GlobalMaxPool2D extends Layer {
  override forward(x: Tensor): Tensor {
    return globalMaxPool2d(x);
  }
}
