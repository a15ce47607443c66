import { type DeviceLimits, type ElementType, exceedsBinding } from '../gpu/device.js';
import type { Kernel } from '../gpu/kernel.js';
import { type ConvSizes, conv2dF16, conv2dRegister, pixels } from '../kernels/conv/conv2d.js';
import { depthwiseConv2d } from '../kernels/conv/depthwise.js';
import { groupedConv2d } from '../kernels/conv/grouped.js';
import { conv2dSubgroup } from '../kernels/conv/subgroup.js';
import { type Launch, type LaunchContext, launch, type Value, type Variants } from './launch.js';
import { reduceLaunches } from './reduce.js';
import type { Shape } from './shape.js';

/** The stride, padding, dilation and groups of a convolution. */
export interface ConvGeometry {
  readonly stride: readonly [number, number];
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

/** The geometry of a convolution, and the shapes of its three tensors, whichever of them is the result. */
interface Conv extends ConvGeometry {
  readonly input: Shape;
  readonly filter: Shape;
  readonly output: Shape;
}

function sizesOf({ input, filter, output, stride, padding, dilation, groups }: Conv): ConvSizes & { groups: number } {
  const [batch, in_height, in_width, in_channels] = input;
  const [kernel_height, kernel_width, , out_channels] = filter;
  const [, out_height, out_width] = output;
  return {
    batch,
    in_height,
    in_width,
    in_channels,
    kernel_height,
    kernel_width,
    out_height,
    out_width,
    out_channels,
    stride_height: stride[0],
    stride_width: stride[1],
    dilation_height: dilation[0],
    dilation_width: dilation[1],
    groups,
    pad_top: padding[0][0],
    pad_left: padding[1][0],
    chunks: 1,
    chunk_length: batch * out_height,
  };
}

/** The uniforms of a convolution's kernel; only grouped kernels take the number of groups. */
function sizesFor(conv: Conv): ConvSizes {
  const { groups, ...rest } = sizesOf(conv);
  return groups === 1 ? rest : ({ ...rest, groups } as ConvSizes);
}

type Direction = keyof typeof conv2dRegister;

/** The kernels that can compute a convolution, by name of the variant. */
function kernelsFor(
  { input, filter, groups }: Conv,
  direction: Direction,
  type: ElementType,
  limits: DeviceLimits,
): Readonly<Record<string, Kernel>> {
  if (type === 'f16') return { register: conv2dF16[direction] };
  if (groups !== 1) {
    const isDepthwise = groups === input[3] && groups === filter[3] && groups % 4 === 0;
    return { grouped: groupedConv2d[direction], ...(isDepthwise && { depthwise: depthwiseConv2d[direction] }) };
  }
  const channels = [filter[3], ...(direction === 'inputBackward' ? [input[3]] : [])];
  const subgroup = conv2dSubgroup[direction];
  const fits = limits.subgroupLanes >= subgroup.subgroupLanes && channels.every((count) => count % 4 === 0);
  return { register: conv2dRegister[direction], ...(fits ? { subgroup } : {}) };
}

/** Chooses among the kernels for a convolution and their `launchesOf`, whose names are appended to the kernels'. */
function chooseKernel(
  direction: Direction,
  conv: Conv,
  type: ElementType,
  { device, choose }: LaunchContext,
  launchesOf: (kernel: Kernel) => Variants,
): Launch[] {
  const kernels = kernelsFor(conv, direction, type, device.limits);
  const variants = Object.entries(kernels).flatMap(([name, kernel]) =>
    Object.entries(launchesOf(kernel)).map(([suffix, launches]) => [`${name}${suffix}`, launches] as const),
  );
  const { groups, ...s } = sizesOf(conv);
  const sizes = {
    pixels: pixels(s),
    in: s.in_channels,
    out: s.out_channels,
    window: s.kernel_height * s.kernel_width,
    stride: s.stride_height * s.stride_width,
    f16: type === 'f16',
    // Their kernels are others than those of convolutions of the same sizes without groups.
    grouped: groups > 1,
  };
  const defaultVariant = defaultFor(device.software, groups, kernels);
  return choose(`conv2d ${direction}`, sizes, Object.fromEntries(variants), defaultVariant);
}

/** The variant to run without measurements. */
function defaultFor(software: boolean, groups: number, kernels: Readonly<Record<string, Kernel>>): string {
  if (groups > 1) return 'depthwise' in kernels ? 'depthwise' : 'grouped';
  return software && 'subgroup' in kernels ? 'subgroup' : 'register';
}

/**
 * The largest divisor of a number up to a limit; the number itself if that divisor is less than a quarter of the limit.
 */
function largestDivisor(of: number, most: number): number {
  let divisor = most;
  while (of % divisor !== 0) divisor--;
  return divisor * 4 < Math.min(of, most) ? of : divisor;
}

/** Rows of pixels that one invocation of the filter's gradient sums: the default, and the alternatives to measure. */
const CHUNK_ROWS = 16;
const MEASURED_CHUNK_ROWS = [4, 64];
/** The most terms of a sum in one invocation; a longer one would lose precision. */
const MOST_TERMS = 2048;

/** Launches of y, the convolution of x with the filter w. */
export function conv2dLaunches(x: Value, w: Value, y: Value, geometry: ConvGeometry, context: LaunchContext): Launch[] {
  const conv = { input: x.shape, filter: w.shape, output: y.shape, ...geometry };
  return chooseKernel('forward', conv, x.dtype, context, (kernel) => ({
    '': () => [launch(kernel, { x, w, y }, sizesFor(conv))],
  }));
}

/** Launches of dx, the gradient of a convolution with respect to its input. */
export function conv2dInputBackwardLaunches(
  dy: Value,
  w: Value,
  dx: Value,
  geometry: ConvGeometry,
  context: LaunchContext,
): Launch[] {
  const conv = { input: dx.shape, filter: w.shape, output: dy.shape, ...geometry };
  return chooseKernel('inputBackward', conv, dy.dtype, context, (kernel) => ({
    '': () => [launch(kernel, { dy, w, dx }, sizesFor(conv))],
  }));
}

/** Launches of dw, the gradient of a convolution with respect to its filter, summed in chunks of rows of pixels. */
export function conv2dFilterBackwardLaunches(
  x: Value,
  dy: Value,
  dw: Value,
  geometry: ConvGeometry,
  context: LaunchContext,
): Launch[] {
  const conv = { input: x.shape, filter: dw.shape, output: dy.shape, ...geometry };
  const sizes = sizesFor(conv);
  const inChunks = (kernel: Kernel, chunk_length: number) => (): Launch[] => {
    const chunks = Math.max(1, Math.ceil(sizes.chunk_length / chunk_length));
    if (chunks === 1) return [launch(kernel, { x, dy, dw }, sizes)];
    const partial = context.temporary([chunks, dw.length]);
    return [
      launch(kernel, { x, dy, dw: partial }, { ...sizes, chunks, chunk_length }),
      ...reduceLaunches('sum', partial, dw, { outer: 1, n: chunks, inner: dw.length }, context),
    ];
  };
  // Operands larger than a binding are split between images, so the length of a chunk must divide the rows of an image.
  const isLarge = [x, dy].some(({ dtype, length }) => exceedsBinding(dtype, length, context.device.limits));
  if (isLarge) {
    const rows = largestDivisor(sizes.out_height, CHUNK_ROWS);
    return chooseKernel('filterBackward', conv, x.dtype, context, (kernel) => ({ '': inChunks(kernel, rows) }));
  }
  const measured = MEASURED_CHUNK_ROWS.filter(
    (rows) => sizes.chunk_length > Math.min(rows, CHUNK_ROWS) && rows * sizes.out_width <= MOST_TERMS,
  );
  return chooseKernel('filterBackward', conv, x.dtype, context, (kernel) => ({
    '': inChunks(kernel, CHUNK_ROWS),
    ...Object.fromEntries(measured.map((rows) => [`/${rows}`, inChunks(kernel, rows)])),
  }));
}
