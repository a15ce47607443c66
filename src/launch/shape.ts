/** The sizes of the axes, outermost first; [] is a scalar. Memory is always contiguous and row-major. */
export type Shape = readonly number[];

/** The number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** The row-major strides of a shape, in elements. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** A shape as a matrix: all axes but the last are flattened into rows. */
export function flattenRows(shape: Shape): { rows: number; cols: number } {
  return { rows: sizeOf(shape.slice(0, -1)), cols: shape.at(-1) ?? 1 };
}

/** Adjacent axes [begin, end) of a shape. */
export interface AxisSpan {
  readonly begin: number;
  readonly end: number;
}

/** A shape as (outer, n, inner): the axes before a span, its own and those after it, each flattened into one. */
export function spanSizes(shape: Shape, { begin, end }: AxisSpan) {
  return { outer: sizeOf(shape.slice(0, begin)), n: sizeOf(shape.slice(begin, end)), inner: sizeOf(shape.slice(end)) };
}
