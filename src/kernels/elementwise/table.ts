import type { ElementType } from '../../gpu/device.js';
import { toF16 } from '../../gpu/f16.js';
import * as math from './math.js';

/**
 * An elementwise function. Its WGSL works on scalars and vec4: its types are `Float`, `Int`, `Uint` and `Bool`, which
 * the composed kernel declares as `f32` or `vec4f`, and so on.
 */
export interface ElementwiseFunction {
  readonly name: string;
  /** The element types that it accepts; all operands have the same one, except the condition of `select`. */
  readonly takes: readonly ElementType[];
  /** The element type of its result; 'same' is the type of the last operand. */
  readonly gives: ElementType | 'same';
  readonly flops: number;
  /** Returns WGSL of the result, given WGSL of the operands. */
  wgsl(...operands: string[]): string;
  /** Returns the result in float64; integers are wrapped afterwards. */
  apply(...operands: number[]): number;
  /** Overrides for a last operand that is a float. */
  readonly ofFloats?: Partial<Pick<ElementwiseFunction, 'wgsl' | 'apply'>>;
  /** WGSL functions that `wgsl` calls; each is included in a kernel once. */
  readonly helpers?: readonly string[];
  /** True if the function also takes the index of the element, as a Uint, after its operands. */
  readonly indexed?: boolean;
}

export const FLOAT = ['f32'] as const;
const NUMBER = ['f32', 'i32', 'u32'] as const;
const SIGNED = ['f32', 'i32'] as const;
const BOOL = ['bool'] as const;
const ANY = ['f32', 'i32', 'u32', 'bool', 'f16'] as const;

type Description = Omit<ElementwiseFunction, 'name' | 'takes' | 'gives' | 'flops'> &
  Partial<Pick<ElementwiseFunction, 'gives' | 'flops'>>;

/** Defines a function; by default its result has the type of its operands, and costs one operation. */
export const define = (name: string, takes: readonly ElementType[], rest: Description): ElementwiseFunction => ({
  name,
  takes,
  gives: 'same',
  flops: 1,
  ...rest,
});

/** The WGSL and the float64 arithmetic of a function, for the type of its last operand. */
export function implementationOf(
  fn: ElementwiseFunction,
  operand: ElementType,
): Pick<ElementwiseFunction, 'wgsl' | 'apply'> {
  return operand === 'f32' || operand === 'f16' ? { wgsl: fn.wgsl, apply: fn.apply, ...fn.ofFloats } : fn;
}

const isNaNBits = (x: string): string => `float_is_nan(${x})`;

export const bit = (condition: boolean): number => (condition ? 1 : 0);

export const identity = define('identity', ANY, { flops: 0, wgsl: (x) => x, apply: (x) => x });
export const negative = define('negative', SIGNED, { wgsl: (x) => `-${x}`, apply: (x) => -x });
export const abs = define('abs', SIGNED, { wgsl: (x) => `abs(${x})`, apply: Math.abs });
export const sign = define('sign', SIGNED, {
  helpers: math.IS_NAN,
  wgsl: (x) => `sign(${x})`,
  apply: Math.sign,
  ofFloats: { wgsl: (x) => `keep_nan(${x}, sign(${x}))` },
});
export const add = define('add', NUMBER, { wgsl: (a, b) => `(${a} + ${b})`, apply: (a, b) => a + b });
export const subtract = define('subtract', NUMBER, { wgsl: (a, b) => `(${a} - ${b})`, apply: (a, b) => a - b });
export const multiply = define('multiply', NUMBER, {
  wgsl: (a, b) => `(${a} * ${b})`,
  apply: Math.imul,
  ofFloats: { apply: (a, b) => a * b },
});
/** a / b; integers are divided towards zero, and by 0 give 0, as in NumPy. */
export const divide = define('divide', NUMBER, {
  wgsl: (a, b) => `select(${a} / ${b}, ${a} - ${a}, ${b} == (${b} - ${b}))`,
  apply: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  ofFloats: { wgsl: (a, b) => `(${a} / ${b})`, apply: (a, b) => a / b },
});
/** max(a, b), NaN if either is, as in NumPy; WGSL's own may drop NaN. */
export const maximum = define('maximum', NUMBER, {
  wgsl: (a, b) => `max(${a}, ${b})`,
  helpers: math.IS_NAN,
  ofFloats: { wgsl: (a, b) => `select(${b}, ${a}, (${a} > ${b}) | ${isNaNBits(a)})` },
  apply: Math.max,
});
/** min(a, b), NaN if either is. */
export const minimum = define('minimum', NUMBER, {
  wgsl: (a, b) => `min(${a}, ${b})`,
  helpers: math.IS_NAN,
  ofFloats: { wgsl: (a, b) => `select(${b}, ${a}, (${a} < ${b}) | ${isNaNBits(a)})` },
  apply: Math.min,
});

