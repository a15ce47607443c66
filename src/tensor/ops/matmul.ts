import { TesseraError } from '../../gpu/errors.js';
import { matmulLaunches, matrixOf, type Transposes } from '../../launch/matmul.js';
import { sizeOf } from '../../launch/shape.js';
import { tensorOf } from '../factory.js';
import type { OpNode } from '../graph/graph.js';
import { broadcastShapes, formatShape, sameShape } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { expectFloats, expectRank, expectSameType, expectType } from './checks.js';
import { defineOp, type Op } from './define.js';
import { cast } from './elementwise.js';
import { broadcastTo, permuteOp, reshape } from './movement.js';

/** Computes the product of batches of matrices, each operand optionally transposed. */
export const matmulOp: Op<readonly ['a', 'b'], Transposes> = defineOp({
  name: 'matmul',
  inputs: ['a', 'b'],
  epilogue: true,
  acceptsF16: true,
  shape: ([a, b], { transposeA, transposeB }: Transposes) => ({
    shape: [...a.shape.slice(0, -2), matrixOf(a, transposeA)[0], matrixOf(b, transposeB)[1]],
    dtype: 'f32',
  }),
  dispatch: ([a, b], [c], context) => matmulLaunches(a, b, c, context.attributes, context),
  // For C = A·B, dA = dC·Bᵀ and dB = Aᵀ·dC. The gradient of a transposed operand is the transpose of that.
  vjp: ({ inputs: [a, b], outputGrad, attributes: { transposeA, transposeB } }) => {
    const dc = cast(outputGrad, a.dtype);
    return [
      transposeA
        ? matmulOp(b, dc, { transposeA: transposeB, transposeB: true })
        : matmulOp(dc, b, { transposeA: false, transposeB: !transposeB }),
      transposeB
        ? matmulOp(dc, a, { transposeA: true, transposeB: transposeA })
        : matmulOp(a, dc, { transposeA: !transposeA, transposeB: false }),
    ];
  },
});

/**
 * Computes the matrix product over the last two axes, as NumPy's matmul: (..., m, k) x (..., k, n) -> (..., m, n).
 * Leading axes broadcast. A vector is a row on the left and a column on the right, and its axis is removed from the
 * result. A transposed operand is read in place, without a copy. f16 operands accumulate in f32 and give f32.
 * Error ≤ 1e-6·Σ|terms|, or 2e-5·Σ|terms| for sums of thousands of terms of the same sign.
 *
 * @throws TesseraError if an operand is a scalar, the operands are not both f32 or both f16, or the inner dimensions
 * differ.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  for (const [name, operand] of Object.entries({ a, b })) {
    expectType('matmul', name, operand, 'f32', 'f16');
    if (operand.rank === 0)
      throw new TesseraError(`matmul: ${name} is a scalar; expected rank 1 or more, or use mul()`);
  }
  expectSameType('matmul', a, b);
  if (a.rank === 1) {
    const row = matmul(reshape(a, [1, a.size]), b);
    return reshape(row, b.rank === 1 ? [] : [...row.shape.slice(0, -2), row.shape[row.rank - 1]]);
  }
  if (b.rank === 1) {
    const column = matmul(a, reshape(b, [b.size, 1]));
    return reshape(column, column.shape.slice(0, -1));
  }
  const inner = [a.shape[a.rank - 1], b.shape[b.rank - 2]];
  if (inner[0] !== inner[1]) {
    throw new TesseraError(
      `matmul: inner dimensions differ: ${formatShape(a.shape)} x ${formatShape(b.shape)} (${inner.join(' vs ')})`,
    );
  }
  if (b.rank === 2 && a.rank > 2) {
    const rows = reshape(a, [sizeOf(a.shape.slice(0, -1)), a.shape[a.rank - 1]]);
    return reshape(matmul(rows, b), [...a.shape.slice(0, -1), b.shape[1]]);
  }
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = untransposed(broadcastFront(a, lead));
  const right = untransposed(broadcastFront(b, lead));
  return matmulOp(left.tensor, right.tensor, { transposeA: left.transposed, transposeB: right.transposed });
}

/** Computes y = x·W + b in one dispatch: x (..., in), W (in, out), b (out) -> (..., out). Error ≤ 1e-6·Σ|terms|. */
export function linear(x: Tensor, w: Tensor, b?: Tensor): Tensor {
  expectType('linear', 'x', x, 'f32', 'f16');
  expectRank('linear', 'w', w, 2, 'in, out');
  expectSameType('linear', x, w);
  if (x.shape.at(-1) !== w.shape[0])
    throw new TesseraError(
      `linear: the last axis of x ${formatShape(x.shape)} must have the ${w.shape[0]} features of w ${formatShape(w.shape)}`,
    );
  if (b === undefined) return matmul(x, w);
  expectFloats('linear', 'b', b, [w.shape[1]]);
  return matmul(x, w).add(b);
}

/** Computes the outer product of two vectors, y[i,j] = a[i]·b[j]: a (m), b (n) -> (m, n). Error ≤ 5e-7·|y|. */
export function outer(a: Tensor, b: Tensor): Tensor {
  expectRank('outer', 'a', a, 1, 'm');
  expectRank('outer', 'b', b, 1, 'n');
  for (const [name, vector] of Object.entries({ a, b })) expectType('outer', name, vector, 'f32');
  return reshape(a, [a.size, 1]).mul(b);
}

const broadcastFront = (x: Tensor, lead: readonly number[]): Tensor =>
  sameShape(x.shape.slice(0, -2), lead) ? x : broadcastTo(x, [...lead, ...x.shape.slice(-2)]);

/** Replaces a transpose by its input and a flag, as the product reads transposed operands in place. */
function untransposed(x: Tensor): { tensor: Tensor; transposed: boolean } {
  const node = x.source as OpNode;
  if (node.kind !== 'op' || node.op !== permuteOp.definition) return { tensor: x, transposed: false };
  const order = node.attributes.order as readonly number[];
  const last = order.length - 1;
  const swaps = order.every((axis, at) => axis === (at === last ? last - 1 : at === last - 1 ? last : at));
  return swaps ? { tensor: tensorOf(node.inputs[0]), transposed: true } : { tensor: x, transposed: false };
}
