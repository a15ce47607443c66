import { TesseraError } from '../../gpu/errors.js';
import { vectorJacobian } from '../autograd.js';
import { isTensor, tensorOf } from '../factory.js';
import { checkTensors, type Node, type OpNode } from '../graph/graph.js';
import { callable, expectValue, shown } from '../options.js';
import type { Tensor } from '../tensor.js';
import { defineOp, type Op, repeated } from './define.js';

/** Returns the first tensor, to be used once the others are computed. */
export const afterOp: Op<readonly ['...tensors']> = defineOp({
  name: 'after',
  inputs: ['...tensors'],
  alias: true,
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  vjp: ({ inputs, outputGrad: dy }) => inputs.map((_, index) => (index === 0 ? dy : null)),
});

interface CheckpointAttributes {
  /** The gradients of what the computation read, from that of its result. */
  readonly gradients: (read: readonly Tensor[], dy: Tensor) => (Tensor | undefined)[];
}

/** Returns y, the result of a computation, of which it hides the graph from autograd; the other inputs are what y read. */
export const checkpointOp: Op<readonly ['...tensors'], CheckpointAttributes> = defineOp({
  name: 'checkpoint',
  inputs: ['...tensors'],
  alias: true,
  shape: ([y], _: CheckpointAttributes) => ({ shape: y.shape, dtype: y.dtype }),
  vjp: ({ inputs: [, ...read], outputGrad: dy, attributes: { gradients } }) => [
    null,
    ...gradients(read, dy).map((gradient) => gradient ?? null),
  ],
});

/**
 * Computes y = compute(...inputs) so that the gradients need none of its intermediate values (Chen et al. 2016): the
 * backward pass computes them again from the inputs, just before it uses them. It takes the time of one more forward pass,
 * and the memory of the intermediate values of one computation instead of all. The gradients are the same, those of
 * variables and other tensors that `compute` uses included: random numbers are drawn again with their keys. Exact.
 *
 * @throws TesseraError if `compute` is no function from tensors to a tensor.
 */
export function checkpoint<const Inputs extends readonly Tensor[]>(
  compute: (...inputs: Inputs) => Tensor,
  ...inputs: Inputs
): Tensor {
  expectValue('checkpoint', 'the computation', compute, callable);
  checkTensors('checkpoint', inputs);
  // Where an alias is read, the graph of the computation begins.
  const own = inputs.map((input) => (afterOp as (x: Tensor) => Tensor)(input));
  const y = compute(...(own as unknown as Inputs));
  if (!isTensor(y)) throw new TesseraError(`checkpoint: the computation must return a tensor, got ${shown(y)}`);
  const { nodes, outside } = graphOf(y, own);
  if (nodes.length === 0) return y;
  const after = afterOp as (...tensors: Tensor[]) => Tensor;
  const gradients: CheckpointAttributes['gradients'] = (read, dy) => {
    const again = read.map((tensor) => after(tensor, dy));
    const values = new Map<object, Tensor[]>();
    const place = ({ source, index }: Node, value: Tensor): void => {
      const outputs = values.get(source) ?? [];
      outputs[index] = value;
      values.set(source, outputs);
    };
    for (const [index, tensor] of [...own, ...outside].entries()) place(tensor, again[index]);
    const valueOf = (tensor: Node): Tensor => values.get(tensor.source)?.[tensor.index] ?? tensorOf(tensor);
    for (const node of nodes) values.set(node, repeated(node, node.inputs.map(valueOf)));
    const found = vectorJacobian(valueOf(y), dy, again);
    // What is passed on waits for the gradients of variables, so that nothing is kept for these.
    const all = found.filter((gradient) => gradient !== undefined);
    return found.map((gradient, index) =>
      gradient === undefined || index >= inputs.length ? gradient : after(gradient, ...all),
    );
  };
  return (checkpointOp as (...given: unknown[]) => Tensor)(y, ...inputs, ...outside, { gradients });
}

/**
 * The nodes that compute y from tensors, inputs before those that use them, and the values that these nodes read from
 * elsewhere and that may have gradients.
 */
function graphOf(y: Tensor, from: readonly Tensor[]): { nodes: OpNode[]; outside: Tensor[] } {
  const depends = new Map<object, boolean>(from.map(({ source }) => [source, true]));
  const nodes: OpNode[] = [];
  const stack: { node: OpNode; next: number }[] = [];
  const visit = ({ source }: Node): void => {
    if (source.kind === 'op' && !depends.has(source)) {
      depends.set(source, false);
      stack.push({ node: source, next: 0 });
    }
  };
  visit(y);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { node } = frame;
    if (frame.next < node.inputs.length) {
      visit(node.inputs[frame.next++]);
    } else {
      stack.pop();
      if (!node.inputs.some(({ source }) => depends.get(source))) continue;
      depends.set(node, true);
      nodes.push(node);
    }
  }
  const outside = new Map<string | object, Map<number, Tensor>>();
  for (const input of nodes.flatMap(({ inputs }) => inputs)) {
    const { source, index } = input;
    if (depends.get(source) || source.kind === 'number') continue;
    const outputs = outside.get(source) ?? new Map<number, Tensor>();
    outside.set(source, outputs.set(index, tensorOf(input)));
  }
  return { nodes, outside: [...outside.values()].flatMap((outputs) => [...outputs.values()]) };
}
