import { bytesOf, type ElementType } from '../gpu/device.js';
import { type Cost, ceilDivide, defineKernel, type Kernel, programOf, type Values } from '../gpu/kernel.js';
import { EPILOGUE, EPILOGUE_FOURS, type Hook, PROLOGUE, PROLOGUE_FOURS, parseStruct, wgsl } from '../gpu/wgsl.js';
import { type Expression, evaluateExpression, type Layout, type Operand, strides } from './expression.js';

/*
 * The one place where WGSL is put together by a program: chains of elementwise functions, as a kernel of their own or
 * as the prologue or epilogue of another kernel. Four elements an invocation where every operand allows it.
 */
const THREADS = 64;

const STORED: Record<ElementType, string> = { f32: 'f32', i32: 'i32', u32: 'u32', bool: 'u32', f16: 'f16' };
const LANES: Record<ElementType, string> = { f32: 'Float', i32: 'Int', u32: 'Uint', bool: 'Bool', f16: 'Float' };
const SCALAR_TYPES = 'alias Float = f32; alias Int = i32; alias Uint = u32; alias Bool = bool;';
const VECTOR_TYPES = 'alias Float = vec4f; alias Int = vec4i; alias Uint = vec4u; alias Bool = vec4<bool>;';
const STORED_VECTOR: Record<ElementType, string> = {
  ...{ f32: 'vec4f', i32: 'vec4i', u32: 'vec4u', bool: 'vec4u' },
  f16: 'vec4h',
};

/** The names of types: for scalars or by fours; `Half` for expressions that load or store f16. */
const typesOf = (vector: boolean, f16: boolean): string =>
  `${vector ? VECTOR_TYPES : SCALAR_TYPES}${f16 ? ` alias Half = ${(vector ? STORED_VECTOR : STORED).f16};` : ''}`;

const usesHalf = ({ inputs, steps }: Expression): boolean => [...inputs, ...steps].some(({ type }) => type === 'f16');

/** A result as it is stored. */
const storable = (type: ElementType): string =>
  (({ bool: 'select(Uint(0), Uint(1), result)', f16: 'Half(result)' }) as Record<string, string>)[type] ?? 'result';

/** True if four neighbouring results need four neighbouring, or four equal, elements of every operand. */
export function canVectorise(expression: Expression): boolean {
  return expression.inputs.every(({ layout }) => typeof layout === 'string' || layout.at(-1)!.size % 4 === 0);
}

/** True if the operand itself is read four elements at once. */
const readsVectors = (layout: Layout): boolean => layout === 'same' || (layout !== 'scalar' && layout.at(-1)!.kept);

