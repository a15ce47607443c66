import { exceedsBinding } from '../gpu/device.js';
import type { Kernel } from '../gpu/kernel.js';
import { chooseDirect } from '../kernels/matmul/direct-cpu.js';
import {
  type MatmulSizes,
  matmulF16,
  matmulNaive,
  matmulRegister,
  matmulTiled,
  type OperandType,
} from '../kernels/matmul/matmul.js';
import { chooseSubgroup } from '../kernels/matmul/subgroup.js';
import { chooseSubgroupMatrix } from '../kernels/matmul/subgroup-matrix.js';
import { chooseWide } from '../kernels/matmul/wide.js';
import { type Launch, type LaunchContext, launch, type Value, type Variants } from './launch.js';
import { reduceLaunches } from './reduce.js';
import { type Shape, sizeOf } from './shape.js';
import { largeProduct } from './split-matmul.js';

/** Which operands of a product are transposed in memory. */
export interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** The rows and columns of an operand after its transposition. */
export function matrixOf({ shape }: { readonly shape: Shape }, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** With fewer workgroups, a GPU is mostly idle, so a long k is split into chunks that a second launch sums. */
const ENOUGH_WORKGROUPS = 64;
/** A sum of more terms loses precision, so a longer k is split if the partial results are small beside the operands. */
const LONG_K = 2048;
const SHORTEST_CHUNK = 512;
/** The numbers of chunks to measure beside the default, and the least length of such a chunk. */
const CHUNKS = [1, 4, 16, 64, 256];
const SHORTEST_MEASURED_CHUNK = 64;
/** With this many workgroups any GPU is busy, and splitting k further gains nothing. */
const MOST_WORKGROUPS = 1024;

/** Launches of C = A·B over the last two axes; all leading axes are a batch and equal. */
export function matmulLaunches(
  a: Value,
  b: Value,
  c: Value,
  { transposeA, transposeB }: Transposes,
  context: LaunchContext,
): Launch[] {
  const { device, temporary } = context;
  const [m, k] = matrixOf(a, transposeA);
  const [, n] = matrixOf(b, transposeB);
  const batch = sizeOf(c.shape.slice(0, -2));
  const unsplit: MatmulSizes = {
    batch,
    m,
    n,
    k,
    chunks: 1,
    chunk_length: Math.max(1, k),
    a_batch: m * k,
    a_row: transposeA ? 1 : k,
    a_col: transposeA ? m : 1,
    b_batch: k * n,
    b_row: transposeB ? 1 : n,
    b_col: transposeB ? k : 1,
  };
  const product = (kernel: Kernel, chunks: number) => (): Launch[] => {
    if (chunks <= 1) return [launch(kernel, { a, b, c }, unsplit)];
    const chunk_length = Math.ceil(k / chunks / 4) * 4; // a multiple of 4, for the kernels that read vec4
    const split = { ...unsplit, chunk_length, chunks: Math.ceil(k / chunk_length) };
    const partial = temporary([batch, split.chunks, m, n]);
    return [
      launch(kernel, { a, b, c: partial }, split),
      ...reduceLaunches('sum', partial, c, { outer: batch, n: split.chunks, inner: m * n }, context),
    ];
  };

  const kernels = kernelsFor(unsplit, a.dtype as OperandType, device);
  const defaultKernel = defaultFor(unsplit, device, kernels);
  const workgroups = kernels[defaultKernel].workgroups(unsplit);
  const defaultChunks = chunksFor({ m, n, k }, workgroups);
  if ([a, b, c].some(({ dtype, length }) => exceedsBinding(dtype, length, device.limits))) {
    const size = { transposeA, transposeB, m, n, k };
    const multiply = (a: Value, b: Value, c: Value) => matmulLaunches(a, b, c, { transposeA, transposeB }, context);
    const parts = batch === 1 ? largeProduct(a, b, c, size, defaultChunks > 1, context, multiply) : undefined;
    return parts ?? product(kernels[defaultKernel], defaultChunks)();
  }
  const named = (name: string, chunks: number) => (chunks <= 1 ? name : `${name}/${chunks}`);
  const variants: Record<string, Variants[string]> = {
    [named(defaultKernel, defaultChunks)]: product(kernels[defaultKernel], defaultChunks),
  };
  for (const [name, kernel] of Object.entries(kernels)) {
    for (const chunks of name === 'naive' || name === 'tiled' ? [1] : CHUNKS) {
      const length = Math.ceil(k / chunks);
      const maySplit = length >= SHORTEST_MEASURED_CHUNK && chunks * kernel.workgroups(unsplit) <= MOST_WORKGROUPS;
      if (length > LONG_K || (chunks > 1 && !maySplit)) continue;
      variants[named(name, chunks)] ??= product(kernel, chunks);
    }
  }
  const sizes = { batch, m, n, k, transposeA, transposeB, f16: a.dtype === 'f16' };
  return context.choose('matmul', sizes, variants, named(defaultKernel, defaultChunks));
}

/**
 * The default number of chunks of k: enough to keep a GPU busy and to bound the rounding errors of sums, but so few
 * that writing a chunk's result costs at most a quarter of reading its operands.
 */
function chunksFor({ m, n, k }: { m: number; n: number; k: number }, workgroups: number): number {
  if (k < LONG_K) return 1;
  const toBeBusy = Math.min(Math.ceil(ENOUGH_WORKGROUPS / Math.max(1, workgroups)), Math.ceil(k / SHORTEST_CHUNK));
  const worthwhile = (4 * m * n) / (m + n);
  const longest = worthwhile <= SHORTEST_CHUNK ? SHORTEST_CHUNK : Math.max(LONG_K, worthwhile);
  return Math.max(toBeBusy, Math.floor(k / longest));
}

/** The kernels that can compute a product, from simple to elaborate. */
function kernelsFor(
  size: MatmulSizes,
  type: OperandType,
  device: LaunchContext['device'],
): Readonly<Record<string, Kernel>> {
  const subgroup = chooseSubgroup(size, type);
  const subgroupMatrix = chooseSubgroupMatrix(size, type, device.limits.subgroupMatrices);
  const own = { naive: matmulNaive, tiled: matmulTiled, register: matmulRegister, direct: chooseDirect(size) };
  return {
    ...(type === 'f32' ? own : matmulF16),
    ...(fillsWideTiles(size) ? { wide: chooseWide(size, type) } : {}),
    ...(device.limits.subgroupLanes >= subgroup.subgroupLanes ? { subgroup } : {}),
    // Untested on GPUs, so never the default: only measurements, which check results first, can select it.
    ...(subgroupMatrix === undefined ? {} : { subgroupMatrix }),
  };
}

/** True if tiles of 128 x 64 pad C by at most a quarter more than the register kernel's tiles of 64 x 64. */
const fillsWideTiles = (size: MatmulSizes): boolean =>
  2 * chooseWide(size).workgroups(size) <= 1.25 * matmulRegister.workgroups(size);

/** About two workgroups for each multiprocessor of the largest GPUs, which have 108 to 144 of them. */
const FILLS_A_GPU = 256;

/** Up to this many rows, sharing does not pay: the subgroup kernel always computes sixteen. */
const FEW_ROWS = 4;

/** The kernel to run without measurements. */
function defaultFor(
  size: MatmulSizes,
  { software }: LaunchContext['device'],
  kernels: Readonly<Record<string, Kernel>>,
): string {
  const { m, n, k } = size;
  const [shares, isDirect] = ['subgroup' in kernels, 'direct' in kernels];
  if (software && shares && (m > FEW_ROWS || !isDirect)) return 'subgroup';
  if (software && isDirect) return 'direct';
  if (m * n * k <= 4096) return 'naive';
  return !software && kernels.wide !== undefined && kernels.wide.workgroups(size) >= FILLS_A_GPU ? 'wide' : 'register';
}
