import type { ElementType } from '../gpu/device.js';
import { wgsl } from '../gpu/wgsl.js';
import { THREEFRY, threefry, uniformFromBits } from './random.js';

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
  /** The result in float64; whole numbers are wrapped afterwards. */
  apply(...operands: number[]): number;
  /** A WGSL function that `wgsl` calls. */
  readonly helper?: string;
  /** True if the last operand is the element's own index, as a Uint. */
  readonly indexed?: boolean;
}

const FLOAT = ['f32'] as const;
const NUMBER = ['f32', 'i32', 'u32'] as const;
const SIGNED = ['f32', 'i32'] as const;
const BOOL = ['bool'] as const;
const ANY = ['f32', 'i32', 'u32', 'bool'] as const;

function define(
  name: string,
  takes: readonly ElementType[],
  gives: ElementwiseFunction['gives'],
  flops: number,
  source: ElementwiseFunction['wgsl'],
  apply: ElementwiseFunction['apply'],
  more: Partial<ElementwiseFunction> = {},
): ElementwiseFunction {
  return { name, takes, gives, flops, wgsl: source, apply, ...more };
}

const bit = (condition: boolean): number => (condition ? 1 : 0);

/** 1 / (1 + e^-x). For x below -88 e^-x is infinite and the quotient 0, as it should be. */
export const SIGMOID = wgsl`fn sigmoid(x: Float) -> Float { return Float(1) / (Float(1) + exp(-x)); }`;
/** tanh, kept off arguments whose exponentials overflow: beyond 10 it is ±1 in f32. */
export const TANH = wgsl`fn safe_tanh(x: Float) -> Float { return tanh(clamp(x, Float(-10), Float(10))); }`;

// ---- one operand -------------------------------------------------------------------------------------------------
export const identity = define(
  'identity',
  ANY,
  'same',
  0,
  (x) => x,
  (x) => x,
);
export const negate = define(
  'negate',
  SIGNED,
  'same',
  1,
  (x) => `-${x}`,
  (x) => -x,
);
export const absolute = define('absolute', SIGNED, 'same', 1, (x) => `abs(${x})`, Math.abs);
export const sign = define('sign', SIGNED, 'same', 1, (x) => `sign(${x})`, Math.sign);
export const exponential = define('exponential', FLOAT, 'same', 4, (x) => `exp(${x})`, Math.exp);
export const logarithm = define('logarithm', FLOAT, 'same', 4, (x) => `natural_log(${x})`, Math.log, {
  // SwiftShader's own log of 0 is -88, and of a negative number 0: here they are -∞ and NaN on every adapter.
  helper: wgsl`fn natural_log(x: Float) -> Float {
  let positive = select(log(x), Float(-1) / abs(x), x == Float(0));
  return select(positive, (x - x) / (x - x), x < Float(0));
}`,
});
export const squareRoot = define('square_root', FLOAT, 'same', 2, (x) => `sqrt(${x})`, Math.sqrt);
export const sine = define('sine', FLOAT, 'same', 4, (x) => `sin(${x})`, Math.sin);
export const cosine = define('cosine', FLOAT, 'same', 4, (x) => `cos(${x})`, Math.cos);
export const hyperbolicTangent = define('tanh', FLOAT, 'same', 6, (x) => `safe_tanh(${x})`, Math.tanh, {
  helper: TANH,
});
export const sigmoid = define(
  'sigmoid',
  FLOAT,
  'same',
  6,
  (x) => `sigmoid(${x})`,
  (x) => 1 / (1 + Math.exp(-x)),
  {
    helper: SIGMOID,
  },
);
export const rectify = define(
  'relu',
  FLOAT,
  'same',
  1,
  (x) => `max(${x}, Float(0))`,
  (x) => Math.max(x, 0),
);
export const logicalNot = define(
  'logical_not',
  BOOL,
  'bool',
  1,
  (x) => `!${x}`,
  (x) => bit(x === 0),
);

