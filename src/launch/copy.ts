import { COPY_AXES, stridedCopies, stridedCopiesF16 } from '../kernels/movement.js';
import { stridedCopiesCpu, stridedCopiesF16Cpu } from '../kernels/movement-cpu.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { rowMajorStrides, type Shape } from './shape.js';

/** A strided region of memory: its offset, and its stride along each axis, in elements. */
export interface Region {
  readonly offset: number;
  readonly strides: readonly number[];
}

/**
 * Launches that copy a region of x to a region of y, both of the given shape. One launch covers up to COPY_AXES axes
 * after merging; with more, there is one for each index along the shortest of them.
 */
export function copyRegion(
  { device }: Pick<LaunchContext, 'device'>,
  x: Value,
  y: Value,
  shape: Shape,
  from: Region,
  to: Region,
): Launch[] {
  const axes = mergeAxes(shape, from.strides, to.strides);
  const walked = new Set([...axes].sort((a, b) => b.size - a.size).slice(0, COPY_AXES));
  let starts = [{ from: from.offset, to: to.offset }];
  for (const { size, ...stride } of axes.filter((axis) => !walked.has(axis)))
    starts = starts.flatMap((start) =>
      Array.from({ length: size }, (_, index) => ({
        from: start.from + index * stride.from,
        to: start.to + index * stride.to,
      })),
    );
  const inner = axes.filter((axis) => walked.has(axis));
  return starts.map((start) => copyAxes(device, x, y, inner, start));
}

/** The launch that copies along at most COPY_AXES axes, from the given offsets. */
function copyAxes(
  device: LaunchContext['device'],
  x: Value,
  y: Value,
  given: readonly CopyAxis[],
  start: { readonly from: number; readonly to: number },
): Launch {
  const count = given.reduce((product, { size }) => product * size, 1);
  const axes = [...given];
  while (axes.length < COPY_AXES) axes.unshift({ size: 1, from: 0, to: 0 });
  // Rows that are contiguous on both sides are copied as vec4 if sizes, offsets and strides are multiples of 4.
  const last = axes.pop() ?? { size: 1, from: 0, to: 0 };
  const multiples = [last.size, start.from, start.to, ...axes.flatMap((axis) => [axis.from, axis.to])];
  const vec4 = last.from === 1 && last.to === 1 && multiples.every((number) => number % 4 === 0);
  const width = vec4 ? 4 : 1;
  const sizes: Record<string, number> = { x_offset: start.from / width, y_offset: start.to / width };
  axes.forEach((axis, index) => {
    if (index > 0) sizes[`size_${index}`] = axis.size;
    sizes[`x_stride_${index}`] = axis.from / width;
    sizes[`y_stride_${index}`] = axis.to / width;
  });
  const inner = { size_4: last.size / width, x_stride_4: last.from, y_stride_4: last.to };
  const [f32, f16] = device.software ? [stridedCopiesCpu, stridedCopiesF16Cpu] : [stridedCopies, stridedCopiesF16];
  const copies = x.dtype === 'f16' ? f16 : f32;
  return launch(vec4 ? copies.vec4 : copies.scalar, { x, y }, { count: count / width, ...sizes, ...inner });
}

/** An axis of a copy: its size, and its stride on either side. */
interface CopyAxis {
  size: number;
  from: number;
  to: number;
}

/** Merges adjacent axes that are contiguous with each other on both sides. */
function mergeAxes(shape: Shape, from: readonly number[], to: readonly number[]): CopyAxis[] {
  const axes: CopyAxis[] = [];
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

/** The region of all elements of a contiguous tensor. */
export const contiguous = (shape: Shape): Region => ({ offset: 0, strides: rowMajorStrides(shape) });
