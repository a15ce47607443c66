import { defined } from '../../gpu/errors.js';
import { type Expression, layoutOf, type Operand, type Step } from '../../kernels/elementwise/expression.js';
import type { DType, Node, NumberLeaf, OpNode } from '../graph/graph.js';
import { sameShape } from '../graph/shape.js';
import { type Group, isNode, isRecomputable, sameValue } from './fuse.js';

export interface Expressed {
  readonly expression: Expression;
  /** The tensors that it loads, and the numbers that it takes as uniforms, in the expression's order. */
  readonly inputs: readonly Node[];
  readonly numbers: readonly NumberLeaf[];
}

/**
 * A group of elementwise nodes as one expression. `isStored` is true of numbers that are in memory already; `isValue` of the
 * input that a hook's value stands for.
 */
export function express(
  group: Group,
  isStored: (number: Node) => boolean,
  isValue: (input: Node) => boolean = () => false,
): Expressed {
  const shape = group.root.outputs[0].shape;
  const inputs: Node[] = [];
  const numbers: NumberLeaf[] = [];
  const numberTypes: DType[] = [];
  const steps: Step[] = [];
  const made = new Map<OpNode, number>();
  const operandOf = (input: Node): Operand => {
    if (isValue(input)) return { kind: 'value' };
    const { source } = input;
    if (source.kind === 'number' && !isStored(input)) {
      let index = numbers.findIndex((leaf, at) => leaf === source && numberTypes[at] === input.dtype);
      if (index < 0) index = numbers.push(source) - 1;
      numberTypes[index] = input.dtype;
      return { kind: 'number', index };
    }
    if (isNode(input)) {
      const node = source as OpNode;
      if (group.members.has(node) || (isRecomputable(node) && sameShape(input.shape, shape)))
        return { kind: 'step', index: emit(node) };
    }
    let index = inputs.findIndex((known) => sameValue(known, input) && sameShape(known.shape, input.shape));
    if (index < 0) index = inputs.push(input) - 1;
    return { kind: 'input', index };
  };
  const emit = (node: OpNode): number => {
    const known = made.get(node);
    if (known !== undefined) return known;
    const operands = node.inputs.map(operandOf);
    const index = steps.push({ fn: defined(node.op.elementwise), operands, type: node.outputs[0].dtype }) - 1;
    made.set(node, index);
    return index;
  };
  emit(group.root);
  const expression: Expression = {
    inputs: inputs.map((input) => ({ type: input.dtype, layout: layoutOf(input.shape, shape) })),
    numbers: numberTypes,
    steps,
  };
  return { expression, inputs, numbers };
}
