import type { ElementType } from '../../gpu/device.js';
import { toHalf } from '../../gpu/half.js';
import { wgsl } from '../../gpu/wgsl.js';

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
  /** WGSL for operands of f32, where it is another. */
  wgslOfFloats?(...operands: string[]): string;
  /** The result in float64; whole numbers are wrapped afterwards. */
  apply(...operands: number[]): number;
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
  ...{ name, takes, gives: 'same', flops: 1 },
  ...rest,
});

/**
 * What tells a NaN: a compiler may assume that there are none and fold `x != x` away; an infinity has all bits of the
 * exponent, and a NaN more.
 */
const bits = (x: string): string => `(bitcast<Uint>(${x}) & Uint(0x7fffffffu))`;

export const bit = (condition: boolean): number => (condition ? 1 : 0);

// ---- arithmetic --------------------------------------------------------------------------------------------------
export const identity = define('identity', ANY, { flops: 0, wgsl: (x) => x, apply: (x) => x });
export const negative = define('negative', SIGNED, { wgsl: (x) => `-${x}`, apply: (x) => -x });
export const abs = define('abs', SIGNED, { wgsl: (x) => `abs(${x})`, apply: Math.abs });
export const sign = define('sign', SIGNED, { wgsl: (x) => `sign(${x})`, apply: Math.sign });
export const add = define('add', NUMBER, { wgsl: (a, b) => `(${a} + ${b})`, apply: (a, b) => a + b });
export const subtract = define('subtract', NUMBER, { wgsl: (a, b) => `(${a} - ${b})`, apply: (a, b) => a - b });
export const multiply = define('multiply', NUMBER, { wgsl: (a, b) => `(${a} * ${b})`, apply: (a, b) => a * b });
export const divide = define('divide', NUMBER, { wgsl: (a, b) => `(${a} / ${b})`, apply: (a, b) => a / b });
/** NaN where one of them is, as in NumPy; WGSL's own leaves that open. */
export const maximum = define('maximum', NUMBER, {
  wgsl: (a, b) => `max(${a}, ${b})`,
  wgslOfFloats: (a, b) => `select(${b}, ${a}, (${a} > ${b}) | (${bits(a)} > Uint(0x7f800000u)))`,
  apply: Math.max,
});
/** NaN where one of them is. */
export const minimum = define('minimum', NUMBER, {
  wgsl: (a, b) => `min(${a}, ${b})`,
  wgslOfFloats: (a, b) => `select(${b}, ${a}, (${a} < ${b}) | (${bits(a)} > Uint(0x7f800000u)))`,
  apply: Math.min,
});

/** The remainder with the sign of b, as NumPy and Python have it. WGSL's own has the sign of a. */
export const mod = define('mod', FLOAT, {
  flops: 4,
  wgsl: (a, b) => `(${a} - ${b} * floor(${a} / ${b}))`,
  apply: (a, b) => a - b * Math.floor(a / b),
});

/**
 * WGSL's pow is undefined for a negative base; an odd whole exponent keeps the sign, a fraction has no real value. A power
 * of 0 is 0 or infinite, as the exponent's sign says, and anything to the power of 0 is 1.
 */
export const pow = define('pow', FLOAT, {
  flops: 8,
  wgsl: (a, b) => `real_power(${a}, ${b})`,
  apply: (a, b) => a ** b,
  helpers: [
    wgsl`fn real_power(a: Float, b: Float) -> Float {
  let of_zero = select(Float(0), Float(1) / abs(a), b < Float(0));
  let size = select(select(pow(abs(a), b), of_zero, a == Float(0)), Float(1), b == Float(0));
  let odd = abs(b - Float(2) * floor(b / Float(2))) == Float(1);
  let real = select(size, -size, odd);
  let undefined_value = (size - size) / (size - size);
  return select(size, select(undefined_value, real, b == floor(b)), a < Float(0));
}`,
  ],
});

// ---- rounding ----------------------------------------------------------------------------------------------------
export const floor = define('floor', FLOAT, { wgsl: (x) => `floor(${x})`, apply: Math.floor });
export const ceil = define('ceil', FLOAT, { wgsl: (x) => `ceil(${x})`, apply: Math.ceil });
/** To the nearest whole number; halves go to the even one, as in NumPy. */
export const round = define('round', FLOAT, {
  wgsl: (x) => `round(${x})`,
  apply: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
});

// ---- comparisons and logic ---------------------------------------------------------------------------------------
const compare = (
  name: string,
  sign: string,
  apply: (a: number, b: number) => boolean,
  takes: typeof ANY | typeof NUMBER = NUMBER,
) => define(name, takes, { gives: 'bool', wgsl: (a, b) => `(${a} ${sign} ${b})`, apply: (a, b) => bit(apply(a, b)) });

export const equal = compare('equal', '==', (a, b) => a === b, ANY);
export const notEqual = compare('notEqual', '!=', (a, b) => a !== b, ANY);
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
  wgsl: (x) => `(${bits(x)} > Uint(0x7f800000u))`,
  apply: (x) => bit(Number.isNaN(x)),
});
export const isFinite = define('isFinite', FLOAT, {
  gives: 'bool',
  wgsl: (x) => `(${bits(x)} < Uint(0x7f800000u))`,
  apply: (x) => bit(Number.isFinite(x)),
});

// ---- choice and conversion ---------------------------------------------------------------------------------------
/** condition ? whenTrue : whenFalse. */
export const select = define('select', ANY, {
  wgsl: (c, a, b) => `select(${b}, ${a}, ${c})`,
  apply: (c, a, b) => (c ? a : b),
});

const castTo = (type: ElementType, name: string, apply: (x: number) => number) =>
  define(`cast_${type}`, ANY, { gives: type, flops: 0, wgsl: (x) => `${name}(${x})`, apply });

/** Conversions, by the type converted to. A float goes to a whole number towards zero; to bool, 0 is false. */
export const cast: Readonly<Record<ElementType, ElementwiseFunction>> = {
  f32: castTo('f32', 'Float', (x) => x),
  i32: castTo('i32', 'Int', Math.trunc),
  u32: castTo('u32', 'Uint', (x) => Math.max(0, Math.trunc(x))),
  bool: castTo('bool', 'Bool', (x) => bit(x !== 0)),
  /** Rounded at once: what is computed with it is the same whether it was stored or not. */
  f16: define('cast_f16', ANY, { gives: 'f16', flops: 0, wgsl: (x) => `Float(Half(${x}))`, apply: toHalf }),
};

/** The element's own index, counted from a start. */
export const position = define('position', ['u32'], {
  ...{ gives: 'i32', indexed: true },
  wgsl: (start, index) => `Int(${start} + ${index})`,
  apply: (start, index) => start + index,
});
