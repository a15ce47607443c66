import type { HostArray, Kernel } from '../../src/gpu/index.js';
import { type Expression, type Layout, takesFirst } from '../../src/kernels/elementwise/expression.js';
import { canVectorize, expressionValues } from '../../src/kernels/elementwise/expression-wgsl.js';
import type { ElementwiseFunction } from '../../src/kernels/elementwise/table.js';
import {
  functions as calculus,
  composeElementwise,
  composeElementwiseCpu,
  elementwise,
  normal,
  uniform,
} from '../../src/kernels/index.js';
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
    type: fn.name === 'where' && index === 0 ? ('bool' as const) : type,
    layout,
  }));
  const operands = inputs.map((_, index) => ({ kind: 'input' as const, index }));
  return { inputs, numbers: [], steps: [{ fn, operands, type: fn.gives === 'same' ? type : fn.gives }] };
}

/** Zeros, ones, halves, and numbers near the ends of what functions tell apart. */
const SPECIAL = [0, 1, -1, 0.5, -0.5, 2.5, -2.5, 3.5, 1e-4, -1e-4, 0.3, -0.7, 1.9, -1.9, 5, -5, 12, -12, 80, -80];
/** What every function keeps at any argument; what is subnormal may be 0. */
const BOUND = { absolute: 1.2e-38, relative: 1e-6 };

const toleranceOf = ({ gives, indexed }: ElementwiseFunction): KernelCase['tolerance'] =>
  gives === 'f16' ? { absolute: 0, relative: 0 } : indexed ? { absolute: 1e-5, relative: 1e-5 } : BOUND;

/** Pairs of all of them, then what is drawn. */
const COUNT = 4 * SPECIAL.length ** 2;

function arrayOf(type: ElementType, values: readonly number[]): HostArray {
  if (type === 'i32') return Int32Array.from(values);
  return type === 'u32' ? Uint32Array.from(values) : Float32Array.from(values);
}

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

/** NaN, infinities, both zeros, and numbers beyond the integers' range. */
const ODD = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 7, -2.5, 3e9, -3e9, 5e9];
/** Ends of the integers' range, zero, and products that float64 rounds. */
const ODD_INTEGERS = [0, 1, -1, 7, -7, 2 ** 31 - 1, -(2 ** 31), 2 ** 30 + 12_345, 123_456_789];
/** Where functions change their formula, overflow, or need a reduced argument; of both signs. */
const SEAMS = [
  ...[1e-30, 1e-5, 0.01, 0.29, 0.34, 0.5, 0.63, 0.9999, 1, 1.0001, 3],
  ...[Math.PI, 9.5, 88.5, 89.2, 8192, 10_000, 33_554_432, 1e9, 2e38],
].flatMap((size) => [size, -size]);

const kernels = new Map<string, Kernel>();
/** The kernel of one function of operands of a type. */
function kernelOf(fn: ElementwiseFunction, type: ElementType): { expression: Expression; kernel: Kernel } {
  const expression = expressionOf(fn, type, 'same');
  const key = `${fn.name}:${type}`;
  const kernel = kernels.get(key) ?? composeElementwise(expression);
  kernels.set(key, kernel);
  return { expression, kernel };
}

/**
 * Each function by itself as a kernel: of special and drawn numbers; of NaN, infinities and zeros; of sizes from 2^-100
 * to 2^100 within its stated bound; and of integers at the ends of their range.
 */
export const elementwiseCases: readonly KernelCase[] = elementwiseFunctions.flatMap((fn): KernelCase[] => {
  const one = (
    note: string,
    type: ElementType,
    choose: (input: number, at: number, inputs: number) => number,
  ): KernelCase => {
    const { expression, kernel } = kernelOf(fn, type);
    const gives = expression.steps[0].type;
    const inputs = expression.inputs.map((input, index) => {
      const values = Array.from({ length: COUNT }, (_, at) => choose(index, at, expression.inputs.length));
      return [
        `in${index}`,
        input.type !== type || type === 'bool' ? valuesOf(input.type, index) : arrayOf(type, values),
      ];
    });
    return {
      kernel,
      note: `${note}, ${type}`,
      values: { count: COUNT, ...(takesFirst(expression) && { first: 3 }) },
      buffers: { ...Object.fromEntries(inputs), y: COUNT },
      // A bool is stored as 0 or 1.
      ...(gives === 'f32' ? {} : { types: { y: gives === 'bool' ? 'u32' : gives } }),
      tolerance: toleranceOf(fn),
    };
  };
  const pairOf = (list: readonly number[]) => (input: number, at: number) =>
    list[(input === 0 ? at : Math.floor(at / list.length)) % list.length];
  const wide = (input: number, at: number, inputs: number) =>
    inputs > 1 || at < SEAMS.length
      ? pairOf(SEAMS)(input, at)
      : (at % 2 === 0 ? 1 : -1) * 2 ** (200 * (at / COUNT) - 100);
  const [first] = fn.takes;
  const given = Array.from({ length: fn.apply.length }, (_, input) => valuesOf(first, input));
  const integers = fn.indexed ? [] : fn.takes.filter((type) => type === 'i32' || type === 'u32');
  return [
    one('special and drawn numbers', first, (input, at) => given[input][at]),
    ...(first === 'f32' ? [one('NaN and infinities', first, pairOf(ODD)), one('sizes', first, wide)] : []),
    ...integers.map((type) => one('ends of the range', type, pairOf(ODD_INTEGERS))),
  ];
});

const STORED = [
  ['f16', 'f16'],
  ['f16', 'f32'],
  ['f32', 'f32'],
] as const;

/** Sums of operands in every layout, by both kernels: as vec4 and as scalars, from f16 and f32 to f16 and f32. */
export const layoutCases: readonly KernelCase[] = [composeElementwise, composeElementwiseCpu].flatMap((compose) =>
  [8, 7].flatMap((cols) =>
    STORED.map(([from, to]): KernelCase => {
      const [rows, count] = [301, 301 * cols];
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
      if (to === 'f16')
        steps.push({ fn: elementwise.cast.f16, operands: [{ kind: 'step', index: steps.length - 1 }], type: to });
      const expression = { inputs: layouts.map((layout) => ({ type: from, layout })), numbers: [], steps };
      return {
        kernel: compose(expression),
        note: `${from} to ${to}, ${cols} columns${compose === composeElementwiseCpu ? ', on a CPU' : ''}`,
        values: { count, ...expressionValues(expression, '', canVectorize(expression)) },
        buffers: { in0: count, in1: 1, in2: rows, in3: cols, y: count },
        types: { in0: from, in1: from, in2: from, in3: from, y: to },
        tolerance: { absolute: 1e-6, relative: to === 'f16' ? 1e-3 : 1e-6 },
      };
    }),
  ),
);

/** The kernels of the cases. */
export const elementwiseKernels: readonly Kernel[] = [
  ...new Set([...elementwiseCases, ...layoutCases].map(({ kernel }) => kernel)),
];
