import { fills } from '../kernels/movement.js';
import { fillsCpu } from '../kernels/movement-cpu.js';
import { sliceUpdates } from '../kernels/slice-update.js';
import { contiguous, copyRegion, type Region } from './copy.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { rowMajorStrides, type Shape, sizeOf } from './shape.js';

/** The first index along each axis, and the step to the next; a step may be negative. */
export interface Steps {
  readonly begin: readonly number[];
  readonly step: readonly number[];
}

/** The region of a tensor that begins at the given indices and takes every step-th element. */
function regionOf(shape: Shape, { begin, step }: Steps): Region {
  const strides = rowMajorStrides(shape);
  return {
    offset: begin.reduce((sum, at, axis) => sum + at * strides[axis], 0),
    strides: strides.map((stride, axis) => stride * step[axis]),
  };
}

type Context = Pick<LaunchContext, 'device'>;

/** Launches of y, the permutation of x whose axis d is axis order[d] of x. */
export function permuteLaunches(x: Value, y: Value, order: readonly number[], context: Context): Launch[] {
  const strides = rowMajorStrides(x.shape);
  const from = { offset: 0, strides: order.map((axis) => strides[axis]) };
  return copyRegion(context, x, y, y.shape, from, contiguous(y.shape));
}

/** Launches of y, the slice of x that begins at the given indices and takes every step-th element. */
export const sliceLaunches = (x: Value, y: Value, { begin, step }: Steps, context: Context): Launch[] =>
  copyRegion(context, x, y, y.shape, regionOf(x.shape, { begin, step }), contiguous(y.shape));

/** Launches of y, which is x in the slice given by `begin` and `step`, and a constant elsewhere. */
export const padLaunches = (x: Value, y: Value, { begin, step }: Steps, context: Context): Launch[] => [
  launch((context.device.software ? fillsCpu : fills)[y.dtype], { y }, { count: y.length }),
  ...copyRegion(context, x, y, x.shape, contiguous(x.shape), regionOf(y.shape, { begin, step })),
];

/** Launches of y, the concatenation of the inputs along an axis. */
export function concatLaunches(inputs: readonly Value[], y: Value, axis: number, context: Context): Launch[] {
  const strides = rowMajorStrides(y.shape);
  let begin = 0;
  return inputs.flatMap((x) => {
    const to = { offset: begin * strides[axis], strides };
    begin += x.shape[axis];
    return copyRegion(context, x, y, x.shape, contiguous(x.shape), to);
  });
}

/**
 * The launch that writes values (batch, ..., rows, cols) over the rows of y (batch, ..., length, cols) that begin at
 * begin (batch).
 */
export function sliceUpdateLaunches(values: Value, begin: Value, y: Value): Launch[] {
  const [batch] = y.shape;
  const [length, cols] = y.shape.slice(-2);
  const sizes = {
    batch,
    inner: sizeOf(y.shape.slice(1, -2)),
    length,
    rows: values.shape[values.shape.length - 2],
    cols,
  };
  return [launch(cols % 4 === 0 ? sliceUpdates.vec4 : sliceUpdates.scalar, { values, begin, y }, sizes)];
}