// ---- two operands ------------------------------------------------------------------------------------------------
export const add = define(
  'add',
  NUMBER,
  'same',
  1,
  (a, b) => `(${a} + ${b})`,
  (a, b) => a + b,
);
export const subtract = define(
  'subtract',
  NUMBER,
  'same',
  1,
  (a, b) => `(${a} - ${b})`,
  (a, b) => a - b,
);
export const multiply = define(
  'multiply',
  NUMBER,
  'same',
  1,
  (a, b) => `(${a} * ${b})`,
  (a, b) => a * b,
);
export const divide = define(
  'divide',
  NUMBER,
  'same',
  1,
  (a, b) => `(${a} / ${b})`,
  (a, b) => a / b,
);
export const power = define(
  'power',
  FLOAT,
  'same',
  8,
  (a, b) => `real_power(${a}, ${b})`,
  (a, b) => a ** b,
  {
    // WGSL's pow is undefined for a negative base; an odd whole exponent keeps the sign, a fraction has no real value.
    helper: wgsl`fn real_power(a: Float, b: Float) -> Float {
  let size = pow(abs(a), b);
  let odd = abs(b - Float(2) * floor(b / Float(2))) == Float(1);
  let real = select(size, -size, odd);
  let undefined_value = (size - size) / (size - size);
  return select(size, select(undefined_value, real, b == floor(b)), a < Float(0));
}`,
  },
);
export const maximum = define(
  'maximum',
  NUMBER,
  'same',
  1,
  (a, b) => `max(${a}, ${b})`,
  (a, b) => Math.max(a, b),
);
export const minimum = define(
  'minimum',
  NUMBER,
  'same',
  1,
  (a, b) => `min(${a}, ${b})`,
  (a, b) => Math.min(a, b),
);
export const equal = define(
  'equal',
  ANY,
  'bool',
  1,
  (a, b) => `(${a} == ${b})`,
  (a, b) => bit(a === b),
);
export const notEqual = define(
  'not_equal',
  ANY,
  'bool',
  1,
  (a, b) => `(${a} != ${b})`,
  (a, b) => bit(a !== b),
);
export const less = define(
  'less',
  NUMBER,
  'bool',
  1,
  (a, b) => `(${a} < ${b})`,
  (a, b) => bit(a < b),
);
export const lessEqual = define(
  'less_equal',
  NUMBER,
  'bool',
  1,
  (a, b) => `(${a} <= ${b})`,
  (a, b) => bit(a <= b),
);
export const greater = define(
  'greater',
  NUMBER,
  'bool',
  1,
  (a, b) => `(${a} > ${b})`,
  (a, b) => bit(a > b),
);
export const greaterEqual = define(
  'greater_equal',
  NUMBER,
  'bool',
  1,
  (a, b) => `(${a} >= ${b})`,
  (a, b) => bit(a >= b),
);
export const logicalAnd = define(
  'logical_and',
  BOOL,
  'bool',
  1,
  (a, b) => `(${a} & ${b})`,
  (a, b) => bit(a + b === 2),
);
export const logicalOr = define(
  'logical_or',
  BOOL,
  'bool',
  1,
  (a, b) => `(${a} | ${b})`,
  (a, b) => bit(a + b > 0),
);

// ---- the rest ----------------------------------------------------------------------------------------------------
/** condition ? whenTrue : whenFalse. */
export const select = define(
  'select',
  ANY,
  'same',
  1,
  (c, a, b) => `select(${b}, ${a}, ${c})`,
  (c, a, b) => (c ? a : b),
);

/** Conversions, by the type converted to. A float goes to a whole number towards zero; to bool, 0 is false. */
export const cast: Readonly<Record<ElementType, ElementwiseFunction>> = {
  f32: define(
    'cast_f32',
    ANY,
    'f32',
    0,
    (x) => `Float(${x})`,
    (x) => x,
  ),
  i32: define('cast_i32', ANY, 'i32', 0, (x) => `Int(${x})`, Math.trunc),
  u32: define(
    'cast_u32',
    ANY,
    'u32',
    0,
    (x) => `Uint(${x})`,
    (x) => Math.max(0, Math.trunc(x)),
  ),
  bool: define(
    'cast_bool',
    ANY,
    'bool',
    0,
    (x) => `Bool(${x})`,
    (x) => bit(x !== 0),
  ),
};

/** Uniform random numbers in [0, 1): 24 bits of Threefry of the element's index, under a key of two words. */
export const uniform = define(
  'uniform',
  ['u32'],
  'f32',
  100,
  (key0, key1, index) => `uniform_from_bits(threefry(${key0}, ${key1}, ${index}).first)`,
  (key0, key1, index) => uniformFromBits(threefry(key0, key1, index, 0)[0]),
  { helper: THREEFRY, indexed: true },
);

/** Standard normal random numbers, by Box and Muller: √(-2 ln(1-u)) · cos(2π v). */
export const normal = define(
  'normal',
  ['u32'],
  'f32',
  120,
  (key0, key1, index) => `normal_from_bits(threefry(${key0}, ${key1}, ${index}))`,
  (key0, key1, index) => {
    const [first, second] = threefry(key0, key1, index, 0).map(uniformFromBits) as [number, number];
    return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  },
  { helper: THREEFRY, indexed: true },
);
