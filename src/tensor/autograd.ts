import { TesseraError } from '../gpu/errors.js';
import type { Shape } from '../launch/shape.js';
import { scalar } from './create.js';
import { tensorOf } from './factory.js';
import type { Node, OpNode } from './graph/graph.js';
import { checkTensors } from './graph/graph.js';
import { formatShape, sameShape } from './graph/shape.js';
import { add, multiply } from './ops/elementwise.js';
import { broadcastTo, reshape, reshapeOp } from './ops/movement.js';
import { sum } from './ops/reduce.js';
import type { Tensor } from './tensor.js';

/**
 * Computes the gradients of a scalar with respect to tensors: ∂loss/∂x for each x, of x's shape. Gradients are graphs
 * themselves and can be differentiated again, except where they come from a fused kernel without a second derivative.
 *
 * @throws TesseraError if the loss is not a scalar of f32, or does not depend on one of the tensors, or only through
 * an op without a gradient.
 */
export function grad<const Tensors extends readonly Tensor[]>(
  loss: Tensor,
  tensors: Tensors,
): { -readonly [Index in keyof Tensors]: Tensor } {
  const gradients = gradOrNone(loss, tensors).map((gradient, index) => {
    if (gradient !== undefined) return gradient;
    const given = tensors[index].current();
    const name = given.source.kind === 'variable' ? `'${given.source.variable.name}'` : `tensor ${index}`;
    throw new TesseraError(
      `grad: the loss does not depend on ${name} (${given.describe()}), or only through ops without a gradient; leave it out`,
    );
  });
  return gradients as { -readonly [Index in keyof Tensors]: Tensor };
}

/** Does the same as `grad`, but returns undefined for a tensor that the loss does not depend on. */
export function gradOrNone(loss: Tensor, tensors: readonly Tensor[]): (Tensor | undefined)[] {
  checkTensors('grad', [loss]);
  checkTensors('grad', tensors);
  if (loss.size !== 1 || loss.dtype !== 'f32') {
    throw new TesseraError(
      `grad: expected a loss of one f32 element, got ${loss.describe()}; reduce it with mean() or sum()`,
    );
  }
  return vectorJacobian(loss, broadcastTo(scalar(1), loss.shape), tensors);
}

/** Computes the vector-Jacobian products Σ dy·∂y/∂x for each x; undefined for one that y does not depend on. */
export function vectorJacobian(y: Tensor, dy: Tensor, tensors: readonly Tensor[]): (Tensor | undefined)[] {
  const wanted = tensors.map((tensor) => tensor.current());
  const target = y.current();
  const nodes = nodesBetween(target, wanted);
  const grads = new Gradients();
  grads.add(target, dy);
  const onPath = new Set<object>([...nodes, ...wanted.map((tensor) => tensor.source)]);
  for (const node of nodes.reverse()) backward(node, grads, onPath);
  return wanted.map((tensor) => grads.of(tensor));
}

/**
 * Computes the vector-Jacobian product of a formula made of ops. It is the gradient of an op whose fused kernel
 * computes the same formula; for a backward kernel it gives the second derivative.
 */
export function gradientsOf(
  formula: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  outputGrad: Tensor,
): Tensor[] {
  // Inputs may depend on each other: fresh aliases of them keep differentiation within the formula.
  const own = inputs.map((input) => reshapeOp(input, { shape: input.shape }));
  return grad(sum(multiply(formula(...own), outputGrad)), own);
}

/** Accumulates gradients for each tensor. */
class Gradients {
  readonly #bySource = new Map<object, (Tensor | undefined)[]>();

  of(tensor: Node): Tensor | undefined {
    return this.#bySource.get(tensor.source)?.[tensor.index];
  }

  add(tensor: Node, gradient: Tensor): void {
    const list = this.#bySource.get(tensor.source) ?? [];
    this.#bySource.set(tensor.source, list);
    const before = list[tensor.index];
    list[tensor.index] = before === undefined ? gradient : add(before, gradient);
  }
}

/** Returns the nodes on paths from the wanted tensors to the loss, in topological order. */
function nodesBetween(loss: Tensor, wanted: readonly Tensor[]): OpNode[] {
  const sources = new Set<object>(wanted.map((tensor) => tensor.source));
  const reaches = new Map<object, boolean>();
  const order: OpNode[] = [];
  const stack: { tensor: Node; opened: boolean }[] = [{ tensor: loss, opened: false }];
  while (stack.length > 0) {
    const frame = stack[stack.length - 1];
    const { source } = frame.tensor;
    if (reaches.has(source) || source.kind !== 'op') {
      if (source.kind !== 'op') reaches.set(source, sources.has(source));
      stack.pop();
    } else if (!frame.opened) {
      frame.opened = true;
      for (const input of source.inputs) stack.push({ tensor: input, opened: false });
    } else {
      stack.pop();
      const below = source.inputs.some((input) => reaches.get(input.source));
      reaches.set(source, below || sources.has(source));
      if (below) order.push(source);
    }
  }
  return order;
}

function backward(node: OpNode, grads: Gradients, onPath: ReadonlySet<object>): void {
  const outputGrads = node.tensors.map((tensor) => grads.of(tensor));
  if (outputGrads.every((gradient) => gradient === undefined)) return;
  const { vjp, name } = node.op;
  if (typeof vjp === 'string') {
    throw new TesseraError(`grad: '${name}' has no gradient (${vjp}); use stopGradient() if none is wanted`);
  }
  const gradients = vjp({
    inputs: node.inputs,
    outputs: node.tensors,
    output: node.tensors[0],
    outputGrads,
    // It is undefined only for ops of several outputs, whose rules read outputGrads instead.
    outputGrad: outputGrads[0] as Tensor,
    attributes: node.attributes,
  });
  node.inputs.forEach((input, index) => {
    const gradient = gradients[index];
    if (gradient === null || gradient === undefined) return;
    if (onPath.has(input.source)) grads.add(input, sumTo(tensorOf(gradient), input.shape, name));
  });
}

/** Sums a gradient over the axes along which its tensor was broadcast. */
function sumTo(gradient: Tensor, shape: Shape, op: string): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  if (lead < 0 || axes.length === 0) {
    throw new TesseraError(`grad: '${op}' gave a gradient of ${formatShape(gradient.shape)} for ${formatShape(shape)}`);
  }
  return reshape(sum(gradient, axes), shape);
}
