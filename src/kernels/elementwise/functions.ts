import * as math from './math.js';
import { define, FLOAT } from './table.js';

/*
 * Transcendental elementwise functions y[i] = f(x[i]); their WGSL is in math.ts.
 */
const unary = (name: string, flops: number, helpers: readonly string[], call: string, apply: (x: number) => number) =>
  define(name, FLOAT, { flops, helpers, wgsl: (x) => `${call}(${x})`, apply });

export const exp = unary('exp', 18, math.EXP, 'exp_of', Math.exp);
export const log = unary('log', 26, math.LOG, 'log_of', Math.log);
export const sqrt = unary('sqrt', 2, math.SQRT, 'sqrt_of', Math.sqrt);
export const sin = unary('sin', 26, math.TRIGONOMETRIC, 'sin_of', Math.sin);
export const cos = unary('cos', 26, math.TRIGONOMETRIC, 'cos_of', Math.cos);
export const tan = unary('tan', 30, math.TRIGONOMETRIC, 'tan_of', Math.tan);
export const sinh = unary('sinh', 40, math.HYPERBOLIC, 'sinh_of', Math.sinh);
export const cosh = unary('cosh', 38, math.HYPERBOLIC, 'cosh_of', Math.cosh);
export const tanh = unary('tanh', 30, math.TANH, 'tanh_of', Math.tanh);
export const sigmoid = unary('sigmoid', 21, math.SIGMOID, 'sigmoid_of', (x) => 1 / (1 + Math.exp(-x)));
/** ln(1 + e^x), without overflow. */
export const softplus = unary(
  'softplus',
  44,
  math.SOFTPLUS,
  'softplus_of',
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
);
/** max(x, 0); NaN if x is. */
export const relu = define('relu', FLOAT, {
  wgsl: (x) => `select(${x}, Float(0), ${x} < Float(0))`,
  apply: (x) => Math.max(x, 0),
});
export const atan = unary('atan', 16, math.ARCS, 'atan_of', Math.atan);
export const asin = unary('asin', 24, math.ARCS, 'asin_of', Math.asin);
export const acos = unary('acos', 24, math.ARCS, 'acos_of', Math.acos);
/** The angle of the point (x, y), in [-π, π]. */
export const atan2 = define('atan2', FLOAT, {
  flops: 24,
  helpers: math.ARCS,
  wgsl: (y, x) => `atan2_of(${y}, ${x})`,
  apply: Math.atan2,
});
/** ln(1 + x), accurate for small x. */
export const log1p = unary('log1p', 27, math.LOG1P, 'log1p_of', Math.log1p);
/** e^x - 1, accurate for small x. */
export const expm1 = unary('expm1', 20, math.EXPM1, 'expm1_of', Math.expm1);

/** erf(x) = 2/√π e^(-x²) Σ_n 2^n x^(2n+1) / (2n+1)!!, whose terms have one sign, so that nothing cancels. */
function exactErrorFunction(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The error function 2/√π ∫₀ˣ e^(-t²) dt. */
export const erf = unary('erf', 38, math.ERF, 'erf_of', exactErrorFunction);
