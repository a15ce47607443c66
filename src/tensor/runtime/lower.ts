import { defined } from '../../gpu/errors.js';
import { type Expression, layoutOf, type Operand, type Step } from '../../kernels/elementwise/expression.js';
import type { Node, NumberLeaf, OpNode } from '../graph/graph.js';
import { type Group, isInline, isNode, sameOperand } from './fuse.js';

export interface Expressed {
  readonly expression: Expression;
  /** The tensors that it loads, and the numbers that it takes as uniforms, in the expression's order. */
  readonly inputs: readonly Node[];
  readonly numbers: readonly NumberLeaf[];
}

/** A group of elementwise nodes as one expression. The `carrier` is the input that a hook's value stands for. */
export function express({ root, members }: Group, carrier?: Node): Expressed {
  const { shape } = root.outputs[0];
  const inputs: Node[] = [];
  const numbers = new Map<NumberLeaf, Node>();
  const steps = new Map<OpNode, Step>();
  const operandOf = (input: Node): Operand => {
    if (carrier !== undefined && sameOperand(input, carrier)) return { kind: 'value' };
    const { source } = input;
    if (source.kind === 'number') {
      numbers.set(source, numbers.get(source) ?? input);
      return { kind: 'number', index: [...numbers.keys()].indexOf(source) };
    }
    if (isNode(input) && (members.has(source as OpNode) || isInline(input, shape)))
      return { kind: 'step', index: emit(source as OpNode) };
    let index = inputs.findIndex((known) => sameOperand(known, input));
    if (index < 0) index = inputs.push(input) - 1;
    return { kind: 'input', index };
  };
  const emit = (node: OpNode): number => {
    if (!steps.has(node)) {
      const operands = node.inputs.map(operandOf);
      steps.set(node, { fn: defined(node.op.elementwise), operands, type: node.outputs[0].dtype });
    }
    return [...steps.keys()].indexOf(node);
  };
  emit(root);
  const expression: Expression = {
    inputs: inputs.map((input) => ({ type: input.dtype, layout: layoutOf(input.shape, shape) })),
    numbers: [...numbers.values()].map(({ dtype }) => dtype),
    steps: [...steps.values()],
  };
  return { expression, inputs, numbers: [...numbers.keys()] };
}
