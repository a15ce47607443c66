import { shown, TesseraError } from '../../gpu/errors.js';
import type { Shape } from '../../launch/shape.js';

/** Formats a shape for messages: `[32, 128]`. */
export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** @throws TesseraError if this is no list of non-negative integers. */
export function checkShape(op: string, shape: Shape): Shape {
  if (!Array.isArray(shape)) throw new TesseraError(`${op}: expected a shape such as [2, 3], got ${shown(shape)}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new TesseraError(`${op}: a shape's sizes are non-negative integers, got ${shown(shape)}`);
  }
  return shape;
}

/**
 * An axis as a number from 0; negative axes count from the end.
 * @throws TesseraError if there is no such axis.
 */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const from0 = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || from0 < 0 || from0 >= rank) {
    throw new TesseraError(`${op}: axis ${axis} is out of range: expected ${-rank} to ${rank - 1} for rank ${rank}`);
  }
  return from0;
}

/** Several axes, sorted; undefined means all. @throws TesseraError if one is out of range or named twice. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === 'number' ? [axes] : axes;
  if (!Array.isArray(list)) throw new TesseraError(`${op}: expected an axis or a list of axes, got ${typeof axes}`);
  const from0 = list.map((axis) => normalizeAxis(op, axis, rank)).sort((a, b) => a - b);
  if (new Set(from0).size < from0.length)
    throw new TesseraError(`${op}: axes [${list.join(', ')}] name one axis twice`);
  return from0;
}

/**
 * The shape that two shapes broadcast to, by NumPy's rules: aligned at the end, an axis of size 1 is repeated.
 * @throws TesseraError naming the op and both shapes.
 */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    if (sizeA === sizeB || sizeB === 1) return sizeA;
    if (sizeA === 1) return sizeB;
    throw new TesseraError(
      `${op}: shapes do not broadcast: ${formatShape(a)} and ${formatShape(b)} differ in axis ${axis - rank} (${sizeA} vs ${sizeB}); expected equal sizes, or 1`,
    );
  });
}
