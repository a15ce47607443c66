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
export function foldRows(shape: Shape): { rows: number; cols: number } {
  return { rows: sizeOf(shape.slice(0, -1)), cols: shape.at(-1) ?? 1 };
}
