import { fills } from '../kernels/movement.js';
import { fillsCpu } from '../kernels/movement-cpu.js';
import { copyRegion, type Region, whole } from './copy.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';
import { rowMajorStrides, type Shape } from './shape.js';

/** Along each axis the index to begin at, and the step to the next. */
export interface Steps {
  readonly begin: readonly number[];
  readonly step: readonly number[];
}

/** The region of a tensor that begins at some indices and takes every step-th element. */
function regionOf(shape: Shape, { begin, step }: Steps): Region {
  const strides = rowMajorStrides(shape);
  return {
    offset: begin.reduce((sum, at, axis) => sum + at * strides[axis], 0),
    strides: strides.map((stride, axis) => stride * step[axis]),
  };
}

type Context = Pick<LaunchContext, 'device'>;

/** Launches of y, x with its axes in another order. */
export function permuteLaunches(x: Value, y: Value, order: readonly number[], context: Context): Launch[] {
  const strides = rowMajorStrides(x.shape);
  const from = { offset: 0, strides: order.map((axis) => strides[axis]) };
  return copyRegion(context, x, y, y.shape, from, whole(y.shape));
}

/** Launches of y, the part of x that begins at some indices and takes every step-th element. */
export const sliceLaunches = (x: Value, y: Value, { begin, step }: Steps, context: Context): Launch[] =>
  copyRegion(context, x, y, y.shape, regionOf(x.shape, { begin, step }), whole(y.shape));

/** Launches of y: x in the part of it that begins at some indices and takes every step-th element, one value elsewhere. */
export const padLaunches = (x: Value, y: Value, { begin, step }: Steps, context: Context): Launch[] => [
  launch((context.device.software ? fillsCpu : fills)[y.dtype], { y }, { count: y.length }),
  ...copyRegion(context, x, y, x.shape, whole(x.shape), regionOf(y.shape, { begin, step })),
];

/** Launches of y, the inputs one after the other along an axis. */
export function concatLaunches(inputs: readonly Value[], y: Value, axis: number, context: Context): Launch[] {
  const strides = rowMajorStrides(y.shape);
  let begin = 0;
  return inputs.flatMap((x) => {
    const to = { offset: begin * strides[axis], strides };
    begin += x.shape[axis];
    return copyRegion(context, x, y, x.shape, whole(x.shape), to);
  });
}
