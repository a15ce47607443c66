import type { HostArray, Kernel } from '../../src/gpu/index.js';
import type { ElementwiseFunction } from '../../src/kernels/elementwise.js';
import type { Expression, Layout } from '../../src/kernels/expression.js';
import { functions as calculus, composeElementwise, elementwise, normal, uniform } from '../../src/kernels/index.js';
import type { KernelCase } from '../support/kernels.js';
import { integers, normals } from '../support/numbers.js';

/** All elementwise functions. */
export const elementwiseFunctions = [elementwise, elementwise.cast, calculus, { normal, uniform }]
  .flatMap(Object.values)
  .filter((value): value is ElementwiseFunction => typeof value === 'object' && 'apply' in value);

type ElementType = ElementwiseFunction['takes'][number];

/** The expression that is the function of as many inputs as it takes. */
export function expressionOf(fn: ElementwiseFunction, type: ElementType, layout: Layout): Expression {
  const arity = fn.indexed ? fn.apply.length - 1 : fn.apply.length;
  const inputs = Array.from({ length: arity }, (_, index) => ({
    type: fn.name === 'select' && index === 0 ? ('bool' as const) : type,
    layout,
  }));
  const operands = inputs.map((_, index) => ({ kind: 'input' as const, index }));
  return { inputs, numbers: [], steps: [{ fn, operands, type: fn.gives === 'same' ? type : fn.gives }] };
}

/** Zeros, ones, halves, and numbers near the ends of what functions tell apart. */
const SPECIAL = [0, 1, -1, 0.5, -0.5, 2.5, -2.5, 3.5, 1e-4, -1e-4, 0.3, -0.7, 1.9, -1.9, 5, -5, 12, -12, 80, -80];
/** Functions with series of our own: a wrong last term is a small error. */
const SERIES = /^(sine|cosine|arc_|logarithm_1p|exponential_m1|error_function)/;
/** Pairs of all of them, then what is drawn. */
const COUNT = 4 * SPECIAL.length ** 2;

function valuesOf(type: ElementType, input: number): HostArray {
  const drawn = type === 'f32' ? normals(COUNT, input + 1) : Float32Array.from(integers(COUNT, 9, input + 1));
  const special = Float32Array.from(drawn, (value, at) => {
    if (at >= SPECIAL.length ** 2) return 2 * value;
    return SPECIAL[input === 0 ? Math.floor(at / SPECIAL.length) : at % SPECIAL.length]!;
  });
  if (type === 'bool') return Uint32Array.from(special, (value) => Number(value > 0));
  if (type === 'u32') return Uint32Array.from(special, (value) => Math.abs(Math.trunc(value)));
  return type === 'i32' ? Int32Array.from(special) : special;
}

/** Each function by itself as a kernel, with a case for it; and what it makes of NaN and infinities, where that is said. */
export const elementwiseCases: readonly KernelCase[] = elementwiseFunctions.flatMap((fn): KernelCase[] => {
  const type = fn.takes[0]!;
  const expression = expressionOf(fn, type, 'same');
  const kernel = composeElementwise(expression);
  const gives = expression.steps[0]!.type;
  const one = (note: string, turn: (values: HostArray, input: number) => HostArray): KernelCase => {
    const inputs = expression.inputs.map((input, index) => [`in${index}`, turn(valuesOf(input.type, index), index)]);
    return {
      ...{ kernel, note, values: { count: COUNT } },
      buffers: { ...Object.fromEntries(inputs), y: COUNT },
      // A bool is stored as 0 or 1.
      ...(gives === 'f32' ? {} : { types: { y: gives === 'bool' ? 'u32' : gives } }),
      tolerance: SERIES.test(fn.name) ? { absolute: 3e-7, relative: 2e-6 } : { absolute: 1e-5, relative: 1e-5 },
    };
  };
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 7];
  const spoilt = (values: HostArray, input: number) =>
    values.map((_, at) => odd[input === 0 ? at % odd.length : Math.floor(at / odd.length) % odd.length]!) as HostArray;
  const tellsNaN = ['maximum', 'minimum', 'relu', 'is_nan', 'is_finite', 'absolute', 'negate', 'add'].includes(fn.name);
  // Quarters: a quotient that is almost whole would be rounded to it, or not.
  const coarse = (values: HostArray) => values.map((value) => Math.round(4 * value) / 4) as HostArray;
  return [
    one('special and drawn numbers', fn.name === 'modulo' ? coarse : (values) => values),
    ...(tellsNaN ? [one('NaN and infinities', spoilt)] : []),
  ];
});

/** The kernels of the cases. */
export const elementwiseKernels: readonly Kernel[] = [...new Set(elementwiseCases.map(({ kernel }) => kernel))];
