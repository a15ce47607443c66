import { averagePool2d, globalAveragePool2d, globalMaxPool2d, maxPool2d, type Tensor } from '../../tensor/index.js';
import { Layer } from '../module.js';
import { checkOptions, oneOf, optional, size2d } from '../options.js';

/** Options of a pooling. */
export interface Pool2DOptions {
  /** Height and width of a window. Default 2. */
  readonly size?: number | readonly [number, number];
  /** Pixels between windows. Default: the size. */
  readonly stride?: number | readonly [number, number];
  /** 'same' covers all pixels; the border does not count. Default 'valid'. */
  readonly padding?: 'valid' | 'same';
}

abstract class Pool2D extends Layer {
  protected readonly options: Required<Pool2DOptions>;

  constructor(options: Pool2DOptions = {}) {
    super();
    const {
      size = 2,
      stride = size,
      padding = 'valid',
    } = checkOptions(new.target.name, options, {
      size: optional(size2d),
      stride: optional(size2d),
      padding: optional(oneOf('valid', 'same')),
    });
    this.options = { size, stride, padding };
  }
}

/**
 * The maximum of each window: y[n, i, j, c] = max_{a, b} x[n, i·stride + a, j·stride + b, c].
 *
 * x (batch, height, width, channels) -> y (batch, height', width', channels).
 */
export class MaxPool2D extends Pool2D {
  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

/**
 * The mean of each window, in which padding does not count: y[n, i, j, c] = mean_{a, b} x[n, i·stride + a, j·stride +
 * b, c].
 *
 * x (batch, height, width, channels) -> y (batch, height', width', channels).
 */
export class AveragePool2D extends Pool2D {
  override forward(x: Tensor): Tensor {
    return averagePool2d(x, this.options);
  }
}

/** The mean over all pixels: x (batch, height, width, channels) -> (batch, channels). */
export class GlobalAveragePool2D extends Layer {
  override forward(x: Tensor): Tensor {
    return globalAveragePool2d(x);
  }
}

/** The maximum over all pixels: x (batch, height, width, channels) -> (batch, channels). */
export class GlobalMaxPool2D extends Layer {
  override forward(x: Tensor): Tensor {
    return globalMaxPool2d(x);
  }
}
