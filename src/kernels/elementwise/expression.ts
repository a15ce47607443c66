import type { ElementType } from '../../gpu/device.js';
import { defined } from '../../gpu/errors.js';
import { type ElementwiseFunction, implementationOf } from './table.js';

/**
 * How an operand is broadcast to the result: not at all, as a scalar, or along some axes. Adjacent axes of one kind are
 * merged: a bias in (rows, cols) is [broadcast rows, kept cols].
 */
export type Layout = 'same' | 'scalar' | readonly Axis[];

/** A group of adjacent axes of the result, along which an operand is kept or broadcast. */
export interface Axis {
  readonly size: number;
  /** False where the operand is broadcast along this axis. */
  readonly kept: boolean;
}

/** An operand of a step: an input buffer, a number, an earlier step, or the value passed to a hook. */
export type Operand =
  | { readonly kind: 'input' | 'number' | 'step'; readonly index: number }
  | { readonly kind: 'value' };

/** A function applied to its operands. */
export interface Step {
  readonly fn: ElementwiseFunction;
  readonly operands: readonly Operand[];
  readonly type: ElementType;
}

/** Elementwise functions of inputs and numbers, in order of evaluation; the last step is the result. */
export interface Expression {
  readonly inputs: readonly { readonly type: ElementType; readonly layout: Layout }[];
  readonly numbers: readonly ElementType[];
  readonly steps: readonly Step[];
  /**
   * True if a launch may compute only a span of the result, from its element `first` on. Inputs of layout 'same' then
   * begin at that element, too; broadcast ones are bound as a whole.
   */
  readonly isPart?: boolean;
}

/** The type of a step's last operand; the value passed to a hook is f32. */
export function operandType({ inputs, numbers, steps }: Expression, operands: readonly Operand[]): ElementType {
  const last = operands.at(-1);
  if (last === undefined || last.kind === 'value') return 'f32';
  if (last.kind === 'number') return numbers[last.index];
  return (last.kind === 'input' ? inputs : steps)[last.index].type;
}

/** True if some input is broadcast along some axes. */
export const isBroadcast = ({ inputs }: Expression): boolean => inputs.some(({ layout }) => typeof layout !== 'string');

/** True if a step depends on the index of an element in the whole result. */
export const takesFirst = (expression: Expression): boolean =>
  expression.steps.some(({ fn }) => fn.indexed) || (expression.isPart === true && isBroadcast(expression));

/** The layout of an operand of shape `from` broadcast to the shape `to` by NumPy's rules. */
export function layoutOf(from: readonly number[], to: readonly number[]): Layout {
  const lead = to.length - from.length;
  const axes: { size: number; kept: boolean }[] = [];
  to.forEach((size, axis) => {
    if (size === 1) return;
    const kept = axis >= lead && from[axis - lead] !== 1;
    const last = axes.at(-1);
    if (last?.kept === kept) last.size *= size;
    else axes.push({ size, kept });
  });
  if (axes.every((axis) => axis.kept)) return 'same';
  return axes.some((axis) => axis.kept) ? axes : 'scalar';
}

/** For each kept axis: the number of elements of the result per index, its size, and its stride in the operand. */
export function strides(axes: readonly Axis[]): { after: number; size: number; stride: number; outermost: boolean }[] {
  let after = 1;
  let stride = 1;
  const found = [];
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const { size, kept } = axes[axis];
    if (kept) {
      found.push({ after, size, stride, outermost: axis === 0 });
      stride *= size;
    }
    after *= size;
  }
  return found;
}

/** Maps an index of the result to one of the operand. */
export function indexMap(layout: Layout): (index: number) => number {
  if (layout === 'same') return (index) => index;
  if (layout === 'scalar') return () => 0;
  const kept = strides(layout);
  return (index) => kept.reduce((sum, { after, size, stride }) => sum + (Math.floor(index / after) % size) * stride, 0);
}

/** Evaluates an expression in float64 for `count` elements from `first` on; `value` is what is passed to a hook. */
export function evaluateExpression(
  expression: Expression,
  count: number,
  inputs: readonly Float64Array[],
  numbers: readonly number[],
  value?: Float64Array,
  first = 0,
): Float64Array {
  const result = new Float64Array(count);
  const maps = expression.inputs.map((input) => indexMap(input.layout));
  const registers = new Float64Array(expression.steps.length);
  const applied = expression.steps.map(
    ({ fn, operands }) => implementationOf(fn, operandType(expression, operands)).apply,
  );
  const operand = (given: Operand, index: number): number => {
    if (given.kind === 'step') return registers[given.index];
    if (given.kind === 'input') {
      const isSame = expression.inputs[given.index].layout === 'same';
      return inputs[given.index][maps[given.index](isSame ? index : first + index)];
    }
    return given.kind === 'number' ? numbers[given.index] : defined(value)[index];
  };
  for (let index = 0; index < count; index++) {
    expression.steps.forEach(({ fn, operands, type }, step) => {
      const given = operands.map((one) => operand(one, index));
      if (fn.indexed) given.push(first + index);
      registers[step] = wrap(applied[step](...given), type);
    });
    result[index] = registers[expression.steps.length - 1];
  }
  return result;
}

/** Wraps integers to 32 bits, as on the GPU. */
function wrap(value: number, type: ElementType): number {
  if (type === 'i32') return value | 0;
  return type === 'u32' ? value >>> 0 : value;
}
