import * as fn from '../../kernels/elementwise/table.js';
import { checkDType, scalarOf } from '../create.js';
import type { DType } from '../graph/graph.js';
import type { Operand, Tensor } from '../tensor.js';
import { expectTensor, expectType } from './checks.js';
import { defineElementwise, type Op } from './define.js';

/*
 * Elementwise ops and their gradients. x, a and b are inputs, y is the output, dy its gradient. Inputs broadcast;
 * autograd sums a gradient over the axes along which its input was broadcast.
 */
const unary = ['x'] as const;
const binary = ['a', 'b'] as const;

/** Computes y = -x. Exact. */
export const negative = defineElementwise(fn.negative, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.neg()] });
/** Computes y = |x|. The gradient at 0 is 0. Exact. */
export const abs = defineElementwise(fn.abs, {
  inputs: unary,
  vjp: ({ inputs: [x], outputGrad: dy }) => [dy.mul(x.sign())],
});
/** Computes the sign: y = -1, 0 or 1 as x is negative, zero or positive. The gradient is 0. Exact. */
export const sign = defineElementwise(fn.sign, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });

/** Rounds down: y = ⌊x⌋. The gradient is 0. Exact. */
export const floor = defineElementwise(fn.floor, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });
/** Rounds up: y = ⌈x⌉. The gradient is 0. Exact. */
export const ceil = defineElementwise(fn.ceil, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });
/** Rounds to the nearest integer, ties to the even one, as in NumPy. The gradient is 0. Exact. */
export const round = defineElementwise(fn.round, { inputs: unary, vjp: ({ outputGrad: dy }) => [dy.mul(0)] });

/** Computes y = a + b. Error ≤ 2e-7·|y|. */
export const add = defineElementwise(fn.add, { inputs: binary, vjp: ({ outputGrad: dy }) => [dy, dy] });
/** Computes y = a - b. Error ≤ 2e-7·|y|. */
export const subtract = defineElementwise(fn.subtract, {
  inputs: binary,
  vjp: ({ outputGrad: dy }) => [dy, dy.neg()],
});
/** Computes y = a · b. Error ≤ 5e-7·|y|. */
export const multiply = defineElementwise(fn.multiply, {
  inputs: binary,
  vjp: ({ inputs: [a, b], outputGrad: dy }) => [dy.mul(b), dy.mul(a)],
});
/** Computes y = a / b. Integer division rounds towards zero, and division by 0 gives 0. Error ≤ 5e-7·|y|. */
export const divide = defineElementwise(fn.divide, {
  inputs: binary,
  vjp: ({ inputs: [, b], output: y, outputGrad: dy }) => [dy.div(b), dy.mul(y).div(b).neg()],
});
/**
 * Computes the remainder with the sign of b, y = a - b·⌊a / b⌋, as in NumPy. If a is tiny and of the opposite sign, y
 * may round to b itself. Error ≤ 2e-7·|y|.
 */
export const mod = defineElementwise(fn.mod, {
  inputs: binary,
  vjp: ({ inputs: [a, b], output: y, outputGrad: dy }) => [dy, dy.mul(a.sub(y).div(b).round()).neg()],
});
/**
 * Computes y = a^b. For negative a, y is NaN unless b is an integer; a^0 and 1^b are 1, even for NaN. The gradient with
 * respect to b is 0 where a is not positive. Error ≤ 1e-6·|y|.
 */
export const pow = defineElementwise(fn.pow, {
  inputs: binary,
  vjp: ({ inputs: [a, b], output: y, outputGrad: dy }) => {
    const logarithmOfA = where(a.greater(0), where(a.greater(0), a, 1).log(), 0);
    // At b = 0 the product would be 0 · ∞ where a is 0.
    return [dy.mul(where(b.equal(0), 0, b.mul(a.pow(b.sub(1))))), dy.mul(y.mul(logarithmOfA))];
  },
});
/** Computes y = max(a, b). NaN propagates; on ties, half of the gradient goes to each. Exact. */
export const maximum = defineElementwise(fn.maximum, {
  inputs: binary,
  vjp: ({ inputs: [a, b], outputGrad: dy }) => shareByOrder(dy, a, b),
});
/** Computes y = min(a, b). NaN propagates; on ties, half of the gradient goes to each. Exact. */
export const minimum = defineElementwise(fn.minimum, {
  inputs: binary,
  vjp: ({ inputs: [a, b], outputGrad: dy }) => shareByOrder(dy, b, a),
});

/** Returns the gradients of max(a, b): dy goes to the larger one; on ties, half of it goes to each. */
function shareByOrder(dy: Tensor, a: Tensor, b: Tensor): Tensor[] {
  const half = dy.mul(0.5);
  const share = (first: Tensor, second: Tensor) =>
    where(first.greater(second), dy, where(first.equal(second), half, 0));
  return [share(a, b), share(b, a)];
}

