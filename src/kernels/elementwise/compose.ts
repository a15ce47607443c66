import { bytesOf, type ElementType } from '../../gpu/device.js';
import { defined } from '../../gpu/errors.js';
import { ceilDivide, defineKernel, type Kernel, type KernelDefinition, type Split } from '../../gpu/kernel.js';
import { wgsl } from '../../gpu/wgsl.js';
import { type Expression, evaluateExpression } from './expression.js';
import {
  body,
  canSplit,
  canVectorize,
  expressionName,
  fieldsOf,
  helpersOf,
  inputBytes,
  readsVectors,
  restrictToSpan,
  STORED,
  STORED_VECTOR,
  storable,
  typesOf,
  usesF16,
} from './expression-wgsl.js';

/*
 * Composes a chain of elementwise functions into one kernel, with bindings in0, in1, ... and y, and numbers n0, n1,
 * ...:
 *
 *   y[i] = expression(in0, in1, ... at i)      for i < count
 */
const THREADS = 64;

/** Splits an elementwise kernel between vec4 of its elements. */
const elementwiseSplit = (expression: Expression): Split<string, string> => ({
  parts: ({ count }) => ceilDivide(count, 4),
  launch(values, begin, end) {
    const y = { first: 4 * begin, length: Math.min(values.count, 4 * end) - 4 * begin };
    const under = restrictToSpan(expression, '', values, y);
    return { values: { ...values, ...under.values, count: y.length }, spans: { ...under.spans, y } };
  },
});

const typeOf = ({ steps }: Expression): ElementType => defined(steps.at(-1)).type;

const sizeFields = (expression: Expression): string[] => [
  'count: u32',
  ...fieldsOf(expression, '', canVectorize(expression)),
];

/** The parts of a kernel's definition that both kernels of an expression share. */
export function composedOf(expression: Expression): Omit<KernelDefinition<string, string>, 'workgroups' | 'wgsl'> {
  const inputs = expression.inputs.map((_, input) => `in${input}`);
  const flops = expression.steps.reduce((sum, { fn }) => sum + fn.flops, 0);
  return {
    name: expressionName(expression),
    reads: inputs,
    writes: ['y'],
    sizes: sizeFields(expression).map((field) => field.split(':')[0]),
    f16: usesF16(expression),
    splits: canSplit(expression) ? [elementwiseSplit(expression)] : [],
    cost: ({ count }) => ({
      flops: flops * count,
      bytes: bytesOf(typeOf(expression), count) + inputBytes(expression, count),
    }),
    reference({ y, ...given }) {
      const { count, first } = given as Readonly<Record<string, number>>;
      const numbers = expression.numbers.map((_, number) => given[`n${number}`]);
      y.set(
        evaluateExpression(
          expression,
          count,
          inputs.map((name) => given[name]),
          numbers,
          undefined,
          first,
        ),
      );
    },
  };
}

/** WGSL of the types, uniforms, bindings and functions of a kernel of an expression. */
export function composedHead(expression: Expression): string {
  const vector = canVectorize(expression);
  const stored = (type: ElementType, wide: boolean): string => (wide ? STORED_VECTOR : STORED)[type];
  const bindings = expression.inputs.map(
    ({ type, layout }, input) =>
      `@group(0) @binding(${input}) var<storage, read> in${input}: array<${stored(type, vector && readsVectors(layout))}>;`,
  );
  return wgsl`
${typesOf(vector, usesF16(expression))}
struct Sizes { ${sizeFields(expression).join(', ')} }
${bindings.join('\n')}
@group(0) @binding(${bindings.length}) var<storage, read_write> y: array<${stored(typeOf(expression), vector)}>;
@group(0) @binding(${bindings.length + 1}) var<uniform> sizes: Sizes;
${helpersOf([expression])}`;
}

/** WGSL of the length of y, in scalars or vec4. Buffers are padded to a multiple of 4 elements. */
export const composedLength = (expression: Expression): string =>
  canVectorize(expression) ? '(sizes.count + 3u) / 4u' : 'sizes.count';

/** WGSL that computes y[i]. */
export const composedBody = (expression: Expression): string => wgsl`
${body(expression, '', 'sizes', 'i', canVectorize(expression))}
    y[i] = ${storable(typeOf(expression))};`;

/** Composes the kernel of an expression; an invocation computes one element, or one vec4. */
export const composeElementwise = (expression: Expression): Kernel =>
  defineKernel({
    ...composedOf(expression),
    workgroups: ({ count }) => ceilDivide(count, (canVectorize(expression) ? 4 : 1) * THREADS),
    wgsl: wgsl`
${composedHead(expression)}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * ${THREADS}u + thread;
  if (i < ${composedLength(expression)}) {
${composedBody(expression)}
  }
}`,
  });
