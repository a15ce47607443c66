import { TesseraError } from '../gpu/errors.js';
import type { Shape } from '../launch/shape.js';
import type { DType, Node, Source } from './graph/graph.js';
import type { Tensor } from './tensor.js';

/*
 * A tensor's methods are ops, and ops make tensors: one of the two must be loaded first. It is the ops; the class
 * introduces itself here when it is there.
 */
type TensorClass = new (source: Source, index: number, shape: Shape, dtype: DType) => Tensor;
let tensorClass: TensorClass | undefined;

/** Called once, by the module of the class. */
export function introduceTensor(given: TensorClass): void {
  tensorClass = given;
}

/** A new tensor. */
export function makeTensor(source: Source, index: number, shape: Shape, dtype: DType): Tensor {
  if (tensorClass === undefined)
    throw new TesseraError("ops need the class Tensor: import 'tessera-gpu' before its parts");
  return new tensorClass(source, index, shape, dtype);
}

/** A node as the tensor that it is: only `makeTensor` and the class itself make nodes. */
export function tensorOf(node: Node): Tensor {
  if (!isTensor(node)) throw new TesseraError(`expected a tensor, got ${node.describe()}`);
  return node;
}

export const isTensor = (value: unknown): value is Tensor => tensorClass !== undefined && value instanceof tensorClass;
