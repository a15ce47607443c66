import { TesseraError } from '../gpu/errors.js';
import { runLength } from '../gpu/kernel.js';
import { COPY_AXES, stridedCopies, stridedCopiesOfHalves } from '../kernels/movement.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { rowMajorStrides, type Shape, sizeOf } from './shape.js';

/** A walk through memory: where it begins, and how far apart neighbours along each axis are. */
export interface Region {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** The launch that copies x's region to y's, both of the given shape. */
export function copyRegion(
  { device }: Pick<LaunchContext, 'device'>,
  x: Value,
  y: Value,
  shape: Shape,
  from: Region,
  to: Region,
): Launch {
  const axes = mergeAxes(shape, from.strides, to.strides);
  if (axes.length > COPY_AXES) {
    throw new TesseraError(
      `copy: ${axes.length} separate axes are more than the ${COPY_AXES} that the kernel walks; reshape first`,
    );
  }
  while (axes.length < COPY_AXES) axes.unshift({ size: 1, from: 0, to: 0 });
  // Where rows are contiguous and everything else comes in fours, a four is the element.
  const last = axes.pop()!;
  const places = [last.size, from.offset, to.offset, ...axes.flatMap((axis) => [axis.from, axis.to])];
  const fours = last.from === 1 && last.to === 1 && places.every((place) => place % 4 === 0);
  const width = fours ? 4 : 1;
  const sizes: Record<string, number> = { x_offset: from.offset / width, y_offset: to.offset / width };
  axes.forEach((axis, index) => {
    if (index > 0) sizes[`size_${index}`] = axis.size;
    sizes[`x_stride_${index}`] = axis.from / width;
    sizes[`y_stride_${index}`] = axis.to / width;
  });
  const inner = { size_4: last.size / width, x_stride_4: last.from, y_stride_4: last.to };
  const copies = (x.dtype === 'f16' ? stridedCopiesOfHalves : stridedCopies)[runLength(device)];
  return launch(fours ? copies.fours : copies.ones, { x, y }, { count: sizeOf(shape) / width, ...sizes, ...inner });
}

/** Takes neighbouring axes together where both sides walk through them as through one. */
function mergeAxes(shape: Shape, from: readonly number[], to: readonly number[]) {
  const axes: { size: number; from: number; to: number }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const outer = axes.at(-1);
    if (outer !== undefined && outer.from === size * from[axis] && outer.to === size * to[axis]) {
      outer.size *= size;
      outer.from = from[axis];
      outer.to = to[axis];
    } else {
      axes.push({ size, from: from[axis], to: to[axis] });
    }
  });
  return axes;
}

export const whole = (shape: Shape): Region => ({ offset: 0, strides: rowMajorStrides(shape) });
