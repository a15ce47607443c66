import type { HostArray, Kernel } from '../../src/gpu/index.js';
import { canVectorise, expressionValues } from '../../src/kernels/elementwise/compose.js';
import { type Expression, type Layout, takesFirst } from '../../src/kernels/elementwise/expression.js';
import type { ElementwiseFunction } from '../../src/kernels/elementwise/table.js';
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
function toleranceOf({ name, gives }: ElementwiseFunction): KernelCase['tolerance'] {
  // Which of two halves a number is rounded to is the adapter's choice.
  if (gives === 'f16') return { absolute: 6e-8, relative: 1e-3 };
  return SERIES.test(name) ? { absolute: 3e-7, relative: 2e-6 } : { absolute: 1e-5, relative: 1e-5 };
}

/** Pairs of all of them, then what is drawn. */
const COUNT = 4 * SPECIAL.length ** 2;

function valuesOf(type: ElementType, input: number): HostArray {
  const drawn = type === 'f32' ? normals(COUNT, input + 1) : Float32Array.from(integers(COUNT, 9, input + 1));
  const special = Float32Array.from(drawn, (value, at) => {
    if (at >= SPECIAL.length ** 2) return 2 * value;
    return SPECIAL[input === 0 ? Math.floor(at / SPECIAL.length) : at % SPECIAL.length];
  });
  if (type === 'bool') return Uint32Array.from(special, (value) => Number(value > 0));
  if (type === 'u32') return Uint32Array.from(special, (value) => Math.abs(Math.trunc(value)));
  return type === 'i32' ? Int32Array.from(special) : special;
}

/** Each function by itself as a kernel, with a case for it; and what it makes of NaN and infinities, where that is said. */
export const elementwiseCases: readonly KernelCase[] = elementwiseFunctions.flatMap((fn): KernelCase[] => {
  const type = fn.takes[0];
  const expression = expressionOf(fn, type, 'same');
  const kernel = composeElementwise(expression);
  const gives = expression.steps[0].type;
  const one = (note: string, turn: (values: HostArray, input: number) => HostArray): KernelCase => {
    const inputs = expression.inputs.map((input, index) => [`in${index}`, turn(valuesOf(input.type, index), index)]);
    return {
      ...{ kernel, note, values: { count: COUNT, ...(takesFirst(expression) && { first: 3 }) } },
      buffers: { ...Object.fromEntries(inputs), y: COUNT },
      // A bool is stored as 0 or 1.
      ...(gives === 'f32' ? {} : { types: { y: gives === 'bool' ? 'u32' : gives } }),
      tolerance: toleranceOf(fn),
    };
  };
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 7];
  const spoilt = (values: HostArray, input: number) =>
    values.map((_, at) => odd[input === 0 ? at % odd.length : Math.floor(at / odd.length) % odd.length]);
  const tellsNaN = ['maximum', 'minimum', 'relu', 'isNaN', 'isFinite', 'abs', 'negative', 'add'].includes(fn.name);
  // Quarters: a quotient that is almost whole would be rounded to it, or not.
  const coarse = (values: HostArray) => values.map((value) => Math.round(4 * value) / 4);
  return [
    one('special and drawn numbers', fn.name === 'mod' ? coarse : (values) => values),
    ...(tellsNaN ? [one('NaN and infinities', spoilt)] : []),
  ];
});

/** Sums of halves that lie under the result in every way: by fours, and one by one; stored as halves, or as f32. */
export const halfCases: readonly KernelCase[] = [8, 7].flatMap((cols): KernelCase[] =>
  (['f16', 'f32'] as const).map((type) => {
    const [rows, count] = [9, 9 * cols];
    const kept = (first: boolean) => [
      { size: rows, kept: first },
      { size: cols, kept: !first },
    ];
    const layouts: Layout[] = ['same', 'scalar', kept(true), kept(false)];
    const steps: Expression['steps'][number][] = layouts.slice(1).map((_, at) => ({
      fn: elementwise.add,
      operands: [
        at === 0 ? { kind: 'input', index: 0 } : { kind: 'step', index: at - 1 },
        { kind: 'input', index: at + 1 },
      ],
      type: 'f32',
    }));
    if (type === 'f16')
      steps.push({ fn: elementwise.cast.f16, operands: [{ kind: 'step', index: steps.length - 1 }], type });
    const expression = { inputs: layouts.map((layout) => ({ type: 'f16' as const, layout })), numbers: [], steps };
    const values = { count, ...expressionValues(expression, '', canVectorise(expression)) };
    return {
      ...{ kernel: composeElementwise(expression), note: `halves to ${type}, ${cols} columns`, values },
      buffers: { in0: count, in1: 1, in2: rows, in3: cols, y: count },
      types: { in0: 'f16', in1: 'f16', in2: 'f16', in3: 'f16', y: type },
      tolerance: { absolute: 1e-6, relative: type === 'f16' ? 1e-3 : 1e-6 },
    };
  }),
);

/** The kernels of the cases. */
export const elementwiseKernels: readonly Kernel[] = [
  ...new Set([...elementwiseCases, ...halfCases].map(({ kernel }) => kernel)),
];
