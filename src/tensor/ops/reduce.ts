import { TesseraError } from '../../gpu/errors.js';
import type { Kernel } from '../../gpu/kernel.js';
import { argmaxColumns, type Reduction, reductions } from '../../kernels/reduce/reduce.js';
import { type Launch, launch, type Value } from '../../launch/launch.js';
import { type Shape, sizeOf } from '../../launch/shape.js';
import { defineOp, expectType, type Op } from '../graph/define.js';
import type { DispatchContext, VjpContext } from '../graph/graph.js';
import { formatShape, normalizeAxes, normalizeAxis } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { broadcastTo, permute, reshape } from './movement.js';

/** One axis or several; left out, all. Negative axes count from the end. */
export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Leaves reduced axes in place, with size 1. */
  readonly keepDims?: boolean;
}

/** The reduced axes [begin, end) of a shape; they stand side by side. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Beyond this many elements an axis is cut into chunks, if the results alone are too few to keep a GPU busy. */
const LONG_AXIS = 1024;
const FEW_RESULTS = 4096;
/** Shorter axes are not worth a cut. */
const SHORTEST_CUT = 256;
/** How many invocations share a row where a workgroup folds it: each sums that much less. */
const FOLDED = 64;

/** Launches that reduce x (outer, n, inner) to y (outer, inner); two where a long axis has few results. */
export function reduceLaunches(
  name: Reduction,
  x: Value,
  y: Value,
  size: { outer: number; n: number; inner: number },
  context: Pick<DispatchContext, 'device' | 'temporary' | 'choose'>,
): Launch[] {
  const { device, temporary, choose } = context;
  const { outer, n, inner } = size;
  const { rows, columns, columnsFours, rowsSoftware } = reductions[name];
  // What is fused into a kernel by fours must come in fours, too: then the last axis of its tensor does.
  const inFours = inner > 1 && x.shape.at(-1)! % 4 === 0 && inner % 4 === 0;
  const walksRows = device.software && inner === 1 && n % 4 === 0 && x.shape.at(-1)! % 4 === 0;
  const inOne = (kernel: Kernel) => () => [launch(kernel, { x, y }, { ...size, chunks: 1, chunk_length: n })];
  // What is larger than a binding is read chunk by chunk.
  const isLarge = n > 1 && 4 * n * inner > device.limits.bindingBytes;
  const mostOfBinding = Math.max(1, Math.floor(device.limits.bindingBytes / (4 * inner)));
  const chunk_length = isLarge ? Math.min(chunkLength(n), mostOfBinding) : chunkLength(n);
  const chunks = Math.ceil(n / chunk_length);
  const inTwo = (kernel: Kernel) => () => {
    const partial = temporary([outer, chunks, inner]);
    const first = launch(kernel, { x, y: partial }, { ...size, chunks, chunk_length });
    // What is left of a large one may still be large.
    if (isLarge && chunks < n) return [first, ...reduceLaunches(name, partial, y, { ...size, n: chunks }, context)];
    const second = inFours && device.software ? columnsFours : columns;
    return [first, launch(second, { x: partial, y }, { outer, n: chunks, inner, chunks: 1, chunk_length: chunks })];
  };
  const cut = isLarge || (n > LONG_AXIS && outer * inner < FEW_RESULTS);
  const mayCut = isLarge || n >= SHORTEST_CUT;
  // A long sum of one invocation loses digits.
  const mayDo = (longest: number) => !cut || (n <= longest && !isLarge);
  const variants = {
    ...(mayDo(LONG_AXIS) ? { columns: inOne(columns) } : {}),
    ...(inFours && mayDo(LONG_AXIS) ? { fours: inOne(columnsFours) } : {}),
    ...(inner === 1 && mayDo(FOLDED * LONG_AXIS) ? { rows: inOne(rows) } : {}),
    ...(walksRows && y.shape.at(-1)! % 4 === 0 && n <= 4 * LONG_AXIS ? { software: inOne(rowsSoftware) } : {}),
    ...(mayCut ? { 'columns/cut': inTwo(columns) } : {}),
    ...(mayCut && inFours ? { 'fours/cut': inTwo(columnsFours) } : {}),
    ...(mayCut && inner === 1 ? { 'rows/cut': inTwo(rows) } : {}),
    ...(mayCut && walksRows && (outer * chunks) % 4 === 0 ? { 'software/cut': inTwo(rowsSoftware) } : {}),
  };
  const best = (suffix: string): string => {
    // A CPU walks a row faster than its workgroups fold one.
    if (!device.software) return inner === 1 && n > 32 ? 'rows' : 'columns';
    return ['software', 'fours'].find((way) => `${way}${suffix}` in variants) ?? 'columns';
  };
  return choose(name, { outer, n, inner }, variants, cut ? `${best('/cut')}/cut` : best(''));
}

/** About √n, so that neither stage is long; in whole fours, and if it can be so that the chunks are. */
function chunkLength(n: number): number {
  const shortest = 4 * Math.ceil(Math.max(64, Math.sqrt(n)) / 4);
  const lengths = Array.from({ length: 16 }, (_, more) => shortest + 4 * more);
  return lengths.find((length) => Math.ceil(n / length) % 4 === 0) ?? shortest;
}

export function spanSizes(shape: Shape, { begin, end }: Span) {
  return { outer: sizeOf(shape.slice(0, begin)), n: sizeOf(shape.slice(begin, end)), inner: sizeOf(shape.slice(end)) };
}

