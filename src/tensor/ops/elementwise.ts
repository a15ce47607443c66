import * as fn from '../../kernels/elementwise/table.js';
import { scalarOf } from '../create.js';
import { defineElementwise, expectType, type Op } from '../graph/define.js';
import type { DType } from '../graph/graph.js';
import type { Operand, Tensor } from '../tensor.js';

/*
 * Elementwise ops and their gradients. x, a, b are inputs, y the output, dy its gradient. Inputs broadcast; autograd
 * sums a gradient over the axes along which its input was broadcast, so no rule mentions them.
 */
const unary = ['x'] as const;
const binary = ['a', 'b'] as const;

/** y = -x. Exact. */
export const negative = defineElementwise(fn.negative, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.neg()] });
/** y = |x|; its slope at 0 is taken as 0. Exact. */
export const abs = defineElementwise(fn.abs, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sign())],
});
/** y = -1, 0 or 1, as x is negative, zero or positive. Exact. */
export const sign = defineElementwise(fn.sign, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });

/** y = ⌊x⌋; its slope is 0. Exact. */
export const floor = defineElementwise(fn.floor, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });
/** y = ⌈x⌉; its slope is 0. Exact. */
export const ceil = defineElementwise(fn.ceil, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });
/** y = x rounded to an integer, ties to the even one, as in NumPy; its slope is 0. Exact. */
export const round = defineElementwise(fn.round, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });

/** y = a + b. Error ≤ 2e-7·|y|. */
export const add = defineElementwise(fn.add, { inputs: binary, vjp: ({ outputGrad: dy }) => [dy, dy] });
/** y = a - b. Error ≤ 2e-7·|y|. */
export const subtract = defineElementwise(fn.subtract, {
  inputs: binary,
  vjp: ({ outputGrad: dy }) => [dy, dy.neg()],
});
/** y = a · b. Error ≤ 5e-7·|y|. */
export const multiply = defineElementwise(fn.multiply, {
  inputs: binary,
  vjp: ({ inputs: [a, b], outputGrad: dy }) => [dy.mul(b), dy.mul(a)],
});
/** y = a / b; integers are divided towards zero, and by 0 give 0. Error ≤ 5e-7·|y|. */
export const divide = defineElementwise(fn.divide, {
  inputs: binary,
  vjp: ({ inputs: [, b], output: y, outputGrad: dy }) => [dy.div(b), dy.mul(y).div(b).neg()],
});
/**
 * y = a - b·⌊a / b⌋: the remainder with the sign of b, as in NumPy; a tiny one of the other sign may be rounded to b itself.
 * Error ≤ 2e-7·|y|.
 */
export const mod = defineElementwise(fn.mod, {
  inputs: binary,
  vjp: ({ inputs: [a, b], output: y, outputGrad: dy }) => [dy, dy.mul(a.sub(y).div(b).round()).neg()],
});
/**
 * y = a^b; for negative a, b must be whole (else y is NaN); a^0 and 1^b are 1, of NaN too. The gradient of b is 0
 * where a is not positive. Error ≤ 1e-6·|y|.
 */
export const pow = defineElementwise(fn.pow, {
  inputs: binary,
  vjp: ({ inputs: [a, b], output: y, outputGrad: dy }) => {
    const logarithmOfA = where(a.greater(0), where(a.greater(0), a, 1).log(), 0);
    // At b = 0 the product would be 0 · ∞ where a is 0.
    return [dy.mul(where(b.equal(0), 0, b.mul(a.pow(b.sub(1))))), dy.mul(y.mul(logarithmOfA))];
  },
});
/** y = max(a, b), NaN where one is; equals share the gradient. Exact. */
export const maximum = defineElementwise(fn.maximum, {
  inputs: binary,
  vjp: ({ inputs: [a, b], outputGrad: dy }) => shareByOrder(dy, a, b),
});
/** y = min(a, b), NaN where one is; equals share the gradient. Exact. */
export const minimum = defineElementwise(fn.minimum, {
  inputs: binary,
  vjp: ({ inputs: [a, b], outputGrad: dy }) => shareByOrder(dy, b, a),
});

