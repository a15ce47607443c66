/** Sizes of the axes, outermost first; [] is a scalar. Memory is always contiguous, row-major. */
export type Shape = readonly number[];

/** How many elements a shape has. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** Row-major strides, in elements. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** A matrix's rows and columns: all axes in front of the last one taken together, and the last one. */
export function asRows(shape: Shape): { rows: number; cols: number } {
  return { rows: sizeOf(shape.slice(0, -1)), cols: shape.at(-1) ?? 1 };
}

/** Neighbouring axes [begin, end) of a shape. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** A shape as (outer, n, inner): the axes in front of a span, the span's own, and those behind it, each taken together. */
export function spanSizes(shape: Shape, { begin, end }: Span) {
  return { outer: sizeOf(shape.slice(0, begin)), n: sizeOf(shape.slice(begin, end)), inner: sizeOf(shape.slice(end)) };
}
