import type { HostArray } from '../gpu/device.js';
import { type Shape, sizeOf } from '../launch/shape.js';
import type { DType } from './graph/graph.js';

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
/** The longest line of values. */
const LINE = 75;

/**
 * Formats values as `[[1, 2], [3, 4]]`, with four significant digits and long axes abbreviated as in NumPy. What does
 * not fit on a line begins on a new one, and has a line for each row.
 */
export function formatValues(values: HostArray, shape: Shape, dtype: DType): string {
  const isLong = values.length > SUMMARIZE;
  const format = dtype === 'bool' ? (value: number) => `${value !== 0}` : formatNumber;
  const write = (
    part: HostArray,
    [size, ...rest]: Shape,
    separate: (items: string[], depth: number) => string,
  ): string => {
    const step = sizeOf(rest);
    const at = (index: number): string => {
      const inner = part.subarray(index * step, (index + 1) * step);
      return rest.length === 0 ? format(inner[0]) : write(inner, rest, separate);
    };
    const isCut = isLong && size > 2 * EDGE;
    const shown = Array.from({ length: isCut ? 2 * EDGE : size }, (_, index) => index);
    const items = shown.map((index) => at(isCut && index >= EDGE ? size - 2 * EDGE + index : index));
    if (isCut) items.splice(EDGE, 0, '...');
    return `[${separate(items, shape.length - rest.length)}]`;
  };
  if (shape.length === 0) return ` ${format(values[0])}`;
  const line = write(values, shape, (items) => items.join(', '));
  if (line.length <= LINE) return ` ${line}`;
  const separate = (items: string[], depth: number) =>
    depth === shape.length ? wrapped(items, depth) : items.join(`,\n${' '.repeat(depth)}`);
  return `\n${write(values, shape, separate)}`;
}

/** Joins numbers into lines of at most LINE characters, all but the first of which are indented. */
function wrapped(items: readonly string[], indent: number): string {
  const lines = [''];
  for (const [index, item] of items.entries()) {
    const text = index < items.length - 1 ? `${item},` : item;
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = text;
    else if (indent + lines[last].length + 1 + text.length <= LINE) lines[last] += ` ${text}`;
    else lines.push(text);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

const formatNumber = (value: number): string =>
  Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(4))}`;