/** dy where the first is larger than the second, and where the second is; half to each where they are equal. */
function shareByOrder(dy: Tensor, a: Tensor, b: Tensor): Tensor[] {
  const half = dy.mul(0.5);
  const share = (first: Tensor, second: Tensor) =>
    where(first.greater(second), dy, where(first.equal(second), half, 0));
  return [share(a, b), share(b, a)];
}

// Comparisons and logic: bool, without gradient.
const NO_GRADIENT = 'its result is a bool';
/** a = b. Exact. */
export const equal = defineElementwise(fn.equal, { inputs: binary, vjp: NO_GRADIENT });
/** a ≠ b. Exact. */
export const notEqual = defineElementwise(fn.notEqual, { inputs: binary, vjp: NO_GRADIENT });
/** a < b. Exact. */
export const less = defineElementwise(fn.less, { inputs: binary, vjp: NO_GRADIENT });
/** a ≤ b. Exact. */
export const lessEqual = defineElementwise(fn.lessEqual, { inputs: binary, vjp: NO_GRADIENT });
/** a > b. Exact. */
export const greater = defineElementwise(fn.greater, { inputs: binary, vjp: NO_GRADIENT });
/** a ≥ b. Exact. */
export const greaterEqual = defineElementwise(fn.greaterEqual, { inputs: binary, vjp: NO_GRADIENT });
/** a and b, of bools. Exact. */
export const logicalAnd = defineElementwise(fn.logicalAnd, { inputs: binary, vjp: NO_GRADIENT });
/** a or b, of bools. Exact. */
export const logicalOr = defineElementwise(fn.logicalOr, { inputs: binary, vjp: NO_GRADIENT });
/** Either a or b, of bools. Exact. */
export const logicalXor = defineElementwise(fn.logicalXor, { inputs: binary, vjp: NO_GRADIENT });
/** True where x is NaN. Exact. */
export const isNaN = defineElementwise(fn.isNaN, { inputs: unary, vjp: NO_GRADIENT });
/** True where x is neither NaN nor infinite. Exact. */
export const isFinite = defineElementwise(fn.isFinite, { inputs: unary, vjp: NO_GRADIENT });
/** Not x, of bools. Exact. */
export const logicalNot = defineElementwise(fn.logicalNot, { inputs: unary, vjp: NO_GRADIENT });

/** y = condition ? whenTrue : whenFalse; see `where`, which takes numbers too. Exact. */
export const select = defineElementwise(fn.select, {
  inputs: ['condition', 'whenTrue', 'whenFalse'],
  vjp: ({ inputs: [condition], outputGrad: dy }) => [null, where(condition, dy, 0), where(condition, 0, dy)],
});

/**
 * y = condition ? whenTrue : whenFalse, element by element. Numbers take the dtype of the other branch, or f32. Exact.
 */
export function where(condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  expectType('where', 'condition', condition, 'bool');
  const dtype = typeof whenTrue !== 'number' ? whenTrue.dtype : typeof whenFalse !== 'number' ? whenFalse.dtype : 'f32';
  const branch = (value: Operand) => (typeof value === 'number' ? scalarOf('where', value, dtype) : value);
  return select(condition, branch(whenTrue), branch(whenFalse));
}

const castTo = (dtype: DType, vjp: Parameters<typeof defineElementwise>[1]['vjp']): Op<readonly ['x']> =>
  defineElementwise(fn.cast[dtype], { inputs: unary, vjp });

const isFloat = ({ dtype }: Tensor): boolean => dtype === 'f32' || dtype === 'f16';

/** Conversions by the type converted to. */
export const casts = {
  f32: castTo('f32', ({ inputs: [x], outputGrad: dy }) => [isFloat(x) ? dy : null]),
  // The gradient of a half is an f32, like all gradients.
  f16: castTo('f16', ({ inputs: [x], outputGrad: dy }) => [isFloat(x) ? dy : null]),
  i32: castTo('i32', 'its result is whole'),
  u32: castTo('u32', 'its result is whole'),
  bool: castTo('bool', NO_GRADIENT),
} as const;

/**
 * x in another dtype: floats go to integers towards zero and stay within their range, NaN becomes 0; i32 and u32 wrap into
 * each other; to bool, 0 is false and all else true. To f16 they are
 * rounded to 11 bits, and beyond 65504 to infinity. Exact, but for f16: Error ≤ 1e-3·|y| + 6e-8.
 */
export const cast = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : casts[dtype](x));
