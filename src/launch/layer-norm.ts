import { layerNormBackward, layerNormForward } from '../kernels/rows/layer-norm.js';
import type { Launch, LaunchContext, Value } from './launch.js';
import { rowLaunches } from './rows.js';

/** x and y (rows, cols), scale and shift (cols); mean, mean_low and rstd of each row (rows, 1). */
type Forward = Readonly<Record<'x' | 'scale' | 'shift' | 'y' | 'mean' | 'mean_low' | 'rstd', Value>>;
type Backward = Readonly<Record<'x' | 'scale' | 'mean' | 'mean_low' | 'rstd' | 'dy' | 'dx', Value>>;

/** The launch of layer normalization or, with `centered` 0, of RMS normalization, which does not subtract the mean. */
export function layerNormLaunches(values: Forward, centered: 0 | 1, context: LaunchContext): Launch[] {
  const [rows, cols] = values.x.shape;
  return rowLaunches('layer_norm', layerNormForward, { rows, cols }, values, { rows, cols, centered }, context);
}

/** The launch of dx, the gradient of layer normalization with respect to x. */
export function layerNormBackwardLaunches(values: Backward, centered: 0 | 1, context: LaunchContext): Launch[] {
  const [rows, cols] = values.x.shape;
  return rowLaunches(
    'layer_norm_backward',
    layerNormBackward,
    { rows, cols },
    values,
    { rows, cols, centered },
    context,
  );
}
