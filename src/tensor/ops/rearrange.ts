import { TesseraError } from '../../gpu/errors.js';
import { formatShape, normalizeAxes, normalizeAxis } from '../graph/shape.js';
import { expectValue, listOf, nonNegativeInteger, shown } from '../options.js';
import type { Tensor } from '../tensor.js';
import { expectTensor, expectTensors } from './checks.js';
import { broadcastTo, checkWidths, concat, padByValue, reshape } from './movement.js';

/*
 * Rearrangements composed of reshape, slice, concat and broadcastTo. Negative axes count from the end.
 */

/** Inserts an axis of size 1, which becomes the output's axis `axis`. Exact. */
export function expandDims(x: Tensor, axis: number): Tensor {
  expectTensor('expandDims', 'x', x);
  const at = normalizeAxis('expandDims', axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Removes axes of size 1: the given ones, or all. Exact. @throws TesseraError if a given axis has another size. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  expectTensor('squeeze', 'x', x);
  const wanted = normalizeAxes('squeeze', axes, x.rank);
  const odd = wanted.find((axis) => axes !== undefined && x.shape[axis] !== 1);
  if (odd !== undefined)
    throw new TesseraError(`squeeze: axis ${odd} of ${formatShape(x.shape)} has size ${x.shape[odd]}, expected 1`);
  return reshape(
    x,
    x.shape.filter((size, axis) => size !== 1 || !wanted.includes(axis)),
  );
}

/** Joins tensors of the same shape along a new axis. Exact. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  expectTensors('stack', tensors);
  const at = normalizeAxis('stack', axis, tensors[0].rank + 1);
  return concat(
    tensors.map((tensor) => expandDims(tensor, at)),
    at,
  );
}

/**
 * Splits x along an axis, into `parts` equal parts or into parts of the given sizes. Exact.
 * @throws TesseraError if the sizes of the parts do not add up to that of the axis.
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  expectTensor('split', 'x', x);
  const at = normalizeAxis('split', axis, x.rank);
  const size = x.shape[at];
  if (typeof parts === 'number' && !(Number.isInteger(parts) && parts > 0 && size % parts === 0))
    throw new TesseraError(`split: axis ${at} of ${formatShape(x.shape)} does not divide into ${parts} equal parts`);
  const sizes = typeof parts === 'number' ? Array.from({ length: parts }, () => size / parts) : parts;
  if (
    !Array.isArray(sizes) ||
    !sizes.every((one) => Number.isInteger(one) && one >= 0) ||
    sizes.reduce((sum, one) => sum + one, 0) !== size
  )
    throw new TesseraError(`split: sizes [${sizes}] do not add up to ${size}, axis ${at} of ${formatShape(x.shape)}`);
  let end = 0;
  return sizes.map((one) => {
    end += one;
    return part(x, at, end - one, end);
  });
}

/** Takes x[begin:end] along one axis. */
function part(x: Tensor, axis: number, begin: number, end: number): Tensor {
  const zeros = Array.from({ length: axis }, () => 0);
  return x.slice([...zeros, begin], [...x.shape.slice(0, axis), end]);
}

/** Reverses the order of elements along axes (all by default). Exact. */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  expectTensor('flip', 'x', x);
  const flipped = normalizeAxes('flip', axes, x.rank);
  return x.slice(
    [],
    [],
    x.shape.map((_, axis) => (flipped.includes(axis) ? -1 : 1)),
  );
}

/** Repeats x `counts[d]` times along each axis d, as NumPy's tile; shapes and counts align at the last axis. Exact. */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
  expectTensor('tile', 'x', x);
  expectValue('tile', 'counts', counts, listOf(nonNegativeInteger));
  const rank = Math.max(counts.length, x.rank);
  const sizes = [...Array.from({ length: rank - x.rank }, () => 1), ...x.shape];
  const times = [...Array.from({ length: rank - counts.length }, () => 1), ...counts];
  const beside = reshape(
    x,
    sizes.flatMap((size) => [1, size]),
  );
  return reshape(
    broadcastTo(
      beside,
      sizes.flatMap((size, axis) => [times[axis], size]),
    ),
    sizes.map((size, axis) => size * times[axis]),
  );
}

/** Shifts elements along an axis; those shifted beyond the end reappear at the start, as in NumPy's roll. Exact. */
export function roll(x: Tensor, shift: number, axis = 0): Tensor {
  expectTensor('roll', 'x', x);
  const at = normalizeAxis('roll', axis, x.rank);
  if (!Number.isInteger(shift)) throw new TesseraError(`roll: expected an integer shift, got ${shift}`);
  const size = x.shape[at];
  const by = size === 0 ? 0 : ((shift % size) + size) % size;
  return by === 0 ? x : concat([part(x, at, size - by, size), part(x, at, 0, size - by)], at);
}

/** What `pad` fills a border with: a number, or elements of the tensor. */
export type Border = number | 'edge' | 'reflect' | 'wrap';

/**
 * Pads x by widths [before, after] for each axis, as NumPy's pad: with a number (0 by default), or with its own
 * elements: 'edge' repeats the outermost element, 'reflect' mirrors without repeating it, 'wrap' continues
 * periodically. Exact.
 * @throws TesseraError if the widths are not one pair of non-negative integers for each axis, an axis has too few
 * elements for a border of that width, or the dtype cannot represent the number.
 */
export function pad(x: Tensor, widths: readonly (readonly [number, number])[], border: Border = 0): Tensor {
  if (typeof border === 'number') return padByValue(x, widths, border);
  if (!['edge', 'reflect', 'wrap'].includes(border))
    throw new TesseraError(`pad: border must be a number, 'edge', 'reflect' or 'wrap', got ${shown(border)}`);
  checkWidths(x, widths);
  return widths.reduce((y, [before, after], axis) => {
    const size = y.shape[axis];
    const most = border === 'edge' ? (size > 0 ? Number.POSITIVE_INFINITY : 0) : border === 'reflect' ? size - 1 : size;
    if (Math.max(before, after) > Math.max(0, most)) {
      throw new TesseraError(
        `pad: axis ${axis} of ${formatShape(x.shape)} is too short for a border of ${Math.max(before, after)} in mode '${border}'; expected at most ${most}`,
      );
    }
    const edges = (width: number, at: number): Tensor =>
      broadcastTo(
        part(y, axis, at, at + 1),
        y.shape.map((one, other) => (other === axis ? width : one)),
      );
    const [left, right] = {
      edge: () => [edges(before, 0), edges(after, size - 1)],
      reflect: () => [flip(part(y, axis, 1, 1 + before), axis), flip(part(y, axis, size - 1 - after, size - 1), axis)],
      wrap: () => [part(y, axis, size - before, size), part(y, axis, 0, after)],
    }[border]();
    const parts = [...(before > 0 ? [left] : []), y, ...(after > 0 ? [right] : [])];
    return parts.length === 1 ? y : concat(parts, axis);
  }, x);
}
