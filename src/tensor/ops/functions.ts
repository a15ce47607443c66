import * as fn from '../../kernels/elementwise/functions.js';
import { scalar } from '../create.js';
import { defineElementwise } from './define.js';
import { where } from './elementwise.js';

/*
 * Transcendental functions, ReLU, and their gradients. x is the input, y the output, dy its gradient.
 */
const unary = ['x'] as const;

/** Computes y = e^x;  dx = dy · y. Error ≤ 5e-7·|y|. */
export const exp = defineElementwise(fn.exp, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y)],
});
/** Computes y = ln x;  dx = dy / x. Error ≤ 5e-7·|y|. */
export const log = defineElementwise(fn.log, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(x)],
});
/** Computes y = √x;  dx = dy / (2·y). Error ≤ 5e-7·|y|. */
export const sqrt = defineElementwise(fn.sqrt, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(0.5).div(y)],
});
/** Computes y = sin x, for x of any size;  dx = dy · cos x. Error ≤ 1e-6·|y|. */
export const sin = defineElementwise(fn.sin, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.cos())],
});
/** Computes y = cos x, for x of any size;  dx = -dy · sin x. Error ≤ 1e-6·|y|. */
export const cos = defineElementwise(fn.cos, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sin().neg())],
});
/** Computes y = tanh x;  dx = dy · (1 - y²). Error ≤ 5e-7·|y|. */
export const tanh = defineElementwise(fn.tanh, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(scalar(1).sub(y.mul(y)))],
});
/** Computes y = σ(x) = 1 / (1 + e^-x);  dx = dy · y · (1 - y). Error ≤ 1e-6·|y|. */
export const sigmoid = defineElementwise(fn.sigmoid, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y.mul(scalar(1).sub(y)))],
});
/** Computes y = ln(1 + e^x), without overflow;  dx = dy · σ(x). Error ≤ 1e-6·|y|. */
export const softplus = defineElementwise(fn.softplus, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sigmoid())],
});
/** Computes y = max(x, 0);  dx = dy where y > 0, else 0. Exact. */
export const relu = defineElementwise(fn.relu, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [where(y.greater(0), dy, 0)],
});
/** Computes y = tan x, for x of any size;  dx = dy · (1 + y²). Error ≤ 1e-6·|y|. */
export const tan = defineElementwise(fn.tan, {
  inputs: unary,
  vjp: ({ output: y, outputGrad: dy }) => [dy.mul(y.square().add(1))],
});
/** Computes y = arcsin x, in [-π/2, π/2];  dx = dy / √(1 - x²). Error ≤ 1e-6·|y|. */
export const asin = defineElementwise(fn.asin, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(scalar(1).sub(x.square()).sqrt())],
});
/** Computes y = arccos x, in [0, π];  dx = -dy / √(1 - x²). Error ≤ 1e-6·|y| + 1e-6. */
export const acos = defineElementwise(fn.acos, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.neg().div(scalar(1).sub(x.square()).sqrt())],
});
/** Computes y = arctan x, in [-π/2, π/2];  dx = dy / (1 + x²). Error ≤ 1e-6·|y|. */
export const atan = defineElementwise(fn.atan, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(x.square().add(1))],
});
/**
 * Computes the angle of the point (x, y), in [-π, π]. At the origin it is 0, with a gradient of NaN. For an output
 * gradient g, dy = g·x / (x² + y²) and dx = -g·y / (x² + y²). Error ≤ 1e-6·|y|.
 */
export const atan2 = defineElementwise(fn.atan2, {
  inputs: ['y', 'x'],
  vjp: ({ inputs: [y, x], outputGrad }) => {
    const share = outputGrad.div(x.square().add(y.square()));
    return [share.mul(x), share.mul(y).neg()];
  },
});
/** Computes y = sinh x;  dx = dy · cosh x. Error ≤ 1e-6·|y|. */
export const sinh = defineElementwise(fn.sinh, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.cosh())],
});
/** Computes y = cosh x;  dx = dy · sinh x. Error ≤ 1e-6·|y|. */
export const cosh = defineElementwise(fn.cosh, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sinh())],
});
/** Computes y = ln(1 + x), accurately also for small x;  dx = dy / (1 + x). Error ≤ 5e-7·|y|. */
export const log1p = defineElementwise(fn.log1p, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.div(x.add(1))],
});
/** Computes y = e^x - 1, accurately also for small x;  dx = dy · e^x. Error ≤ 1e-6·|y|. */
export const expm1 = defineElementwise(fn.expm1, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.exp())],
});
/** Computes the error function, y = 2/√π ∫₀ˣ e^(-t²) dt;  dx = dy · 2/√π · e^(-x²). Error ≤ 1e-6·|y|. */
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