function defineReduction(
  name: Reduction,
  vjp: (context: Omit<VjpContext, 'attributes'> & { attributes: Span }) => Tensor[],
): Op<readonly ['x'], Span> {
  return defineOp<readonly ['x'], Span>({
    name,
    inputs: ['x'],
    prologue: true,
    epilogue: true,
    shape: ([x], { begin, end }) => {
      expectType(name, 'x', x, 'f32');
      if ((name === 'max' || name === 'min') && spanSizes(x.shape, { begin, end }).n === 0) {
        throw new TesseraError(`${name}: ${formatShape(x.shape)} has no element to choose along the reduced axes`);
      }
      return [...x.shape.slice(0, begin), ...x.shape.slice(end)];
    },
    dispatch: ([x], [y], context) => reduceLaunches(name, x, y, spanSizes(x.shape, context.attributes), context),
    vjp,
  });
}

/** A reduced tensor's shape with the reduced axes put back, as ones. */
const withOnes = (shape: Shape, { begin, end }: Span): Shape =>
  shape.map((size, axis) => (axis >= begin && axis < end ? 1 : size));

const spread = (y: Tensor, shape: Shape, span: Span): Tensor => broadcastTo(reshape(y, withOnes(shape, span)), shape);

/** `sum` over neighbouring axes. */
export const sumOp = defineReduction('sum', ({ inputs: [x], outputGrad: dy, attributes }) => [
  spread(dy, x.shape, attributes),
]);

/** The gradient of a factor is the product of the others, which is not y / x where a factor is 0. */
export const productOp: typeof sumOp = defineReduction('product', ({ inputs: [x], outputGrad: dy, attributes }) => {
  const isZero = x.equal(0);
  const zeros = spread(sumOp(isZero.cast('f32'), attributes), x.shape, attributes);
  const factors = where(isZero, 1, x);
  const product = spread(productOp(factors, attributes), x.shape, attributes);
  const others = where(zeros.equal(isZero.cast('f32')), product.div(factors), 0);
  return [spread(dy, x.shape, attributes).mul(others)];
});

/** The gradient goes to the chosen element; equals share it evenly. */
function chosenVjp({
  inputs: [x],
  output: y,
  outputGrad: dy,
  attributes,
}: Parameters<Parameters<typeof defineReduction>[1]>[0]): Tensor[] {
  const ones = withOnes(x.shape, attributes);
  const chosen = x.equal(reshape(y, ones)).cast('f32');
  const count = reshape(sumOp(chosen, attributes), ones);
  return [chosen.mul(reshape(dy, ones).div(count))];
}

/** `max` over neighbouring axes. */
export const maxOp = defineReduction('max', chosenVjp);
/** `min` over neighbouring axes. */
export const minOp = defineReduction('min', chosenVjp);

/** Brings the reduced axes side by side, reduces, and puts ones in their place where they are to be kept. */
function reduce(op: typeof sumOp, x: Tensor, axes: Axes | undefined, { keepDims = false }: ReduceOptions = {}): Tensor {
  const { name } = op.definition;
  const reduced = normalizeAxes(name, axes, x.rank);
  if (reduced.length === 0) return x;
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const contiguous = reduced.at(-1)! - reduced[0] === reduced.length - 1;
  const y = contiguous
    ? op(x, { begin: reduced[0], end: reduced.at(-1)! + 1 })
    : op(permute(x, [...kept, ...reduced]), { begin: kept.length, end: x.rank });
  return keepDims
    ? reshape(
        y,
        x.shape.map((size, axis) => (reduced.includes(axis) ? 1 : size)),
      )
    : y;
}

/** Sum over axes (all by default). The sum of nothing is 0. Error ≤ 1e-6·Σ|terms|. */
export const sum = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(sumOp, x, axes, options);

/** Product over axes (all by default). The product of nothing is 1. Error ≤ 4e-6·|y|. */
export const prod = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(productOp, x, axes, options);

/**
 * Arithmetic mean over axes (all by default). Error ≤ 1e-6·Σ|terms|. @throws TesseraError if there is nothing to
 * average.
 */
export function mean(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  const count = normalizeAxes('mean', axes, x.rank).reduce((product, axis) => product * x.shape[axis], 1);
  if (count === 0) throw new TesseraError(`mean: ${formatShape(x.shape)} has no element along the reduced axes`);
  return sum(x, axes, options).mul(1 / count);
}

/** Largest element over axes (all by default), NaN where one is. Exact. @throws TesseraError if there is none. */
export const max = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(maxOp, x, axes, options);
/** Smallest element over axes (all by default), NaN where one is. Exact. @throws TesseraError if there is none. */
export const min = (x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor => reduce(minOp, x, axes, options);

/** `argmax`, an axis from 0. */
export const argmaxOp = defineOp({
  name: 'argmax',
  inputs: ['x'],
  shape: ([x], { axis }: { axis: number }) => {
    expectType('argmax', 'x', x, 'f32');
    if (x.shape[axis] === 0)
      throw new TesseraError(`argmax: ${formatShape(x.shape)} has no element along axis ${axis}`);
    return { shape: x.shape.filter((_, at) => at !== axis), dtype: 'i32' };
  },
  dispatch: ([x], [y], { attributes: { axis } }) => [
    launch(argmaxColumns, { x: x, y: y }, spanSizes(x.shape, { begin: axis, end: axis + 1 })),
  ],
  vjp: 'its result is an index',
});

/** Index of the maximum along an axis, as i32: on ties the lowest, and the first NaN where there is one. Exact. */
export function argmax(x: Tensor, axis = -1, { keepDims = false }: ReduceOptions = {}): Tensor {
  const at = normalizeAxis('argmax', axis, x.rank);
  const index = argmaxOp(x, { axis: at });
  return keepDims
    ? reshape(
        index,
        x.shape.map((size, other) => (other === at ? 1 : size)),
      )
    : index;
}
