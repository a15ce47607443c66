import { defined, TesseraError } from '../../gpu/errors.js';
import { type Cost, type Kernel, programOf, type Split, type Values } from '../../gpu/kernel.js';
import { fillMark, type Hook, type Mark, parseStruct } from '../../gpu/wgsl.js';
import { type Expression, evaluateExpression } from './expression.js';
import {
  body,
  canSplit,
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
 * Fuses chains of elementwise functions into kernels that have hooks for a prologue or an epilogue (gpu/wgsl.ts).
 */
/** An expression to be fused into a hook of a kernel, applied to the `count` elements of its binding `on`. */
export interface Fusion {
  readonly hook: Hook;
  readonly on: string;
  readonly count: number;
  readonly expression: Expression;
}

/** True if a kernel passes its hook a vec4, so that only expressions with `canVectorize` can be fused. */
export const takesVec4 = (kernel: Kernel, hook: Hook): boolean =>
  kernel.marks.some((mark) => mark.hook === hook && mark.type === 'vec4f');

/** @throws TesseraError if the kernel has no such hook on that binding. */
function markOf({ name, marks }: Kernel, hook: Hook, on: string): Mark {
  const found = marks.find((mark) => mark.hook === hook && mark.on === on);
  if (found === undefined) throw new TesseraError(`${name}: it has no ${hook} on '${on}'`);
  return found;
}

/**
 * Fuses expressions into the hooks of a kernel. Their inputs become the bindings `epilogue_in0`, ... and their numbers
 * the fields `epilogue_n0`, ... (or `prologue_...`) of a second uniform struct.
 */
export function fuse(kernel: Kernel, fusions: readonly Fusion[]): Kernel {
  const f16 = kernel.f16 || fusions.some(({ expression }) => usesF16(expression));
  const types = typesOf(
    fusions.some(({ hook }) => takesVec4(kernel, hook)),
    f16,
  );
  let next = kernel.bindings.length;
  const bindings = [...kernel.bindings];
  const declarations: string[] = [];
  const fields: string[] = [];
  let source = kernel.wgsl;
  for (const { hook, on, expression } of fusions) {
    const prefix = `${hook}_`;
    const vec4 = takesVec4(kernel, hook);
    expression.inputs.forEach(({ type, layout }, input) => {
      bindings.push({ name: `${prefix}in${input}`, access: 'read' });
      const stored = (vec4 && readsVectors(layout) ? STORED_VECTOR : STORED)[type];
      declarations.push(`@group(0) @binding(${next++}) var<storage, read> ${prefix}in${input}: array<${stored}>;`);
    });
    fields.push(...fieldsOf(expression, prefix, vec4));
    const values = vec4 ? 'vec4f' : 'f32';
    const type = defined(expression.steps.at(-1)).type;
    const stored = (vec4 ? STORED_VECTOR : STORED)[type];
    const text = `fn ${hook}(value: ${values}, index: u32) -> ${stored} {\n${body(expression, prefix, 'fused', 'index', vec4)}\n  return ${storable(type)};\n}`;
    source = fillMark(source, markOf(kernel, hook, on), text, stored);
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
    ...kernel,
    f16,
    name: fusedName(kernel.name, fusions),
    bindings,
    uniforms: fields.length > 0 ? [...kernel.uniforms, parseStruct(kernel.name, source, 'Fused')] : kernel.uniforms,
    marks: kernel.marks.filter(({ hook }) => !fusions.some((fusion) => fusion.hook === hook)),
    wgsl: source,
    source: programOf(source, { ...kernel, f16 }),
    splits: fusions.every(({ expression }) => canSplit(expression))
      ? kernel.splits.map((split) => fusedSplit(split, fusions))
      : [],
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
        const value = given[on] as Float64Array;
        const first = given[`${hook}_first`] as number | undefined;
        return evaluateExpression(expression, Math.min(count, value.length), inputs, numbers, value, first);
      };
      for (const fusion of fusions) if (fusion.hook === 'prologue') changed[fusion.on] = apply(fusion);
      kernel.reference(changed);
      for (const fusion of fusions)
        if (fusion.hook === 'epilogue') (given[fusion.on] as Float64Array).set(apply(fusion));
    },
  };
}

/** The split of a kernel, extended to the expressions fused into it. */
const fusedSplit = (split: Split, fusions: readonly Fusion[]): Split => ({
  ...split,
  launch(values, first, end) {
    const own = split.launch(values, first, end);
    if (own === undefined) return undefined;
    const part = { values: { ...own.values }, spans: { ...own.spans } };
    for (const { hook, on, expression } of fusions) {
      const span = own.spans[on];
      if (span === undefined) continue;
      const under = restrictToSpan(expression, `${hook}_`, values, span);
      Object.assign(part.values, under.values);
      Object.assign(part.spans, under.spans);
    }
    return part;
  },
});

function fusedName(name: string, fusions: readonly Fusion[]): string {
  const before = fusions
    .filter(({ hook }) => hook === 'prologue')
    .map(({ expression }) => `${expressionName(expression)}→`);
  const after = fusions
    .filter(({ hook }) => hook === 'epilogue')
    .map(({ expression }) => `+${expressionName(expression)}`);
  return `${before.join('')}${name}${after.join('')}`;
}