/** The remainder of a / b with the sign of b, as in NumPy and Python; that of WGSL's % has the sign of a. */
export const mod = define('mod', FLOAT, {
  flops: 30,
  helpers: math.MODULO,
  wgsl: (a, b) => `mod_of(${a}, ${b})`,
  apply: (a, b) => {
    const remainder = a % b;
    if (remainder === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
    return remainder < 0 === b < 0 ? remainder : remainder + b;
  },
});

/**
 * a^b as in IEEE 754. Non-integer powers of a negative base are NaN; powers of 0 are 0 or, with a negative exponent,
 * infinite; anything to the power of 0 is 1, and so is any power of 1.
 */
export const pow = define('pow', FLOAT, {
  flops: 70,
  helpers: math.POWER,
  wgsl: (a, b) => `pow_of(${a}, ${b})`,
  // JavaScript's ** is NaN in these cases, where IEEE 754 has 1.
  apply: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b),
});

export const floor = define('floor', FLOAT, { wgsl: (x) => `floor(${x})`, apply: Math.floor });
export const ceil = define('ceil', FLOAT, { wgsl: (x) => `ceil(${x})`, apply: Math.ceil });
/** Rounds to the nearest integer, ties to even, as in NumPy. */
export const round = define('round', FLOAT, {
  wgsl: (x) => `round(${x})`,
  apply: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
});

const compare = (
  name: string,
  sign: string,
  apply: (a: number, b: number) => boolean,
  takes: typeof ANY | typeof NUMBER = NUMBER,
) => define(name, takes, { gives: 'bool', wgsl: (a, b) => `(${a} ${sign} ${b})`, apply: (a, b) => bit(apply(a, b)) });

export const equal = compare('equal', '==', (a, b) => a === b, ANY);
/** a != b, true if either is NaN, which WGSL's own comparison does not guarantee. */
export const notEqual: ElementwiseFunction = {
  ...compare('notEqual', '!=', (a, b) => a !== b, ANY),
  helpers: math.IS_NAN,
  ofFloats: { wgsl: (a, b) => `((${a} != ${b}) | ${isNaNBits(a)} | ${isNaNBits(b)})` },
};
export const less = compare('less', '<', (a, b) => a < b);
export const lessEqual = compare('lessEqual', '<=', (a, b) => a <= b);
export const greater = compare('greater', '>', (a, b) => a > b);
export const greaterEqual = compare('greaterEqual', '>=', (a, b) => a >= b);
export const logicalNot = define('logicalNot', BOOL, { wgsl: (x) => `!${x}`, apply: (x) => bit(x === 0) });
export const logicalAnd = define('logicalAnd', BOOL, {
  wgsl: (a, b) => `(${a} & ${b})`,
  apply: (a, b) => bit(a + b === 2),
});
export const logicalOr = define('logicalOr', BOOL, {
  wgsl: (a, b) => `(${a} | ${b})`,
  apply: (a, b) => bit(a + b > 0),
});
export const logicalXor = define('logicalXor', BOOL, {
  wgsl: (a, b) => `(${a} != ${b})`,
  apply: (a, b) => bit(a !== b),
});

export const isNaN = define('isNaN', FLOAT, {
  gives: 'bool',
  helpers: math.IS_NAN,
  wgsl: isNaNBits,
  apply: (x) => bit(Number.isNaN(x)),
});
export const isFinite = define('isFinite', FLOAT, {
  gives: 'bool',
  helpers: math.IS_NAN,
  wgsl: (x) => `float_is_finite(${x})`,
  apply: (x) => bit(Number.isFinite(x)),
});

/** condition ? whenTrue : whenFalse. */
export const select = define('where', ANY, {
  wgsl: (c, a, b) => `select(${b}, ${a}, ${c})`,
  apply: (c, a, b) => (c ? a : b),
});

const castTo = (type: ElementType, name: string, apply: (x: number) => number) =>
  define(`cast_${type}`, ANY, { gives: type, flops: 0, wgsl: (x) => `${name}(${x})`, apply });

const clampTo = (low: number, high: number) => (x: number) =>
  Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high);

/**
 * Conversions by the type converted to. A float is truncated towards zero and clamped to the range of an integer type,
 * and NaN becomes 0; i32 and u32 wrap around. As bool, 0 is false, and all else, including NaN, is true.
 */
export const cast: Readonly<Record<ElementType, ElementwiseFunction>> = {
  f32: castTo('f32', 'Float', (x) => x),
  i32: {
    ...castTo('i32', 'Int', (x) => x),
    helpers: math.TO_INTEGER,
    ofFloats: { wgsl: (x) => `to_int(${x})`, apply: clampTo(-(2 ** 31), 2 ** 31 - 1) },
  },
  u32: {
    ...castTo('u32', 'Uint', (x) => x),
    helpers: math.TO_INTEGER,
    ofFloats: { wgsl: (x) => `to_uint(${x})`, apply: clampTo(0, 2 ** 32 - 1) },
  },
  bool: {
    ...castTo('bool', 'Bool', (x) => bit(x !== 0)),
    helpers: math.IS_NAN,
    ofFloats: { wgsl: (x) => `((${x} != Float(0)) | ${isNaNBits(x)})` },
  },
  /** Rounds at once, so that results are the same whether or not the f16 is stored in between. */
  f16: define('cast_f16', ANY, {
    gives: 'f16',
    flops: 0,
    helpers: math.TO_F16,
    wgsl: (x) => `to_f16(Float(${x}))`,
    apply: toF16,
  }),
};

/** start + the index of the element. */
export const position = define('position', ['u32'], {
  gives: 'i32',
  indexed: true,
  wgsl: (start, index) => `Int(${start} + ${index})`,
  apply: (start, index) => start + index,
});
