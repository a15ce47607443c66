import { TesseraError } from '../../gpu/errors.js';
import { identity } from '../../kernels/elementwise/table.js';
import { concatLaunches, padLaunches, permuteLaunches, type Steps, sliceLaunches } from '../../launch/movement.js';
import { type Shape, sizeOf } from '../../launch/shape.js';
import { broadcastShapes, checkShape, formatShape, normalizeAxis, sameShape } from '../graph/shape.js';
import { expectValue, integer, listOf, nonNegativeInteger, shown } from '../options.js';
import type { Tensor } from '../tensor.js';
import { checkHolds, expectTensor, expectTensors } from './checks.js';
import { defineOp, type Op } from './define.js';

/** Computes `reshape` for a shape without -1. */
export const reshapeOp = defineOp({
  name: 'reshape',
  inputs: ['x'],
  alias: true,
  shape: ([x], { shape }: { shape: Shape }) => {
    if (sizeOf(shape) !== x.size) {
      throw new TesseraError(
        `reshape: ${formatShape(x.shape)} has ${x.size} elements, ${formatShape(shape)} needs ${sizeOf(shape)}`,
      );
    }
    return shape;
  },
  vjp: ({ inputs: [x], outputGrad: dy }) => [reshape(dy, x.shape)],
});

/**
 * Gives the elements another shape, without a copy. One size may be -1: it is inferred from the others. Exact.
 * @throws TesseraError if the number of elements differs, or a size cannot be inferred.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const sizes = inferSize(x, shape);
  return sameShape(sizes, x.shape) ? x : reshapeOp(x, { shape: sizes });
}

/** Replaces a size of -1 by the one that the other axes imply. */
function inferSize(x: Tensor, shape: Shape): Shape {
  expectTensor('reshape', 'x', x);
  if (!Array.isArray(shape)) throw new TesseraError(`reshape: expected a shape such as [2, -1], got ${shape}`);
  const open = shape.filter((size) => size === -1).length;
  if (open > 1) throw new TesseraError(`reshape: at most one size may be -1, got ${formatShape(shape)}`);
  const known = shape.filter((size) => size !== -1);
  checkShape('reshape', known);
  if (open === 0) return [...shape];
  const inferred = x.size / sizeOf(known);
  if (!Number.isInteger(inferred))
    throw new TesseraError(`reshape: ${x.size} elements of ${formatShape(x.shape)} do not fill ${formatShape(shape)}`);
  return shape.map((size) => (size === -1 ? inferred : size));
}