/** The uniform fields that place the inputs of an expression, with their values. In vectors, sizes count fours. */
function placement(expression: Expression, prefix: string, vector: boolean): [string, number][] {
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

/** The lines that load the inputs and take the steps; the last step is called `result`. */
function body(expression: Expression, prefix: string, uniforms: string, index: string, vector: boolean): string {
  const loads = expression.inputs.map(({ type, layout }, input) => {
    const stored = `${prefix}in${input}[${indexOf(layout, `${uniforms}.${prefix}in${input}`, index)}]`;
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
    const type = expression.numbers[operand.index]!;
    return type === 'bool' ? `Bool(${number} != 0u)` : `${LANES[type]}(${number})`;
  };
  const lane = vector ? `Uint(4u * ${index}) + Uint(0u, 1u, 2u, 3u)` : index;
  const steps = expression.steps.map(({ fn, operands, type }, step) => {
    const given = operands.map(name);
    if (fn.indexed) given.push(lane);
    const computed = type === 'f32' && fn.wgslOfFloats !== undefined ? fn.wgslOfFloats(...given) : fn.wgsl(...given);
    return `  let ${step === expression.steps.length - 1 ? 'result' : `v${step}`} = ${computed};`;
  });
  return [...loads, ...steps].join('\n');
}

function fieldsOf(expression: Expression, prefix: string, vector: boolean): string[] {
  return [
    ...placement(expression, prefix, vector).map(([field]) => `${field}: u32`),
    ...expression.numbers.map((type, number) => `${prefix}n${number}: ${type === 'f16' ? 'f32' : STORED[type]}`),
  ];
}

const helpersOf = (expressions: readonly Expression[]): string =>
  [...new Set(expressions.flatMap(({ steps }) => steps.flatMap(({ fn }) => fn.helpers ?? [])))].join('\n');

/** Names the functions of an expression, in order, such as `add+sigmoid`. */
export const expressionName = ({ steps }: Expression): string => {
  const names = steps.map(({ fn }) => fn.name).filter((name) => name !== 'identity');
  if (names.length > 6) names.splice(3, names.length - 5, '…');
  return names.join('+') || 'copy';
};

/** Values that an expression adds to its dispatch: placements of inputs, their lengths (for the cost) and numbers. */
export function expressionValues(expression: Expression, prefix: string, vector: boolean): Record<string, number> {
  return Object.fromEntries(placement(expression, prefix, vector));
}

/**
 * An elementwise kernel: y[i] = expression(inputs at i) for i < count. Binding names are in0, in1, ... and y;
 * numbers are n0, n1, ... An invocation computes `run` elements, or fours of them.
 */
export function composeElementwise(expression: Expression, run = 1): Kernel {
  const vector = canVectorise(expression);
  const type = expression.steps.at(-1)!.type;
  const inputs = expression.inputs.map((_, input) => `in${input}`);
  const storage = (given: ElementType, wide: boolean): string => (wide ? STORED_VECTOR : STORED)[given];
  const bindings = expression.inputs.map(
    ({ type, layout }, input) =>
      `@group(0) @binding(${input}) var<storage, read> in${input}: array<${storage(type, vector && readsVectors(layout))}>;`,
  );
  const flops = expression.steps.reduce((sum, { fn }) => sum + fn.flops, 0);
  const fields = ['count: u32', ...fieldsOf(expression, '', vector)];
  return defineKernel<string, string>({
    name: expressionName(expression),
    reads: inputs,
    writes: ['y'],
    sizes: fields.map((field) => field.split(':')[0]!),
    f16: usesHalf(expression),
    workgroups: ({ count }) => ceilDivide(count!, (vector ? 4 : 1) * run * THREADS),
    cost: (values) => ({
      flops: flops * values.count!,
      bytes: bytesOf(type, values.count!) + inputBytes(expression, values.count!),
    }),
    wgsl: wgsl`
${typesOf(vector, usesHalf(expression))}
struct Sizes { ${fields.join(', ')} }
${bindings.join('\n')}
@group(0) @binding(${inputs.length}) var<storage, read_write> y: array<${storage(type, vector)}>;
@group(0) @binding(${inputs.length + 1}) var<uniform> sizes: Sizes;
${helpersOf([expression])}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let first = ((group.y * groups.x + group.x) * ${THREADS}u + thread) * ${run}u;
  let end = min(first + ${run}u, ${vector ? '(sizes.count + 3u) / 4u' : 'sizes.count'});
  for (var i = first; i < end; i++) {
${body(expression, '', 'sizes', 'i', vector)}
    y[i] = ${storable(type)};
  }
}`,
    reference: (given) => {
      const at = given as Record<string, Float64Array> & Record<string, number>;
      const numbers = expression.numbers.map((_, number) => at[`n${number}`] as unknown as number);
      (at.y as Float64Array).set(
        evaluateExpression(
          expression,
          at.count as unknown as number,
          inputs.map((name) => at[name]!),
          numbers,
        ),
      );
    },
  });
}

function inputBytes(expression: Expression, count: number): number {
  return expression.inputs.reduce((sum, { type, layout }) => {
    if (typeof layout === 'string') return sum + bytesOf(type, layout === 'same' ? count : 1);
    const length = layout.reduce((size, axis) => size * (axis.kept ? axis.size : 1), 1);
    return sum + bytesOf(type, length);
  }, 0);
}

/** Elementwise work to be done inside another kernel, on the buffer `on`, which holds `count` values. */
export interface Fusion {
  readonly hook: Hook;
  readonly on: string;
  readonly count: number;
  readonly expression: Expression;
}

const MARKS = {
  prologue: { ones: PROLOGUE, fours: PROLOGUE_FOURS },
  epilogue: { ones: EPILOGUE, fours: EPILOGUE_FOURS },
} as const;

/** True if a kernel gives its hook four neighbouring values at once: the work must be such that `canVectorise`. */
export const takesFours = ({ wgsl }: Kernel, hook: Hook): boolean => wgsl.includes(MARKS[hook].fours);

/**
 * A kernel with elementwise work fused into its hooks. The work's inputs become the bindings `epilogue_in0`, ... and
 * its numbers `epilogue_n0`, ... (or `prologue_...`) in a second uniform struct.
 */
export function fuse(kernel: Kernel, fusions: readonly Fusion[]): Kernel {
  const f16 = kernel.f16 || fusions.some(({ expression }) => usesHalf(expression));
  const types = typesOf(
    fusions.some(({ hook }) => takesFours(kernel, hook)),
    f16,
  );
  let next = kernel.bindings.length;
  const bindings = [...kernel.bindings];
  const declarations: string[] = [];
  const fields: string[] = [];
  let source = kernel.wgsl;
  for (const { hook, on, expression } of fusions) {
    const prefix = `${hook}_`;
    const fours = takesFours(kernel, hook);
    expression.inputs.forEach(({ type, layout }, input) => {
      bindings.push({ name: `${prefix}in${input}`, access: 'read' });
      const stored = (fours && readsVectors(layout) ? STORED_VECTOR : STORED)[type];
      declarations.push(`@group(0) @binding(${next++}) var<storage, read> ${prefix}in${input}: array<${stored}>;`);
    });
    fields.push(...fieldsOf(expression, prefix, fours));
    const values = fours ? 'vec4f' : 'f32';
    const type = expression.steps.at(-1)!.type;
    const stored = (fours ? STORED_VECTOR : STORED)[type];
    const text = `fn ${hook}(value: ${values}, index: u32) -> ${stored} {\n${body(expression, prefix, 'fused', 'index', fours)}\n  return ${storable(type)};\n}`;
    // The kernel stores what its epilogue returns: the binding takes over its type.
    if (hook === 'epilogue') source = source.replace(`> ${on}: array<${values}>`, `> ${on}: array<${stored}>`);
    source = source.replace(MARKS[hook][fours ? 'fours' : 'ones'], text);
  }
  if (fields.length > 0) {
    bindings.push({ name: 'fused', access: 'uniform' });
    declarations.unshift(`struct Fused { ${fields.join(', ')} }`);
    declarations.push(`@group(0) @binding(${next}) var<uniform> fused: Fused;`);
  }
  const expressions = fusions.map(({ expression }) => expression);
  const head = `${types}\n${declarations.join('\n')}\n${helpersOf(expressions)}\n`;
  source = head + source;
  return {
    ...{ ...kernel, f16 },
    name: fusedName(kernel.name, fusions),
    bindings,
    uniforms: fields.length > 0 ? [...kernel.uniforms, parseStruct(kernel.name, source, 'Fused')] : kernel.uniforms,
    hooks: kernel.hooks.filter((hook) => !fusions.some((fusion) => fusion.hook === hook)),
    wgsl: source,
    source: programOf(source, { ...kernel, f16 }),
    cost: (values: Values): Cost => {
      const own = kernel.cost(values);
      const extra = fusions.map(({ expression, count }) => ({
        flops: count * expression.steps.reduce((sum, { fn }) => sum + fn.flops, 0),
        bytes: inputBytes(expression, count),
      }));
      return {
        flops: extra.reduce((sum, { flops }) => sum + flops, own.flops),
        bytes: extra.reduce((sum, { bytes }) => sum + bytes, own.bytes),
      };
    },
    reference(given) {
      const changed = { ...given };
      const apply = ({ hook, on, count, expression }: Fusion) => {
        const inputs = expression.inputs.map((_, input) => given[`${hook}_in${input}`] as Float64Array);
        const numbers = expression.numbers.map((_, number) => given[`${hook}_n${number}`] as number);
        return evaluateExpression(expression, count, inputs, numbers, given[on] as Float64Array);
      };
      for (const fusion of fusions) if (fusion.hook === 'prologue') changed[fusion.on] = apply(fusion);
      kernel.reference(changed);
      for (const fusion of fusions)
        if (fusion.hook === 'epilogue') (given[fusion.on] as Float64Array).set(apply(fusion));
    },
  };
}

function fusedName(name: string, fusions: readonly Fusion[]): string {
  const before = fusions
    .filter(({ hook }) => hook === 'prologue')
    .map(({ expression }) => `${expressionName(expression)}→`);
  const after = fusions
    .filter(({ hook }) => hook === 'epilogue')
    .map(({ expression }) => `+${expressionName(expression)}`);
  return `${before.join('')}${name}${after.join('')}`;
}
