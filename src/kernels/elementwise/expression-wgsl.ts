import { bytesOf, type ElementType } from '../../gpu/device.js';
import type { Span, Values } from '../../gpu/kernel.js';
import {
  type Expression,
  isBroadcast,
  type Layout,
  type Operand,
  operandType,
  strides,
  takesFirst,
} from './expression.js';
import { implementationOf } from './table.js';

/*
 * WGSL of expressions, chains of elementwise functions. compose.ts makes one a kernel; fusion.ts makes it the prologue
 * or epilogue of another kernel. Four elements are computed as vec4 where every operand allows it:
 *
 *   result = f(x_0[i_0], x_1[i_1], ...)      where i_k is the index that the layout of operand k maps the index i to
 */

/** The WGSL types in which elements are stored. */
export const STORED: Record<ElementType, string> = { f32: 'f32', i32: 'i32', u32: 'u32', bool: 'u32', f16: 'f16' };
const LANES: Record<ElementType, string> = { f32: 'Float', i32: 'Int', u32: 'Uint', bool: 'Bool', f16: 'Float' };
const SCALAR_TYPES = 'alias Float = f32; alias Int = i32; alias Uint = u32; alias Bool = bool;';
const VECTOR_TYPES = 'alias Float = vec4f; alias Int = vec4i; alias Uint = vec4u; alias Bool = vec4<bool>;';
/** The WGSL types in which four elements are stored. */
export const STORED_VECTOR: Record<ElementType, string> = {
  f32: 'vec4f',
  i32: 'vec4i',
  u32: 'vec4u',
  bool: 'vec4u',
  f16: 'vec4h',
};

/** WGSL of the type aliases of math.ts, for scalars or vec4; `Half` is for expressions that load or store f16. */
export const typesOf = (vector: boolean, f16: boolean): string =>
  `${vector ? VECTOR_TYPES : SCALAR_TYPES}${f16 ? ` alias Half = ${(vector ? STORED_VECTOR : STORED).f16};` : ''}`;

/** True if an expression loads, computes or stores f16. */
export const usesF16 = ({ inputs, steps }: Expression): boolean =>
  [...inputs, ...steps].some(({ type }) => type === 'f16');

/** WGSL of `result` converted to the type in which it is stored. */
export const storable = (type: ElementType): string =>
  (({ bool: 'select(Uint(0), Uint(1), result)', f16: 'Half(result)' }) as Record<string, string>)[type] ?? 'result';

/** True if four adjacent results need four adjacent elements, or one, of every operand. */
export function canVectorize(expression: Expression): boolean {
  return expression.inputs.every(
    ({ layout }) => typeof layout === 'string' || layout[layout.length - 1].size % 4 === 0,
  );
}

/** True if a vectorized kernel reads the operand as vec4. */
export const readsVectors = (layout: Layout): boolean =>
  layout === 'same' || (layout !== 'scalar' && layout[layout.length - 1].kept);

/**
 * The uniforms that describe the layouts of an expression's inputs, with their values; in vec4 kernels they count vec4.
 */
function layoutFields(expression: Expression, prefix: string, vector: boolean): [string, number][] {
  return expression.inputs.flatMap(({ layout }, input) => {
    if (typeof layout === 'string') return [];
    const last = layout.length - 1;
    const axes = vector ? layout.map((axis, at) => (at === last ? { ...axis, size: axis.size / 4 } : axis)) : layout;
    return strides(axes).flatMap(({ after, size, stride }, axis): [string, number][] => [
      [`${prefix}in${input}_after${axis}`, after],
      [`${prefix}in${input}_size${axis}`, size],
      [`${prefix}in${input}_stride${axis}`, stride],
    ]);
  });
}

/** WGSL of the index in an operand for an index in the result. */
function indexOf(layout: Layout, field: string, index: string): string {
  if (layout === 'same') return index;
  if (layout === 'scalar') return '0u';
  return strides(layout)
    .map(({ outermost }, axis) => {
      const along = `${index} / ${field}_after${axis}`;
      return `${outermost ? along : `${along} % ${field}_size${axis}`} * ${field}_stride${axis}`;
    })
    .join(' + ');
}

