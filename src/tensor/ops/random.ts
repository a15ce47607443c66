import { TesseraError } from '../../gpu/errors.js';
import { normal, threefry, uniform } from '../../kernels/elementwise/random.js';
import type { ElementwiseFunction } from '../../kernels/elementwise/table.js';
import type { Shape } from '../../launch/shape.js';
import { scalar } from '../create.js';
import { checkShape } from '../graph/shape.js';
import { checkOptions, closedFraction, expectValue, fraction, nonNegativeInteger, optional } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectType } from './checks.js';
import { defineOp } from './define.js';
import { argsort } from './sort.js';

/**
 * A key of random ops: random numbers depend on nothing but the key and the index of the element. Keys are data, so
 * that one plan can run with different keys.
 */
export interface RandomKey {
  /** The seed, a non-negative integer. */
  readonly seed: number;
  /** The number of the draw, a non-negative integer: each draw of a seed gives other numbers. Default 0. */
  readonly draw?: number;
}

/** Hashes a key to two words, so that consecutive draws are independent. */
export function keyWords(op: string, key: RandomKey): [number, number] {
  const { seed, draw = 0 } = checkOptions(op, key, {
    seed: nonNegativeInteger,
    draw: optional(nonNegativeInteger),
  });
  return threefry(seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, draw >>> 0, Math.floor(draw / 2 ** 32) >>> 0);
}

function words(op: string, key: RandomKey): [Tensor, Tensor] {
  const [first, second] = keyWords(op, key);
  return [scalar(first, 'u32'), scalar(second, 'u32')];
}

const drawOp = (function_: ElementwiseFunction) =>
  defineOp({
    name: function_.name,
    inputs: ['key0', 'key1'],
    elementwise: function_,
    shape: (_, { shape }: { shape: Shape }) => ({ shape, dtype: 'f32' }),
    vjp: () => [null, null],
  });

/** Computes `randomUniform` from the two words of a key. */
export const uniformOp = drawOp(uniform);
/** Computes `randomNormal` from the two words of a key. */
export const normalOp = drawOp(normal);

/** Computes `randomUniform` with errors under the name of the op that was called. */
const uniformOf = (op: string, shape: Shape, key: RandomKey): Tensor =>
  uniformOp(...words(op, key), { shape: checkShape(op, shape) });

/** Draws from the uniform distribution on [0, 1). A key gives the same numbers on every device. Exact. */
export const randomUniform = (shape: Shape, key: RandomKey): Tensor => uniformOf('randomUniform', shape, key);

/** Draws from the standard normal distribution. Error ≤ 4e-6·|y| + 4e-6. */
export const randomNormal = (shape: Shape, key: RandomKey): Tensor =>
  normalOp(...words('randomNormal', key), { shape: checkShape('randomNormal', shape) });

/**
 * Sets each element to zero with probability `rate` and scales the others by 1 / (1 - rate), which preserves the
 * expected value (Srivastava et al. 2014). Error ≤ 5e-7·|y|.
 * @throws TesseraError if the rate is not in [0, 1).
 */
export function dropout(x: Tensor, rate: number, key: RandomKey): Tensor {
  expectType('dropout', 'x', x, 'f32');
  expectValue('dropout', 'rate', rate, fraction);
  return uniformOf('dropout', x.shape, key)
    .greaterEqual(rate)
    .where(x.mul(1 / (1 - rate)), 0);
}

/** Draws bools that are true with probability p. Exact. @throws TesseraError if p is not in [0, 1]. */
export function randomBernoulli(shape: Shape, p: number, key: RandomKey): Tensor {
  expectValue('randomBernoulli', 'p', p, closedFraction);
  return uniformOf('randomBernoulli', shape, key).less(p);
}

/**
 * Draws from the standard normal distribution truncated to [-2, 2], as in Keras: √2·erf⁻¹(u) for u uniform on
 * [erf(-√2), erf(√2)]. The polynomial for erf⁻¹ is the central one of Giles 2010 ("Approximating the erfinv function"),
 * accurate to 1e-5. Error ≤ 4e-6·|y| + 4e-6.
 */
export function randomTruncatedNormal(shape: Shape, key: RandomKey): Tensor {
  const bound = 0.9544997361036416; // erf(√2)
  const u = uniformOf('randomTruncatedNormal', shape, key).mul(2).sub(1).mul(bound);
  const w = u.mul(u).neg().log1p().neg().sub(2.5);
  const coefficients = [
    2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
  ];
  const polynomial = coefficients.slice(1).reduce((sum, one) => sum.mul(w).add(one), w.mul(0).add(coefficients[0]));
  return polynomial.mul(u).mul(Math.SQRT2);
}

/** Draws a random permutation of 0, 1, ..., count - 1, as i32, by sorting uniform numbers. Exact. */
export const randomPermutation = (count: number, key: RandomKey): Tensor =>
  argsort(uniformOf('randomPermutation', [count], key));

/**
 * Draws a class for each row with the probabilities softmax(logits): logits (..., classes) -> (...) of i32. By the
 * Gumbel trick, it is the argmax of logits - ln(-ln u) for uniform u (Gumbel 1954). Exact, except where the two largest
 * values differ by less than the rounding error of the logarithm.
 */
export function randomCategorical(logits: Tensor, key: RandomKey): Tensor {
  expectType('randomCategorical', 'logits', logits, 'f32');
  if (logits.rank === 0) throw new TesseraError('randomCategorical: logits must have an axis of classes, got []');
  const u = uniformOf('randomCategorical', logits.shape, key).maximum(2 ** -25);
  return logits.sub(u.log().neg().log()).argmax(-1);
}
