import { exceedsBinding } from '../../gpu/device.js';
import { TesseraError } from '../../gpu/errors.js';
import type { Kernel } from '../../gpu/kernel.js';
import { chooseDirect } from '../../kernels/matmul/direct-cpu.js';
import {
  type MatmulSizes,
  matmulHalves,
  matmulNaive,
  matmulRegister,
  matmulTiled,
  type OperandType,
} from '../../kernels/matmul/matmul.js';
import { chooseSubgroup } from '../../kernels/matmul/subgroup.js';
import { chooseSubgroupMatrix } from '../../kernels/matmul/subgroup-matrix.js';
import { chooseWide } from '../../kernels/matmul/wide.js';
import type { Variants } from '../../launch/choice.js';
import { type Launch, launch, type Value } from '../../launch/launch.js';
import { sizeOf } from '../../launch/shape.js';
import { defineOp, expectRank, expectSameType, expectType, type Op } from '../graph/define.js';
import type { DispatchContext, OpNode } from '../graph/graph.js';
import { broadcastShapes, formatShape, sameShape } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { largeProduct } from './matmul-large.js';
import { broadcastTo, permuteOp, reshape } from './movement.js';
import { reduceLaunches } from './reduce.js';

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Rows and columns of an operand, as the product sees it. */
function matrixOf(
  { shape }: { readonly shape: readonly number[] },
  transposed: boolean,
): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** `matmul` of matrices in batches, each operand as it is or transposed. */
export const matmulOp: Op<readonly ['a', 'b'], Transposes> = defineOp({
  name: 'matmul',
  inputs: ['a', 'b'],
  ...{ epilogue: true, halves: true },
  shape: ([a, b], { transposeA, transposeB }: Transposes) => ({
    shape: [...a.shape.slice(0, -2), matrixOf(a, transposeA)[0], matrixOf(b, transposeB)[1]],
    dtype: 'f32',
  }),
  dispatch: ([a, b], [c], context) => matmulLaunches(a, b, c, context),
  // C = A·B:  dA = dC·Bᵀ,  dB = Aᵀ·dC; where an operand is transposed, its gradient is the transpose of that.
  vjp: ({ inputs: [a, b], outputGrad, attributes: { transposeA, transposeB } }) => {
    const dc = cast(outputGrad, a.dtype);
    return [
      transposeA
        ? matmulOp(b, dc, { transposeA: transposeB, transposeB: true })
        : matmulOp(dc, b, { transposeA: false, transposeB: !transposeB }),
      transposeB
        ? matmulOp(dc, a, { transposeA: true, transposeB: transposeA })
        : matmulOp(a, dc, { transposeA: !transposeA, transposeB: false }),
    ];
  },
});

/** Fewer workgroups than this leave a GPU idle: a long k is then cut into chunks, which costs a second launch. */
const ENOUGH_WORKGROUPS = 64;
/** A sum of more terms loses digits: where no rule says so, none is taken as a whole. */
const LONG_K = 2048;
const SHORTEST_CHUNK = 512;
/** What may be measured beside the rule: so many chunks, of this length at least. */
const CHUNKS = [1, 4, 16, 64, 256];
const SHORTEST_MEASURED_CHUNK = 64;
/** So many workgroups keep any GPU busy. */
const MOST_WORKGROUPS = 1024;

