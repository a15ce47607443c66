import type { Kernel } from '../gpu/kernel.js';
import { argmaxColumns, type Reduction, reductions } from '../kernels/reduce/reduce.js';
import { rowsCpu } from '../kernels/reduce/rows-cpu.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';

export type { Reduction };

/** A longer axis is split into chunks if there are too few results to keep a GPU busy. */
const LONG_AXIS = 1024;
const FEW_RESULTS = 4096;
/** Shorter axes are never split. */
const SHORTEST_SPLIT = 256;
/** Longer axes are split however many results there are, because the sum of one invocation would lose precision. */
const LONGEST_AXIS = 4096;
/** Invocations of a workgroup that reduces one row. */
const ROW_THREADS = 64;

/** Launches that reduce x (outer, n, inner) to y (outer, inner); two where a long axis has few results. */
export function reduceLaunches(
  name: Reduction,
  x: Value,
  y: Value,
  size: { outer: number; n: number; inner: number },
  context: LaunchContext,
): Launch[] {
  const { device, temporary, choose } = context;
  const { outer, n, inner } = size;
  const { rows, columns, columnsVec4 } = reductions[name];
  // An expression fused into a vec4 kernel must be vectorized, too, which needs its last axis to be a multiple of 4.
  const fitsVec4 = inner > 1 && x.shape[x.shape.length - 1] % 4 === 0 && inner % 4 === 0;
  const fitsRowsCpu = device.software && inner === 1 && n % 4 === 0 && x.shape[x.shape.length - 1] % 4 === 0;
  const unsplit = (kernel: Kernel) => () => [launch(kernel, { x, y }, { ...size, chunks: 1, chunk_length: n })];
  // An x larger than a binding is read chunk by chunk.
  const isLarge = n > 1 && 4 * n * inner > device.limits.bindingBytes;
  const mostOfBinding = Math.max(1, Math.floor(device.limits.bindingBytes / (4 * inner)));
  const chunk_length = isLarge ? Math.min(chunkLength(n), mostOfBinding) : chunkLength(n);
  const chunks = Math.ceil(n / chunk_length);
  const inChunks = (kernel: Kernel) => () => {
    const partial = temporary([outer, chunks, inner]);
    const first = launch(kernel, { x, y: partial }, { ...size, chunks, chunk_length });
    // The partial results of a large x may be large, too.
    if (isLarge && chunks < n) return [first, ...reduceLaunches(name, partial, y, { ...size, n: chunks }, context)];
    const second = fitsVec4 && device.software ? columnsVec4 : columns;
    return [first, launch(second, { x: partial, y }, { outer, n: chunks, inner, chunks: 1, chunk_length: chunks })];
  };
  const split = isLarge || n > LONGEST_AXIS || (n > LONG_AXIS && outer * inner < FEW_RESULTS);
  const maySplit = isLarge || n >= SHORTEST_SPLIT;
  // A long sum in one invocation would lose precision.
  const mayBeWhole = (longest: number) => !split || (n <= longest && !isLarge);
  const variants = {
    ...(mayBeWhole(LONG_AXIS) ? { columns: unsplit(columns) } : {}),
    ...(fitsVec4 && mayBeWhole(LONG_AXIS) ? { vec4: unsplit(columnsVec4) } : {}),
    ...(inner === 1 && mayBeWhole(ROW_THREADS * LONG_AXIS) ? { rows: unsplit(rows) } : {}),
    ...(fitsRowsCpu && y.shape[y.shape.length - 1] % 4 === 0 && n <= 4 * LONG_AXIS
      ? { cpu: unsplit(rowsCpu[name]) }
      : {}),
    ...(maySplit ? { 'columns/split': inChunks(columns) } : {}),
    ...(maySplit && fitsVec4 ? { 'vec4/split': inChunks(columnsVec4) } : {}),
    ...(maySplit && inner === 1 ? { 'rows/split': inChunks(rows) } : {}),
    ...(maySplit && fitsRowsCpu && (outer * chunks) % 4 === 0 ? { 'cpu/split': inChunks(rowsCpu[name]) } : {}),
  };
  const best = (suffix: string): string => {
    // On a CPU one invocation reduces a row faster than a workgroup, which needs barriers.
    if (!device.software) return inner === 1 && n > 32 ? 'rows' : 'columns';
    return ['cpu', 'vec4'].find((way) => `${way}${suffix}` in variants) ?? 'columns';
  };
  return choose(name, { outer, n, inner }, variants, split ? `${best('/split')}/split` : best(''));
}

/** A multiple of 4 near √n, so that neither stage is long, and if possible one with a multiple of 4 chunks. */
function chunkLength(n: number): number {
  const shortest = 4 * Math.ceil(Math.max(64, Math.sqrt(n)) / 4);
  const lengths = Array.from({ length: 16 }, (_, more) => shortest + 4 * more);
  return lengths.find((length) => Math.ceil(n / length) % 4 === 0) ?? shortest;
}

/** The launch of y (outer, inner), the indices of the maxima along the middle axis of x (outer, n, inner). */
export const argmaxLaunches = (x: Value, y: Value, size: { outer: number; n: number; inner: number }): Launch[] => [
  launch(argmaxColumns, { x, y }, size),
];
