import type { HostArray } from '../gpu/device.js';
import { type Shape, sizeOf } from '../launch/shape.js';

/** Values as arrays nested once for each axis; a number for a scalar. */
export type NestedNumbers = number | NestedNumbers[];

/** Converts row-major values to nested arrays of a shape. */
export function nest(values: HostArray, shape: Shape): NestedNumbers {
  if (shape.length === 0) return values[0];
  const [size, ...rest] = shape;
  const step = sizeOf(rest);
  return Array.from({ length: size }, (_, index) => nest(values.subarray(index * step, (index + 1) * step), rest));
}

/** In tensors of more than SUMMARIZE elements, long axes are abbreviated to their first and last EDGE elements. */
const EDGE = 3;
const SUMMARIZE = 1000;

/** Formats values as `[[1, 2], [3, 4]]`, with four significant digits and long axes abbreviated as in NumPy. */
export function formatValues(values: HostArray, shape: Shape): string {
  const isLong = values.length > SUMMARIZE;
  const write = (part: HostArray, [size, ...rest]: Shape): string => {
    if (size === undefined) return formatNumber(part[0]);
    const step = sizeOf(rest);
    const at = (index: number): string => write(part.subarray(index * step, (index + 1) * step), rest);
    const all = Array.from({ length: isLong ? Math.min(size, 2 * EDGE) : size }, (_, index) => index);
    if (all.length === size) return `[${all.map(at).join(', ')}]`;
    const first = all.slice(0, EDGE).map(at);
    const last = all.slice(0, EDGE).map((index) => at(size - EDGE + index));
    return `[${[...first, '...', ...last].join(', ')}]`;
  };
  return write(values, shape);
}

const formatNumber = (value: number): string =>
  Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(4))}`;