/** Launches of C = A·B over the last two axes of values with the same axes in front. */
export function matmulLaunches(
  a: Value,
  b: Value,
  c: Value,
  context: Pick<DispatchContext, 'device' | 'temporary' | 'choose'> & { attributes: Transposes },
): Launch[] {
  const { device, temporary } = context;
  const { transposeA, transposeB } = context.attributes;
  const [m, k] = matrixOf(a, transposeA);
  const [, n] = matrixOf(b, transposeB);
  const batch = sizeOf(c.shape.slice(0, -2));
  const whole: MatmulSizes = {
    ...{ batch, m, n, k, chunks: 1, chunk_length: Math.max(1, k) },
    ...{ a_batch: m * k, a_row: transposeA ? 1 : k, a_col: transposeA ? m : 1 },
    ...{ b_batch: k * n, b_row: transposeB ? 1 : n, b_col: transposeB ? k : 1 },
  };
  const product = (kernel: Kernel, chunks: number) => (): Launch[] => {
    if (chunks <= 1) return [launch(kernel, { a, b, c }, whole)];
    const chunk_length = Math.ceil(k / chunks / 4) * 4; // whole fours, for the kernels that read them
    const split = { ...whole, chunk_length, chunks: Math.ceil(k / chunk_length) };
    const partial = temporary([batch, split.chunks, m, n]);
    return [
      launch(kernel, { a, b, c: partial }, split),
      ...reduceLaunches('sum', partial, c, { outer: batch, n: split.chunks, inner: m * n }, context),
    ];
  };

  const kernels = kernelsFor(whole, a.dtype as OperandType, device);
  const rule = ruleFor(whole, device, kernels);
  const workgroups = kernels[rule].workgroups(whole);
  const ruleChunks =
    k < LONG_K ? 1 : Math.min(Math.ceil(ENOUGH_WORKGROUPS / Math.max(1, workgroups)), Math.ceil(k / SHORTEST_CHUNK));
  if ([a, b, c].some(({ dtype, length }) => exceedsBinding(dtype, length, device.limits))) {
    const size = { transposeA, transposeB, m, n, k };
    const multiply = (a: Value, b: Value, c: Value) => matmulLaunches(a, b, c, context);
    const pieces = batch === 1 ? largeProduct(a, b, c, size, ruleChunks > 1, context, multiply) : undefined;
    return pieces ?? product(kernels[rule], ruleChunks)();
  }
  const named = (name: string, chunks: number) => (chunks <= 1 ? name : `${name}/${chunks}`);
  const variants: Record<string, Variants[string]> = {
    [named(rule, ruleChunks)]: product(kernels[rule], ruleChunks),
  };
  for (const [name, kernel] of Object.entries(kernels)) {
    for (const chunks of name === 'naive' || name === 'tiled' ? [1] : CHUNKS) {
      const length = Math.ceil(k / chunks);
      const mayCut = length >= SHORTEST_MEASURED_CHUNK && chunks * kernel.workgroups(whole) <= MOST_WORKGROUPS;
      if (length > LONG_K || (chunks > 1 && !mayCut)) continue;
      variants[named(name, chunks)] ??= product(kernel, chunks);
    }
  }
  const sizes = { batch, m, n, k, transposeA, transposeB, f16: a.dtype === 'f16' };
  return context.choose('matmul', sizes, variants, named(rule, ruleChunks));
}

/** The kernels that can compute a product, from simple to clever. */
function kernelsFor(
  size: MatmulSizes,
  type: OperandType,
  device: DispatchContext['device'],
): Readonly<Record<string, Kernel>> {
  const subgroup = chooseSubgroup(size, type);
  const subgroupMatrix = chooseSubgroupMatrix(size, type, device.limits.subgroupMatrices);
  const own = { naive: matmulNaive, tiled: matmulTiled, register: matmulRegister, direct: chooseDirect(size) };
  return {
    ...(type === 'f32' ? own : matmulHalves),
    ...(fillsWideTiles(size) ? { wide: chooseWide(size, type) } : {}),
    ...(device.limits.subgroupLanes >= subgroup.subgroupLanes ? { subgroup } : {}),
    // Never run on a GPU: only for measurements, which check results first.
    ...(subgroupMatrix === undefined ? {} : { subgroupMatrix }),
  };
}

/** True where tiles of 128 rows compute hardly more beyond C's last row than the register kernel's tiles of 64. */
const fillsWideTiles = (size: MatmulSizes): boolean =>
  2 * chooseWide(size).workgroups(size) <= 1.25 * matmulRegister.workgroups(size);

/** Two workgroups for each processor of a GPU of the largest kind, which have 108 to 144: smaller tiles share less. */
const FILLS_A_GPU = 256;

/** Rows that are too few to be worth sharing: the subgroup's kernel reads sixteen at a time. */
const FEW_ROWS = 4;

