import type { HostTensor } from './workloads.js';

/** An array with its axes in another order: axis `order[i]` becomes axis i. */
export function permuted({ shape, data }: HostTensor, order: readonly number[]): HostTensor {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const newShape = order.map((axis) => shape[axis]);
  const newStrides = order.map((axis) => strides[axis]);
  const index = newShape.map(() => 0);
  let from = 0;
  const next = () => {
    const value = data[from];
    for (let axis = index.length - 1; axis >= 0; axis--) {
      from += newStrides[axis];
      index[axis]++;
      if (index[axis] < newShape[axis]) break;
      from -= newStrides[axis] * newShape[axis];
      index[axis] = 0;
    }
    return value;
  };
  const made = data instanceof Int32Array ? new Int32Array(data.length) : new Float32Array(data.length);
  for (let at = 0; at < made.length; at++) made[at] = next();
  return { shape: newShape, data: made };
}

/** Images from channels last to channels first, and back. */
export const CHANNELS_FIRST = [0, 3, 1, 2] as const;
export const CHANNELS_LAST = [0, 2, 3, 1] as const;
/** Kernels from (height, width, in, out) to (out, in, height, width), and back. */
export const OUT_FIRST = [3, 2, 0, 1] as const;
export const OUT_LAST = [2, 3, 1, 0] as const;

/** Two arrays side by side along the last axis are parts of equal width; puts such parts in another order. */
export function partsAlongLastAxis({ shape, data }: HostTensor, order: readonly number[]): HostTensor {
  const [columns, width] = [shape.at(-1)!, shape.at(-1)! / order.length];
  const made = new Float32Array(data.length);
  for (let at = 0; at < made.length; at++) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    made[at] = data[row * columns + order[Math.floor(column / width)] * width + (column % width)];
  }
  return { shape, data: made };
}

/** One of equal parts of the rows, such as a batch of a data set. */
export function partOfRows({ shape, data }: HostTensor, part: number, parts: number): HostTensor {
  const size = data.length / parts;
  return { shape: [shape[0] / parts, ...shape.slice(1)], data: data.slice(part * size, (part + 1) * size) };
}
