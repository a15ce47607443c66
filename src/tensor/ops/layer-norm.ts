import { layerNormBackwardLaunches, layerNormLaunches } from '../../launch/layer-norm.js';
import { gradientsOf } from '../autograd.js';
import { full } from '../create.js';
import type { Tensor } from '../tensor.js';
import { defineOp, type Op } from './define.js';
import { withoutMean } from './statistics.js';

interface LayerNormAttributes {
  /** Whether the mean is subtracted. */
  readonly centered: 0 | 1;
  readonly epsilon: number;
}

/** Normalizes rows, (x - mean) / √(variance + epsilon), composed of other ops; the kernels compute it in one pass. */
function standardized(x: Tensor, { centered, epsilon }: LayerNormAttributes): Tensor {
  const { deviation } = centered === 1 ? withoutMean(x, -1) : { deviation: x };
  return deviation.div(deviation.square().mean(-1, { keepDims: true }).add(epsilon).sqrt());
}

/**
 * Computes layer normalization of rows: x (rows, cols), scale and shift (cols) -> y (rows, cols). For the gradient it
 * also returns, each (rows, 1), the mean, the rounding error of the mean, and 1 / √(variance + epsilon). Error ≤
 * 4e-6·|y| + 1e-5.
 */
export const layerNormOp: Op<readonly ['x', 'scale', 'shift'], LayerNormAttributes> = defineOp({
  name: 'layerNorm',
  inputs: ['x', 'scale', 'shift'],
  numbers: ['epsilon'],
  shape: ([x]) => {
    const column = { shape: [x.shape[0], 1], dtype: 'f32' } as const;
    return [{ shape: x.shape, dtype: 'f32' }, column, column, column];
  },
  dispatch: ([x, scale, shift], [y, mean, meanLow, rstd], { attributes: { centered }, ...context }) =>
    layerNormLaunches({ x, scale, shift, y, mean, mean_low: meanLow, rstd }, centered, context),
  vjp: ({ inputs: [x, scale], outputs: [y, mean, meanLow, rstd], outputGrads, attributes }) => {
    const [dy = full(y.shape, 0), dmean, , drstd] = outputGrads;
    const deviation = x.sub(mean).sub(meanLow);
    let dx = layerNormBackwardOp(x, scale, mean, meanLow, rstd, dy, attributes);
    // Mean and rstd have gradients only in second derivatives: ∂mean/∂x = 1/cols, where mean includes its rounding
    // error, and ∂rstd/∂x = -rstd³ · (x - mean)/cols.
    const cols = x.shape[1];
    if (dmean !== undefined && attributes.centered === 1) dx = dx.add(dmean.div(cols));
    if (drstd !== undefined) dx = dx.sub(deviation.mul(drstd).mul(rstd.pow(3)).div(cols));
    return [dx, dy.mul(deviation.mul(rstd)), dy];
  },
});

/** Computes the gradient of `layerNormOp` with respect to x. Error ≤ 1e-5·|y| + 1e-5. */
export const layerNormBackwardOp: Op<readonly ['x', 'scale', 'mean', 'meanLow', 'rstd', 'dy'], LayerNormAttributes> =
  defineOp({
    name: 'layerNormBackward',
    inputs: ['x', 'scale', 'mean', 'meanLow', 'rstd', 'dy'],
    numbers: ['epsilon'],
    shape: ([x]) => x.shape,
    dispatch: ([x, scale, mean, meanLow, rstd, dy], [dx], { attributes: { centered }, ...context }) =>
      layerNormBackwardLaunches({ x, scale, mean, mean_low: meanLow, rstd, dy, dx }, centered, context),
    // Mean and rstd depend on x alone; the gradient of x includes that path.
    vjp: ({ inputs: [x, scale, , , , dy], outputGrad: g, attributes }) => {
      const rule = (x: Tensor, scale: Tensor, dy: Tensor): Tensor =>
        gradientsOf((own) => standardized(own, attributes), [x], dy.mul(scale))[0];
      const [dx, dscale, ddy] = gradientsOf((...own) => rule(own[0], own[1], own[2]), [x, scale, dy], g);
      return [dx, dscale, null, null, null, ddy];
    },
  });
