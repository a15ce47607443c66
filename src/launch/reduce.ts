import type { Kernel } from '../gpu/kernel.js';
import { argmaxColumns, type Reduction, reductions } from '../kernels/reduce/reduce.js';
import { rowsCpu } from '../kernels/reduce/rows-cpu.js';
import { type Launch, type LaunchContext, launch, type Value } from './launch.js';

export type { Reduction };

/** Beyond this many elements an axis is split into chunks, if the results alone are too few to keep a GPU busy. */
const LONG_AXIS = 1024;
const FEW_RESULTS = 4096;
/** Shorter axes are not worth a split. */
const SHORTEST_SPLIT = 256;
/** Longer axes are split however many results there are: one invocation's sum would lose digits. */
const LONGEST_AXIS = 4096;
/** How many invocations share a row that a workgroup reduces: each adds up that much less. */
const SHARED = 64;

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
  // What is fused into a kernel vec4 must come in vec4, too: then the last axis of its tensor does.
  const inVec4 = inner > 1 && x.shape[x.shape.length - 1] % 4 === 0 && inner % 4 === 0;
  const walksRows = device.software && inner === 1 && n % 4 === 0 && x.shape[x.shape.length - 1] % 4 === 0;
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
    const second = inVec4 && device.software ? columnsVec4 : columns;
    return [first, launch(second, { x: partial, y }, { outer, n: chunks, inner, chunks: 1, chunk_length: chunks })];
  };
  const split = isLarge || n > LONGEST_AXIS || (n > LONG_AXIS && outer * inner < FEW_RESULTS);
  const maySplit = isLarge || n >= SHORTEST_SPLIT;
  // A long sum of one invocation loses digits.
  const mayDo = (longest: number) => !split || (n <= longest && !isLarge);
  const variants = {
    ...(mayDo(LONG_AXIS) ? { columns: inOne(columns) } : {}),
    ...(inVec4 && mayDo(LONG_AXIS) ? { vec4: inOne(columnsVec4) } : {}),
    ...(inner === 1 && mayDo(SHARED * LONG_AXIS) ? { rows: inOne(rows) } : {}),
    ...(walksRows && y.shape[y.shape.length - 1] % 4 === 0 && n <= 4 * LONG_AXIS
      ? { software: inOne(rowsCpu[name]) }
      : {}),
    ...(maySplit ? { 'columns/split': inTwo(columns) } : {}),
    ...(maySplit && inVec4 ? { 'vec4/split': inTwo(columnsVec4) } : {}),
    ...(maySplit && inner === 1 ? { 'rows/split': inTwo(rows) } : {}),
    ...(maySplit && walksRows && (outer * chunks) % 4 === 0 ? { 'software/split': inTwo(rowsCpu[name]) } : {}),
  };
  const best = (suffix: string): string => {
    // A CPU walks a row faster than its workgroups reduce one.
    if (!device.software) return inner === 1 && n > 32 ? 'rows' : 'columns';
    return ['software', 'vec4'].find((way) => `${way}${suffix}` in variants) ?? 'columns';
  };
  return choose(name, { outer, n, inner }, variants, split ? `${best('/split')}/split` : best(''));
}

/** About √n, so that neither stage is long; in whole vec4, and if it can be so that the chunks are. */
function chunkLength(n: number): number {
  const shortest = 4 * Math.ceil(Math.max(64, Math.sqrt(n)) / 4);
  const lengths = Array.from({ length: 16 }, (_, more) => shortest + 4 * more);
  return lengths.find((length) => Math.ceil(n / length) % 4 === 0) ?? shortest;
}

/** The launch that finds the index of the maximum along the middle axis of x (outer, n, inner). */
export const argmaxLaunches = (x: Value, y: Value, size: { outer: number; n: number; inner: number }): Launch[] => [
  launch(argmaxColumns, { x, y }, size),
];
