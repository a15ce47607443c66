import { TesseraError } from '../../gpu/errors.js';
import { normal, threefry, uniform } from '../../kernels/elementwise/random.js';
import type { ElementwiseFunction } from '../../kernels/elementwise/table.js';
import type { Shape } from '../../launch/shape.js';
import { scalar } from '../create.js';
import { defineOp } from '../graph/define.js';
import { checkOptions, nonNegativeInteger, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { argsort } from './sort.js';

/**
 * What random numbers depend on, beside the element's index: a seed, and which draw of that seed it is. Both are data:
 * a replayed plan draws new numbers.
 */
export interface RandomKey {
  /** A non-negative integer. */
  readonly seed: number;
  /** Another draw of the same seed: other numbers. Default 0. */
  readonly draw?: number;
}

/** The two words of a key: mixed, so that neighbouring draws have nothing in common. */
function words(key: RandomKey): [Tensor, Tensor] {
  const { seed, draw = 0 } = checkOptions('RandomKey', key, {
    seed: nonNegativeInteger,
    draw: optional(nonNegativeInteger),
  });
  const mixed = threefry(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, draw >>> 0, Math.floor(draw / 2 ** 32) >>> 0);
  return [scalar(mixed[0], 'u32'), scalar(mixed[1], 'u32')];
}

const drawOp = (function_: ElementwiseFunction) =>
  defineOp({
    name: function_.name,
    inputs: ['key0', 'key1'],
    elementwise: function_,
    shape: (_, { shape }: { shape: Shape }) => ({ shape, dtype: 'f32' }),
    vjp: () => [null, null],
  });

/** `randomUniform` of the two words of a key. */
export const uniformOp = drawOp(uniform);
/** `randomNormal` of the two words of a key. */
export const normalOp = drawOp(normal);

/** Uniform random numbers in [0, 1). Same key and shape, same numbers, on every device. Exact. */
export const randomUniform = (shape: Shape, key: RandomKey): Tensor => uniformOp(...words(key), { shape });

/** Standard normal random numbers. Error ≤ 4e-6·|y| + 4e-6. */
export const randomNormal = (shape: Shape, key: RandomKey): Tensor => normalOp(...words(key), { shape });

/**
 * Sets a share `rate` of the elements to zero and scales the others by 1 / (1 - rate), so that the mean stays.
 * Error ≤ 5e-7·|y|.
 * @throws TesseraError if the rate is not within [0, 1).
 */
export function dropout(x: Tensor, rate: number, key: RandomKey): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new TesseraError(`dropout: the rate must lie within [0, 1), got ${rate}`);
  return randomUniform(x.shape, key)
    .greaterEqual(rate)
    .where(x.mul(1 / (1 - rate)), 0);
}

/** Truth with probability p, as bool. Exact. @throws TesseraError if p is not within [0, 1]. */
export function randomBernoulli(shape: Shape, p: number, key: RandomKey): Tensor {
  if (!(p >= 0 && p <= 1)) throw new TesseraError(`randomBernoulli: p must lie within [0, 1], got ${p}`);
  return randomUniform(shape, key).less(p);
}

/**
 * Standard normal random numbers that lie within ±2, as Keras's truncated normal: √2·erf⁻¹ of uniform numbers between
 * erf(-√2) and erf(√2). erf⁻¹ by Giles 2010 ("Approximating the erfinv function", its central polynomial), within 1e-5.
 * Error ≤ 4e-6·|y| + 4e-6.
 */
export function randomTruncatedNormal(shape: Shape, key: RandomKey): Tensor {
  const bound = 0.9544997361036416; // erf(√2)
  const u = randomUniform(shape, key).mul(2).sub(1).mul(bound);
  const w = u.mul(u).neg().log1p().neg().sub(2.5);
  const coefficients = [
    ...[2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087],
    ...[-0.00125372503, -0.00417768164, 0.246640727, 1.50140941],
  ];
  const polynomial = coefficients.slice(1).reduce((sum, one) => sum.mul(w).add(one), w.mul(0).add(coefficients[0]));
  return polynomial.mul(u).mul(Math.SQRT2);
}

/** The numbers below count in random order, as i32: the order that sorts random numbers. Exact. */
export const randomPermutation = (count: number, key: RandomKey): Tensor => argsort(randomUniform([count], key));

/**
 * One class for each row, drawn with the probabilities softmax(logits): logits (..., classes) -> (...) of i32. By
 * Gumbel's noise: the largest of logits - ln(-ln u) (Gumbel 1954).
 * Exact, but for draws that differ by less than the rounding of a logarithm.
 */
export function randomCategorical(logits: Tensor, key: RandomKey): Tensor {
  const u = randomUniform(logits.shape, key).maximum(2 ** -25);
  return logits.sub(u.log().neg().log()).argmax(-1);
}
