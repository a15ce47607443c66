import { averagePool2d, globalAveragePool2d, globalMaxPool2d, maxPool2d, type Tensor } from '../../tensor/index.js';
import { expectAxes, within } from '../../tensor/ops/checks.js';
import { checkOptions, oneOf, optional, size2d } from '../../tensor/options.js';
import { Layer } from '../module.js';

/** Options of `MaxPool2D` and `AveragePool2D`. */
export interface Pool2DOptions {
  /** The height and width of the windows, or one number for both. Default 2. */
  readonly size?: number | readonly [number, number];
  /** The step between windows, in pixels. Default: the size. */
  readonly stride?: number | readonly [number, number];
  /** The padding: 'same' covers all pixels, with windows clipped at the border; 'valid' adds none. Default 'valid'. */
  readonly padding?: 'valid' | 'same';
}

const IMAGES = ['batch', 'height', 'width', 'channels'];

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
 * Max pooling, the maximum of each window:
 *
 *   y[n, i, j, c] = max_{p, q} x[n, i·stride + p, j·stride + q, c]
 *
 * x (batch, height, width, channels) -> y (batch, height', width', channels), with height' = ⌈height / stride⌉ for
 * padding 'same' and ⌊(height - size) / stride⌋ + 1 for 'valid'.
 */
export class MaxPool2D extends Pool2D {
  override forward(x: Tensor): Tensor {
    expectAxes('MaxPool2D', 'x', x, 'f32', IMAGES);
    return within('MaxPool2D', () => maxPool2d(x, this.options));
  }
}

/**
 * Average pooling, the mean of each window, excluding padding:
 *
 *   y[n, i, j, c] = mean_{p, q} x[n, i·stride + p, j·stride + q, c]
 *
 * x (batch, height, width, channels) -> y (batch, height', width', channels), with height' as for `MaxPool2D`.
 */
export class AveragePool2D extends Pool2D {
  override forward(x: Tensor): Tensor {
    expectAxes('AveragePool2D', 'x', x, 'f32', IMAGES);
    return within('AveragePool2D', () => averagePool2d(x, this.options));
  }
}

/**
 * Global average pooling, y[n, c] = mean_{i, j} x[n, i, j, c]: x (batch, height, width, channels) -> y (batch,
 * channels).
 */
export class GlobalAveragePool2D extends Layer {
  override forward(x: Tensor): Tensor {
    return globalAveragePool2d(expectAxes('GlobalAveragePool2D', 'x', x, 'f32', IMAGES));
  }
}

/**
 * Global max pooling, y[n, c] = max_{i, j} x[n, i, j, c]: x (batch, height, width, channels) -> y (batch, channels).
 */
export class GlobalMaxPool2D extends Layer {
  override forward(x: Tensor): Tensor {
    return globalMaxPool2d(expectAxes('GlobalMaxPool2D', 'x', x, 'f32', IMAGES));
  }
}
