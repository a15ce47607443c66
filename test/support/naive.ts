/*
 * Arrays computed the slow and obvious way, index by index: what ops are compared with.
 */
export interface Naive {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** An array of the values at each index. */
export function naive(shape: readonly number[], value: (index: number[]) => number): Naive {
  const data = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    let rest = flat;
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return value(index);
  });
  return { shape, data };
}

/**
 * The element at an index. Where the array has an axis of size 1, or none, it serves all indices, as in broadcasting.
 */
export function at({ shape, data }: Naive, index: readonly number[]): number {
  let flat = 0;
  shape.forEach((size, axis) => {
    const position = index[axis + index.length - shape.length];
    flat = flat * size + (size === 1 ? 0 : position);
  });
  return data[flat];
}

/** For each index of the kept axes the values along the reduced ones, folded. */
export function reduceNaive(x: Naive, axes: readonly number[], fold: (values: number[]) => number): Naive {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const along = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  return naive(kept, (index) => {
    const values: number[] = [];
    naive(along, (inner) =>
      values.push(
        at(
          x,
          index.map((position, axis) => position + inner[axis]),
        ),
      ),
    );
    return fold(values);
  });
}

/** An index with one position exchanged. */
export const withPosition = (index: readonly number[], axis: number, position: number): number[] =>
  index.map((one, other) => (other === axis ? position : one));
