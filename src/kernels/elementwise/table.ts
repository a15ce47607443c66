import type { ElementType } from '../../gpu/device.js';
import { toF16 } from '../../gpu/f16.js';
import * as math from './math.js';

/**
 * A function applied element by element. Its WGSL works on scalars and on four lanes alike: the types are spelled
 * `Float`, `Int`, `Uint` and `Bool`, which the composed kernel declares as `f32` or `vec4f`, and so on.
 */
export interface ElementwiseFunction {
  readonly name: string;
  /** The element types it takes for its operands; all operands have the same one, but for `select`'s condition. */
  readonly takes: readonly ElementType[];
  /** The element type of its result; 'same' is that of its last operand. */
  readonly gives: ElementType | 'same';
  readonly flops: number;
  /** WGSL of the result from WGSL of the operands. */
  wgsl(...operands: string[]): string;
  /** The result in float64; integers are wrapped afterwards. */
  apply(...operands: number[]): number;
  /** What differs where the last operand is a float. */
  readonly ofFloats?: Partial<Pick<ElementwiseFunction, 'wgsl' | 'apply'>>;
  /** WGSL functions that `wgsl` calls; each stands in a kernel once. */
  readonly helpers?: readonly string[];
  /** True if the last operand is the element's own index, as a Uint. */
  readonly indexed?: boolean;
}

export const FLOAT = ['f32'] as const;
const NUMBER = ['f32', 'i32', 'u32'] as const;
const SIGNED = ['f32', 'i32'] as const;
const BOOL = ['bool'] as const;
const ANY = ['f32', 'i32', 'u32', 'bool', 'f16'] as const;

type Description = Omit<ElementwiseFunction, 'name' | 'takes' | 'gives' | 'flops'> &
  Partial<Pick<ElementwiseFunction, 'gives' | 'flops'>>;

/** Makes a function of its name, the types it takes, and the rest; by default it gives the type that it takes. */
export const define = (name: string, takes: readonly ElementType[], rest: Description): ElementwiseFunction => ({
  name,
  takes,
  gives: 'same',
  flops: 1,
  ...rest,
});

/** A function's WGSL and float64 arithmetic for a last operand of some type. */
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
/** Integers are divided towards zero, and by 0 give 0, as in NumPy. */
export const divide = define('divide', NUMBER, {
  wgsl: (a, b) => `select(${a} / ${b}, ${a} - ${a}, ${b} == (${b} - ${b}))`,
  apply: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  ofFloats: { wgsl: (a, b) => `(${a} / ${b})`, apply: (a, b) => a / b },
});
/** NaN where one of them is, as in NumPy; WGSL's own leaves that open. */
export const maximum = define('maximum', NUMBER, {
  wgsl: (a, b) => `max(${a}, ${b})`,
  helpers: math.IS_NAN,
  ofFloats: { wgsl: (a, b) => `select(${b}, ${a}, (${a} > ${b}) | ${isNaNBits(a)})` },
  apply: Math.max,
});
/** NaN where one of them is. */
export const minimum = define('minimum', NUMBER, {
  wgsl: (a, b) => `min(${a}, ${b})`,
  helpers: math.IS_NAN,
  ofFloats: { wgsl: (a, b) => `select(${b}, ${a}, (${a} < ${b}) | ${isNaNBits(a)})` },
  apply: Math.min,
});

/** The remainder with the sign of b, as NumPy and Python have it. WGSL's own has the sign of a. */
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
 * Of a negative base only integer powers are real. A power of 0 is 0 or infinite, as the exponent's sign says; anything to
 * the power of 0 is 1, and so is any power of 1.
 */
export const pow = define('pow', FLOAT, {
  flops: 70,
  helpers: math.POWER,
  wgsl: (a, b) => `pow_of(${a}, ${b})`,
  // JavaScript's own is NaN where IEEE 754 has 1.
  apply: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b),
});

export const floor = define('floor', FLOAT, { wgsl: (x) => `floor(${x})`, apply: Math.floor });
export const ceil = define('ceil', FLOAT, { wgsl: (x) => `ceil(${x})`, apply: Math.ceil });
/** To the nearest integer; ties go to the even one, as in NumPy. */
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
/** True of NaN and anything: WGSL's own comparison of floats is ordered. */
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
export const select = define('select', ANY, {
  wgsl: (c, a, b) => `select(${b}, ${a}, ${c})`,
  apply: (c, a, b) => (c ? a : b),
});

const castTo = (type: ElementType, name: string, apply: (x: number) => number) =>
  define(`cast_${type}`, ANY, { gives: type, flops: 0, wgsl: (x) => `${name}(${x})`, apply });

const clampTo = (low: number, high: number) => (x: number) =>
  Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high);

/**
 * Conversions, by the type converted to. A float goes to an integer towards zero, is kept within the type's range, and NaN
 * becomes 0; i32 and u32 wrap into each other. To bool, 0 is false and all else, NaN too, true.
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
  /** Rounded at once: what is computed with it is the same whether it was stored or not. */
  f16: define('cast_f16', ANY, {
    gives: 'f16',
    flops: 0,
    helpers: math.TO_F16,
    wgsl: (x) => `to_f16(Float(${x}))`,
    apply: toF16,
  }),
};

/** The element's own index, counted from a start. */
export const position = define('position', ['u32'], {
  gives: 'i32',
  indexed: true,
  wgsl: (start, index) => `Int(${start} + ${index})`,
  apply: (start, index) => start + index,
});