// Comparisons and logic return bool and have no gradient.
const NO_GRADIENT = 'its result is a bool';
/** Computes a = b, as bool. Exact. */
export const equal = defineElementwise(fn.equal, { inputs: binary, vjp: NO_GRADIENT });
/** Computes a ≠ b, as bool. Exact. */
export const notEqual = defineElementwise(fn.notEqual, { inputs: binary, vjp: NO_GRADIENT });
/** Computes a < b, as bool. Exact. */
export const less = defineElementwise(fn.less, { inputs: binary, vjp: NO_GRADIENT });
/** Computes a ≤ b, as bool. Exact. */
export const lessEqual = defineElementwise(fn.lessEqual, { inputs: binary, vjp: NO_GRADIENT });
/** Computes a > b, as bool. Exact. */
export const greater = defineElementwise(fn.greater, { inputs: binary, vjp: NO_GRADIENT });
/** Computes a ≥ b, as bool. Exact. */
export const greaterEqual = defineElementwise(fn.greaterEqual, { inputs: binary, vjp: NO_GRADIENT });
/** Computes the logical and of bools. Exact. */
export const logicalAnd = defineElementwise(fn.logicalAnd, { inputs: binary, vjp: NO_GRADIENT });
/** Computes the logical or of bools. Exact. */
export const logicalOr = defineElementwise(fn.logicalOr, { inputs: binary, vjp: NO_GRADIENT });
/** Computes the exclusive or of bools. Exact. */
export const logicalXor = defineElementwise(fn.logicalXor, { inputs: binary, vjp: NO_GRADIENT });
/** Tests whether x is NaN, as bool. Exact. */
export const isNaN = defineElementwise(fn.isNaN, { inputs: unary, vjp: NO_GRADIENT });
/** Tests whether x is neither NaN nor infinite, as bool. Exact. */
export const isFinite = defineElementwise(fn.isFinite, { inputs: unary, vjp: NO_GRADIENT });
/** Computes the logical negation of bools. Exact. */
export const logicalNot = defineElementwise(fn.logicalNot, { inputs: unary, vjp: NO_GRADIENT });

/** Selects y = condition ? whenTrue : whenFalse, element by element; `where` accepts numbers too. Exact. */
export const select = defineElementwise(fn.select, {
  inputs: ['condition', 'whenTrue', 'whenFalse'],
  vjp: ({ inputs: [condition], outputGrad: dy }) => [null, where(condition, dy, 0), where(condition, 0, dy)],
});

/**
 * Selects y = condition ? whenTrue : whenFalse, element by element. A number takes the dtype of the other branch, or
 * f32 if both are numbers. Exact.
 */
export function where(condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  expectType('where', 'condition', condition, 'bool');
  for (const [name, branch] of Object.entries({ whenTrue, whenFalse }))
    if (typeof branch !== 'number') expectTensor('where', name, branch);
  const dtype = typeof whenTrue !== 'number' ? whenTrue.dtype : typeof whenFalse !== 'number' ? whenFalse.dtype : 'f32';
  const branch = (value: Operand) => (typeof value === 'number' ? scalarOf('where', value, dtype) : value);
  return select(condition, branch(whenTrue), branch(whenFalse));
}

const castTo = (dtype: DType, vjp: Parameters<typeof defineElementwise>[1]['vjp']): Op<readonly ['x']> =>
  defineElementwise(fn.cast[dtype], { inputs: unary, vjp });

const isFloat = ({ dtype }: Tensor): boolean => dtype === 'f32' || dtype === 'f16';

/** Conversions by target dtype. */
export const casts = {
  f32: castTo('f32', ({ inputs: [x], outputGrad: dy }) => [isFloat(x) ? dy : null]),
  // The gradient of an f16 tensor is f32, like all gradients.
  f16: castTo('f16', ({ inputs: [x], outputGrad: dy }) => [isFloat(x) ? dy : null]),
  i32: castTo('i32', 'its result is an integer'),
  u32: castTo('u32', 'its result is an integer'),
  bool: castTo('bool', NO_GRADIENT),
} as const;

/**
 * Converts x to another dtype. Floats are truncated towards zero and clipped to the range of the integer dtype, NaN
 * becomes 0; i32 and u32 wrap around; as bool, 0 is false and everything else is true. f16 rounds to 11 significant
 * bits and overflows to infinity beyond 65504. Exact, except for f16: Error ≤ 1e-3·|y| + 6e-8.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  expectTensor('cast', 'x', x);
  return x.dtype === checkDType('cast', dtype) ? x : casts[dtype](x);
}