/** WGSL that loads the inputs and computes the steps, the last of which is named `result`. */
export function body(expression: Expression, prefix: string, uniforms: string, index: string, vector: boolean): string {
  const first = `${uniforms}.${prefix}first`;
  const wholeIndex = expression.isPart ? `(${first}${vector ? ' / 4u' : ''} + ${index})` : index;
  const loads = expression.inputs.map(({ type, layout }, input) => {
    const at = indexOf(layout, `${uniforms}.${prefix}in${input}`, layout === 'same' ? index : wholeIndex);
    const stored = `${prefix}in${input}[${at}]`;
    const spread = vector && !readsVectors(layout);
    const loaded = type === 'f16' ? `${spread ? 'f32' : 'Float'}(${stored})` : stored;
    const lanes = spread ? `${type === 'bool' ? 'Uint' : LANES[type]}(${loaded})` : loaded;
    return `  let x${input} = ${type === 'bool' ? `${lanes} != Uint(0)` : lanes};`;
  });
  const name = (operand: Operand): string => {
    if (operand.kind === 'step') return `v${operand.index}`;
    if (operand.kind === 'input') return `x${operand.index}`;
    if (operand.kind === 'value') return 'value';
    const number = `${uniforms}.${prefix}n${operand.index}`;
    const type = expression.numbers[operand.index];
    return type === 'bool' ? `Bool(${number} != 0u)` : `${LANES[type]}(${number})`;
  };
  const lane = vector ? `Uint(${first} + 4u * ${index}) + Uint(0u, 1u, 2u, 3u)` : `(${first} + ${index})`;
  const steps = expression.steps.map(({ fn, operands }, step) => {
    const given = operands.map(name);
    if (fn.indexed) given.push(lane);
    const computed = implementationOf(fn, operandType(expression, operands)).wgsl(...given);
    return `  let ${step === expression.steps.length - 1 ? 'result' : `v${step}`} = ${computed};`;
  });
  return [...loads, ...steps].join('\n');
}

/** The declarations of the uniforms of an expression. */
export function fieldsOf(expression: Expression, prefix: string, vector: boolean): string[] {
  return [
    ...layoutFields(expression, prefix, vector).map(([field]) => `${field}: u32`),
    ...(takesFirst(expression) ? [`${prefix}first: u32`] : []),
    ...expression.numbers.map((type, number) => `${prefix}n${number}: ${type === 'f16' ? 'f32' : STORED[type]}`),
  ];
}

/** WGSL of the functions that expressions call, each once. */
export const helpersOf = (expressions: readonly Expression[]): string =>
  [...new Set(expressions.flatMap(({ steps }) => steps.flatMap(({ fn }) => fn.helpers ?? [])))].join('\n');

/** The name of an expression, made from its functions in order, such as `add+sigmoid`. */
export const expressionName = ({ inputs, steps }: Expression): string => {
  const names = steps.map(({ fn }) => fn.name).filter((name) => name !== 'identity');
  if (names.length > 6) names.splice(3, names.length - 5, '…');
  return names.join('+') || (inputs.length === 0 ? 'fill' : 'copy');
};

/** The uniforms that an expression adds to a launch: layouts of inputs, and the index of the first element. */
export function expressionValues(expression: Expression, prefix: string, vector: boolean): Record<string, number> {
  return Object.fromEntries([
    ...layoutFields(expression, prefix, vector),
    ...(takesFirst(expression) ? [[`${prefix}first`, 0] as const] : []),
  ]);
}

/** The uniforms of an expression that computes a span of its result, and the spans of its inputs. */
export function restrictToSpan(
  expression: Expression,
  prefix: string,
  values: Values,
  span: Span,
): { values: Values; spans: Record<string, Span> } {
  const same = expression.inputs.flatMap(({ layout }, input) =>
    layout === 'same' ? [[`${prefix}in${input}`, span] as const] : [],
  );
  const first = `${prefix}first`;
  return {
    values: takesFirst(expression) ? { [first]: values[first] + span.first } : {},
    spans: Object.fromEntries(same),
  };
}

/** True if an expression can compute a span of its result. */
export const canSplit = (expression: Expression): boolean => expression.isPart === true || !isBroadcast(expression);

/** The bytes of the inputs of an expression, for `count` results. */
export function inputBytes(expression: Expression, count: number): number {
  return expression.inputs.reduce((sum, { type, layout }) => {
    if (typeof layout === 'string') return sum + bytesOf(type, layout === 'same' ? count : 1);
    const length = layout.reduce((size, axis) => size * (axis.kept ? axis.size : 1), 1);
    return sum + bytesOf(type, length);
  }, 0);
}