/** Computes `permute` for non-negative axes. */
export const permuteOp = defineOp({
  name: 'permute',
  inputs: ['x'],
  acceptsF16: true,
  shape: ([x], { order }: { order: readonly number[] }) => {
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== x.rank || sorted.some((axis, index) => axis !== index)) {
      throw new TesseraError(
        `permute: expected each axis of ${formatShape(x.shape)} once, got order [${order.join(', ')}]`,
      );
    }
    return order.map((axis) => x.shape[axis]);
  },
  dispatch: ([x], [y], context) => permuteLaunches(x, y, context.attributes.order, context),
  vjp: ({ outputGrad: dy, attributes: { order } }) => [
    permute(
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
});

/**
 * Permutes the axes: axis d of the output is axis order[d] of x. Nothing is copied where only axes of size 1 move. Exact.
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  expectTensor('permute', 'x', x);
  expectValue('permute', 'order', order, listOf(integer));
  const axes = order.map((axis) => normalizeAxis('permute', axis, x.rank));
  const moved = axes.filter((axis) => x.shape[axis] !== 1);
  const isInPlace = moved.every((axis, at) => at === 0 || axis > moved[at - 1]) && new Set(axes).size === x.rank;
  if (isInPlace && axes.length === x.rank) return reshapeOp(x, { shape: axes.map((axis) => x.shape[axis]) });
  return permuteOp(x, { order: axes });
}

/** Swaps the last two axes. `matmul` reads a transposed operand in place; other ops read a copy. Exact. */
export function transpose(x: Tensor): Tensor {
  expectTensor('transpose', 'x', x);
  if (x.rank < 2) throw new TesseraError(`transpose: expected rank 2 or more, got ${formatShape(x.shape)}`);
  const axes = x.shape.map((_, axis) => axis);
  return permute(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

interface SliceAttributes extends Steps {
  readonly size: Shape;
}

/** Computes `slice` for given first indices, output shape and steps, which may be negative. */
export const sliceOp: Op<readonly ['x'], SliceAttributes> = defineOp({
  name: 'slice',
  inputs: ['x'],
  acceptsF16: true,
  shape: (_, { size }: SliceAttributes) => size,
  dispatch: ([x], [y], context) => sliceLaunches(x, y, context.attributes, context),
  vjp: ({ inputs: [x], outputGrad: dy, attributes: { begin, step } }) => [
    padOp(dy, { shape: x.shape, begin, step, value: 0 }),
  ],
});

/**
 * Takes x[begin:end:step] along each axis, as in NumPy: negative indices count from the end, indices out of range are
 * clamped, and missing axes are taken whole. A negative step goes backwards, by default from the last index, and stops
 * before `end`. Exact.
 *
 * @throws TesseraError if an index or a step is not an integer, a step is 0, or there are more indices than axes.
 */
export function slice(
  x: Tensor,
  begin: readonly number[],
  end: readonly number[] = [],
  step: readonly number[] = [],
): Tensor {
  expectTensor('slice', 'x', x);
  for (const [name, indices] of Object.entries({ begin, end, step }))
    expectValue('slice', name, indices, listOf(integer));
  const longest = Math.max(begin.length, end.length, step.length);
  if (longest > x.rank)
    throw new TesseraError(`slice: expected at most ${x.rank} indices for ${formatShape(x.shape)}, got ${longest}`);
  const by = x.shape.map((_, axis) => step[axis] ?? 1);
  if (![...begin, ...end, ...by].every(Number.isInteger) || by.includes(0)) {
    throw new TesseraError(
      `slice: expected integer indices and steps other than 0, got begin [${begin}], end [${end}], step [${step}]`,
    );
  }
  // Indices are clamped to [0, size] for positive steps, and to [-1, size - 1] for negative ones.
  const clamp = (at: number, size: number, back: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, -back), size - back);
  const from = x.shape.map((size, axis) => {
    const back = by[axis] < 0 ? 1 : 0;
    return begin[axis] === undefined ? back * (size - 1) : clamp(begin[axis], size, back);
  });
  const size = x.shape.map((full, axis) => {
    const back = by[axis] < 0 ? 1 : 0;
    const to = end[axis] === undefined ? (back === 1 ? -1 : full) : clamp(end[axis], full, back);
    return Math.max(0, Math.ceil((to - from[axis]) / by[axis]));
  });
  return sameShape(size, x.shape) && by.every((one) => one > 0) ? x : sliceOp(x, { begin: from, size, step: by });
}

interface PadAttributes extends Steps {
  readonly shape: Shape;
  readonly value: number;
}

/** Computes `pad` for a given output shape; a step above 1 spreads the elements. It is the adjoint of `sliceOp`. */
export const padOp: Op<readonly ['x'], PadAttributes> = defineOp({
  name: 'pad',
  inputs: ['x'],
  acceptsF16: true,
  numbers: ['value'],
  shape: (_, { shape }: PadAttributes) => shape,
  dispatch: ([x], [y], context) => padLaunches(x, y, context.attributes, context),
  vjp: ({ inputs: [x], outputGrad: dy, attributes: { begin, step } }) => [sliceOp(dy, { begin, size: x.shape, step })],
});

/** Computes `pad` with a number. */
export function padByValue(x: Tensor, widths: readonly (readonly [number, number])[], value: number): Tensor {
  checkWidths(x, widths);
  checkHolds('pad', value, x.dtype);
  const shape = x.shape.map((size, axis) => size + widths[axis][0] + widths[axis][1]);
  return padOp(x, { shape, begin: widths.map(([before]) => before), step: x.shape.map(() => 1), value });
}

/** @throws TesseraError if the widths of a border are not one pair of non-negative integers for each axis. */
export function checkWidths(x: Tensor, widths: readonly (readonly [number, number])[]): void {
  expectTensor('pad', 'x', x);
  const pair = listOf(nonNegativeInteger, 2);
  if (!Array.isArray(widths) || widths.length !== x.rank || !widths.every(pair.fits)) {
    throw new TesseraError(
      `pad: expected ${x.rank} pairs of non-negative integers for ${formatShape(x.shape)}, got ${shown(widths)}`,
    );
  }
}

/** Computes `concat` for a non-negative axis. */
export const concatOp = defineOp({
  name: 'concat',
  inputs: ['...tensors'],
  acceptsF16: true,
  shape: (tensors, { axis }: { axis: number }) => {
    const [first] = tensors;
    for (const other of tensors) {
      const fits =
        other.rank === first.rank && other.shape.every((size, at) => at === axis || size === first.shape[at]);
      if (!fits || other.dtype !== first.dtype) {
        throw new TesseraError(
          `concat: tensors must agree in dtype and all axes except ${axis}, got ${first.describe()} and ${other.describe()}`,
        );
      }
    }
    const total = tensors.reduce((sum, { shape }) => sum + shape[axis], 0);
    return first.shape.map((size, at) => (at === axis ? total : size));
  },
  dispatch: (inputs, [y], context) => concatLaunches(inputs, y, context.attributes.axis, context),
  vjp: ({ inputs, outputGrad: dy, attributes: { axis } }) => {
    let end = 0;
    return inputs.map(({ shape }) => {
      const begin = shape.map((_, at) => (at === axis ? end : 0));
      end += shape[axis];
      return sliceOp(dy, { begin, size: shape, step: shape.map(() => 1) });
    });
  },
});

/** Concatenates tensors along an axis, by default the first, as in NumPy; their other axes must agree. Exact. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  expectTensors('concat', tensors);
  return (concatOp as (...given: unknown[]) => Tensor)(...tensors, {
    axis: normalizeAxis('concat', axis, tensors[0].rank),
  });
}

/** Computes `broadcastTo` as an op. */
export const broadcastOp = defineOp({
  name: 'broadcast',
  inputs: ['x'],
  elementwise: identity,
  shape: ([x], { shape }: { shape: Shape }) => {
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, checkShape('broadcastTo', shape)), shape)) {
      throw new TesseraError(`broadcastTo: ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
    }
    return shape;
  },
  vjp: ({ outputGrad: dy }) => [dy],
});

/** Broadcasts x to a shape: repeats it along axes of size 1 and new leading axes. Exact. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  expectTensor('broadcastTo', 'x', x);
  checkShape('broadcastTo', shape);
  return sameShape(x.shape, shape) && x.source.kind !== 'number' ? x : broadcastOp(x, { shape: [...shape] });
}