/** The kernel to take without measurements. */
function ruleFor(
  size: MatmulSizes,
  { software }: DispatchContext['device'],
  kernels: Readonly<Record<string, Kernel>>,
): string {
  const { m, n, k } = size;
  const [shares, isDirect] = ['subgroup' in kernels, 'direct' in kernels];
  if (software && shares && (m > FEW_ROWS || !isDirect)) return 'subgroup';
  if (software && isDirect) return 'direct';
  if (m * n * k <= 4096) return 'naive';
  return !software && kernels.wide !== undefined && kernels.wide.workgroups(size) >= FILLS_A_GPU ? 'wide' : 'register';
}

/**
 * Matrix product along the last two axes, as NumPy's matmul: (..., m, k) x (..., k, n) -> (..., m, n). Axes in front
 * broadcast; a matrix on the right serves all on the left in one product. A vector is a row on the left and a column
 * on the right, and its axis is left out of the result. A transposed operand is read as it lies, without a copy.
 * Operands of f16 are multiplied and summed as f32, and give f32. Error ≤ 1e-6·Σ|terms|.
 *
 * @throws TesseraError if an operand is a scalar, both are not of f32 or both of f16, or the inner dimensions differ.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  for (const [name, operand] of Object.entries({ a, b })) {
    expectType('matmul', name, operand, 'f32', 'f16');
    if (operand.rank === 0)
      throw new TesseraError(`matmul: ${name} is a scalar; expected rank 1 or more, or use mul()`);
  }
  expectSameType('matmul', a, b);
  if (a.rank === 1) {
    const row = matmul(reshape(a, [1, a.size]), b);
    return reshape(row, b.rank === 1 ? [] : [...row.shape.slice(0, -2), row.shape.at(-1)!]);
  }
  if (b.rank === 1) {
    const column = matmul(a, reshape(b, [b.size, 1]));
    return reshape(column, column.shape.slice(0, -1));
  }
  const inner = [a.shape.at(-1)!, b.shape.at(-2)!];
  if (inner[0] !== inner[1]) {
    throw new TesseraError(
      `matmul: inner dimensions differ: ${formatShape(a.shape)} x ${formatShape(b.shape)} (${inner.join(' vs ')})`,
    );
  }
  if (b.rank === 2 && a.rank > 2) {
    const rows = reshape(a, [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!]);
    return reshape(matmul(rows, b), [...a.shape.slice(0, -1), b.shape[1]]);
  }
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = untransposed(stretch(a, lead));
  const right = untransposed(stretch(b, lead));
  return matmulOp(left.tensor, right.tensor, { transposeA: left.transposed, transposeB: right.transposed });
}

/** y = x·W + b: x (..., in), W (in, out), b (out) -> (..., out), as one dispatch. Error ≤ 1e-6·Σ|terms|. */
export const linear = (x: Tensor, w: Tensor, b?: Tensor): Tensor =>
  b === undefined ? matmul(x, w) : matmul(x, w).add(b);

/** All products of two vectors' elements: a (m), b (n) -> (m, n). Error ≤ 5e-7·|y|. */
export function outer(a: Tensor, b: Tensor): Tensor {
  expectRank('outer', 'a', a, 1, 'm');
  expectRank('outer', 'b', b, 1, 'n');
  return reshape(a, [a.size, 1]).mul(b);
}

const stretch = (x: Tensor, lead: readonly number[]): Tensor =>
  sameShape(x.shape.slice(0, -2), lead) ? x : broadcastTo(x, [...lead, ...x.shape.slice(-2)]);

/** Looks through a transpose: the product reads its input the other way round. */
function untransposed(x: Tensor): { tensor: Tensor; transposed: boolean } {
  const node = x.source as OpNode;
  if (node.kind !== 'op' || node.op !== permuteOp.definition) return { tensor: x, transposed: false };
  const order = node.attributes.order as readonly number[];
  const last = order.length - 1;
  const swaps = order.every((axis, at) => axis === (at === last ? last - 1 : at === last - 1 ? last : at));
  return swaps ? { tensor: node.inputs[0], transposed: true } : { tensor: x, transposed: false };
}
