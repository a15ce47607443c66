import * as fn from '../../kernels/elementwise/functions.js';
import { scalar } from '../create.js';
import { defineElementwise } from '../graph/define.js';
import { where } from './elementwise.js';

/*
 * The functions of the calculus books and their gradients. x is the input, y the output, dy its gradient.
 */
const unary = ['x'] as const;

/** y = e^x. Error ≤ 4e-6·|y|. */
export const exp = defineElementwise(fn.exp, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y)],
});
/** y = ln x. Error ≤ 5e-7·|y| + 1e-6. */
export const log = defineElementwise(fn.log, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(x)],
});
/** y = √x. Error ≤ 5e-7·|y|. */
export const sqrt = defineElementwise(fn.sqrt, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(0.5).div(y)],
});
/** y = sin x. Error ≤ 1e-6·|y| + 2e-6. */
export const sin = defineElementwise(fn.sin, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.cos())],
});
/** y = cos x. Error ≤ 1e-6·|y| + 2e-6. */
export const cos = defineElementwise(fn.cos, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sin().neg())],
});
/** y = tanh x;  dx = dy · (1 - y²). Error ≤ 4e-6·|y| + 1e-6. */
export const tanh = defineElementwise(fn.tanh, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(scalar(1).sub(y.mul(y)))],
});
/** y = σ(x) = 1 / (1 + e^-x);  dx = dy · y · (1 - y). Error ≤ 4e-6·|y| + 1e-6. */
export const sigmoid = defineElementwise(fn.sigmoid, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y.mul(scalar(1).sub(y)))],
});
/** y = max(x, 0); the gradient passes where y > 0. Exact. */
export const relu = defineElementwise(fn.relu, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [where(y.greater(0), dy, 0)],
});
/** y = tan x;  dx = dy · (1 + y²). Error ≤ 4e-6·|y| + 4e-6. */
export const tan = defineElementwise(fn.tan, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y.square().add(1))],
});
/** y = arcsin x, within ±π/2;  dx = dy / √(1 - x²). Error ≤ 1e-6·|y|. */
export const asin = defineElementwise(fn.asin, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(scalar(1).sub(x.square()).sqrt())],
});
/** y = arccos x, within [0, π];  dx = -dy / √(1 - x²). Error ≤ 1e-6·|y| + 1e-6. */
export const acos = defineElementwise(fn.acos, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.neg().div(scalar(1).sub(x.square()).sqrt())],
});
/** y = arctan x, within ±π/2;  dx = dy / (1 + x²). Error ≤ 1e-6·|y|. */
export const atan = defineElementwise(fn.atan, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(x.square().add(1))],
});
/**
 * The angle of the point (x, y), within ±π; 0 at the origin.  dy = d·x / (x² + y²), dx = -d·y / (x² + y²). Error ≤
 * 1e-6·|y|.
 */
export const atan2 = defineElementwise(fn.atan2, {
  inputs: ['y', 'x'],
  vjp: ({ inputs: [y, x], outputGrad }) => {
    const share = outputGrad.div(x.square().add(y.square()));
    return [share.mul(x), share.mul(y).neg()];
  },
});
/** y = sinh x;  dx = dy · cosh x. Error ≤ 4e-6·|y| + 1e-6. */
export const sinh = defineElementwise(fn.sinh, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.cosh())],
});
/** y = cosh x;  dx = dy · sinh x. Error ≤ 4e-6·|y|. */
export const cosh = defineElementwise(fn.cosh, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sinh())],
});
/** y = ln(1 + x), exact for small x;  dx = dy / (1 + x). Error ≤ 2e-6·|y|. */
export const log1p = defineElementwise(fn.log1p, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(x.add(1))],
});
/** y = e^x - 1, exact for small x;  dx = dy · (y + 1). Error ≤ 8e-6·|y|. */
export const expm1 = defineElementwise(fn.expm1, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y.add(1))],
});
/** y = 2/√π ∫₀ˣ e^(-t²) dt, within 5e-7;  dx = dy · 2/√π · e^(-x²). Error ≤ 4e-6·|y| + 1e-6. */
export const erf = defineElementwise(fn.erf, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [
    dy.mul(
      x
        .square()
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
  ],
});
