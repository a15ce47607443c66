import type { Kernel } from '../../src/gpu/index.js';
import { type AttentionSizes, attentionForward } from '../../src/kernels/attention/attention.js';
import { attentionKeyBackward, attentionQueryBackward } from '../../src/kernels/attention/backward.js';
import { attentionProbabilities, attentionScoresBackward } from '../../src/kernels/attention/unfused.js';
import { conv2dF16, conv2dRegister } from '../../src/kernels/conv/conv2d.js';
import { groupedConv2d } from '../../src/kernels/conv/grouped.js';
import { maxPoolBackward, maxPoolForward } from '../../src/kernels/conv/max-pool.js';
import { conv2dSubgroup } from '../../src/kernels/conv/subgroup.js';
import type { Fusion } from '../../src/kernels/elementwise/fusion.js';
import { cast, multiply } from '../../src/kernels/elementwise/table.js';
import { lstmSequence, lstmSequenceBackward } from '../../src/kernels/lstm/sequence.js';
import { lstmCell, lstmCellSubgroup, lstmCellVec4 } from '../../src/kernels/lstm/step.js';
import {
  lstmCellBackward,
  lstmCellBackwardSubgroup,
  lstmCellBackwardVec4,
} from '../../src/kernels/lstm/step-backward.js';
import { addParts } from '../../src/kernels/matmul/add.js';
import { matmulDirect } from '../../src/kernels/matmul/direct-cpu.js';
import { matmulF16, matmulNaive, matmulRegister, matmulTiled } from '../../src/kernels/matmul/matmul.js';
import { matmulSubgroup, matmulSubgroupF16 } from '../../src/kernels/matmul/subgroup.js';
import { matmulSubgroupMatrix } from '../../src/kernels/matmul/subgroup-matrix.js';
import { matmulWide, matmulWideF16 } from '../../src/kernels/matmul/wide.js';
import { fills, stridedCopies, stridedCopiesF16 } from '../../src/kernels/movement.js';
import { fillsCpu, stridedCopiesCpu, stridedCopiesF16Cpu } from '../../src/kernels/movement-cpu.js';
import {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
  type UpdateKernels,
} from '../../src/kernels/optimizers.js';
import { gatherRows, rowStarts, sumRows } from '../../src/kernels/reduce/gather.js';
import { argmaxColumns, reductions } from '../../src/kernels/reduce/reduce.js';
import { rowsCpu } from '../../src/kernels/reduce/rows-cpu.js';
import { cumsum } from '../../src/kernels/reduce/scan.js';
import { argsort, SORTED_BLOCK } from '../../src/kernels/reduce/sort.js';
import { roofKernels } from '../../src/kernels/roofline.js';
import { crossEntropyBackward, crossEntropyForward } from '../../src/kernels/rows/cross-entropy.js';
import { layerNormBackward, layerNormForward, layerNormNaive } from '../../src/kernels/rows/layer-norm.js';
import type { RowKernels } from '../../src/kernels/rows/row-kernels.js';
import {
  logSoftmaxBackward,
  logSoftmaxForward,
  softmaxBackward,
  softmaxForward,
  softmaxNaive,
} from '../../src/kernels/rows/softmax.js';
import type { KernelCase } from '../support/kernels.js';
import { integers, normals } from '../support/numbers.js';
import { elementwiseCases, f16Cases } from './elementwise.js';

/*
 * Sizes for every kernel: 1, below, at and above a tile, primes, empty, and one past 65,535 workgroups where a kernel
 * has a workgroup a row.
 */
const PAST_THE_LIMIT = 65_540;

/** (maximum, inverse, δ) of attention's rows: of the scores, without which a gradient has no meaning, and any δ. */
function softRows(
  { q, k, mask }: Record<'q' | 'k', Float32Array> & { mask: Uint32Array },
  values: AttentionSizes,
): Float32Array {
  const count = values.blocks * values.queries;
  const [maximum, inverse] = [new Float64Array(count), new Float64Array(count)];
  const given = { q: Float64Array.from(q), k: Float64Array.from(k), mask: Float64Array.from(mask) };
  const v = new Float64Array(values.blocks * values.keys * values.value_features);
  const y = new Float64Array(count * values.value_features);
  attentionForward.reference({ ...given, v, y, maximum, inverse, ...values });
  const deltas = normals(count, 9);
  return Float32Array.from({ length: 3 * count }, (_, at) => [maximum, inverse, deltas][at % 3][Math.floor(at / 3)]);
}

/** The row groups' kernels that can compute rows of so many numbers. */
const rowKernelsFor = ({ workgroup, lanes }: RowKernels, cols: number) =>
  [workgroup, lanes].flatMap(({ scalar, vec4 }) => (cols % 4 === 0 ? [scalar, vec4] : [scalar]));

// Matmul.
function product(
  kernel: KernelCase['kernel'],
  [batch, m, k, n]: [number, number, number, number],
  a: 'n' | 't',
  b: 'n' | 't',
  chunks = 1,
): KernelCase {
  const chunk_length = Math.ceil(k / chunks / 4) * 4 || 1;
  const split = Math.max(1, Math.ceil(k / chunk_length));
  return {
    kernel,
    note: `${batch} x ${a}(${m} x ${k}) ${b}(${k} x ${n}), ${split} chunks`,
    values: {
      ...{ batch, m, n, k, chunks: split, chunk_length },
      ...{ a_batch: m * k, a_row: a === 't' ? 1 : k, a_col: a === 't' ? m : 1 },
      ...{ b_batch: k * n, b_row: b === 't' ? 1 : n, b_col: b === 't' ? k : 1 },
    },
    buffers: { a: batch * m * k, b: batch * k * n, c: batch * split * m * n },
    tolerance: { absolute: 1e-4, relative: 1e-4 },
  };
}
const SIZES: [number, number, number, number][] = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [1, 16, 16, 16],
  [1, 17, 33, 15],
  [1, 64, 64, 64],
  [2, 65, 31, 67],
  [1, 4, 4, 4],
  [2, 16, 16, 32],
  [2, 64, 16, 128],
  [1, 5, 0, 3],
  [0, 4, 4, 4],
];
const VEC4: [number, number, number, number][] = [
  [1, 4, 4, 4],
  [2, 8, 12, 16],
  [1, 64, 32, 72],
  [3, 4, 8, 4],
  [2, 16, 8, 32],
  [1, 64, 8, 64],
];
/** A case with an infinity in row 1 of A and column 1 of B, which are first there: they stay in their row and column. */
function infinite(one: KernelCase): KernelCase {
  const { batch, m, n, k, a_batch, a_row, b_batch, b_col } = one.values;
  const [a, b] = [normals(batch * m * k, 1), normals(batch * k * n, 2)];
  for (let z = 0; z < batch; z++) {
    a[z * a_batch + a_row] = Number.POSITIVE_INFINITY;
    b[z * b_batch + b_col] = Number.POSITIVE_INFINITY;
  }
  return { ...one, note: `${one.note}, infinite`, buffers: { ...one.buffers, a, b } };
}
/** A case with B's columns so far apart: k has a rest, but what is read as vec4 does not. */
function apart(one: KernelCase, b_col: number): KernelCase {
  const { batch, n } = one.values;
  const b_batch = b_col * n;
  const values = { ...one.values, b_batch, b_col };
  return { ...one, note: `${one.note}, ${b_col} apart`, values, buffers: { ...one.buffers, b: batch * b_batch } };
}
const matmul = [
  ...[
    ...[matmulNaive, matmulTiled, matmulRegister, matmulDirect.scalar],
    ...[matmulSubgroup.any, matmulSubgroup.tall, matmulWide.any],
  ].flatMap((kernel) =>
    SIZES.flatMap((size) => [
      product(kernel, size, 'n', 'n'),
      product(kernel, size, 't', 'n'),
      product(kernel, size, 'n', 't'),
    ]),
  ),
  ...[matmulRegister, matmulDirect.scalar, matmulSubgroup.any, matmulSubgroup.tall, matmulWide.any].map((kernel) =>
    product(kernel, [2, 9, 150, 11], 'n', 't', 4),
  ),
  // More than one tile of 128 x 64, the last ones not full; k with a rest, and in chunks.
  ...(['n', 't'] as const).flatMap((a) =>
    (['n', 't'] as const).flatMap((b) => [
      product(matmulWide.any, [1, 129, 19, 65], a, b),
      product(matmulWide.any, [2, 251, 83, 67], a, b, 3),
      product(matmulWide.vec4, [2, 132, 20, 68], a, b),
      product(matmulWide.vec4, [1, 260, 84, 132], a, b, 3),
      ...[[2, 128, 16, 64] as const, [3, 4, 4, 4] as const, [1, 4, 0, 8] as const, [0, 4, 4, 4] as const].map((size) =>
        product(matmulWide.vec4, [...size], a, b),
      ),
    ]),
  ),
  // Beside a tile of 128 x 128, and beyond one; those of f16 are told the same below.
  ...[[1, 1, 1, 1] as const, [1, 5, 0, 3] as const, [0, 4, 4, 4] as const].map((size) =>
    product(matmulSubgroupMatrix.f32_8x8x8.any, [...size], 'n', 'n'),
  ),
  product(matmulSubgroupMatrix.f32_8x8x8.any, [1, 131, 37, 17], 'n', 't'),
  product(matmulSubgroupMatrix.f32_8x8x8.any, [1, 19, 83, 131], 't', 'n', 2),
  product(matmulSubgroupMatrix.f32_8x8x8.vec4, [1, 128, 32, 128], 'n', 'n'),
  product(matmulSubgroupMatrix.f32_8x8x8.vec4, [2, 36, 20, 40], 't', 't'),
  product(matmulSubgroupMatrix.f32_8x8x8.vec4, [1, 132, 76, 132], 'n', 'n', 2),
  // By vec4, only the axes that are contiguous need whole vec4, and n.
  product(matmulWide.vec4, [1, 7, 12, 20], 'n', 'n'),
  product(matmulWide.vec4, [2, 8, 13, 20], 't', 'n'),
  product(matmulWide.vec4, [1, 131, 12, 8], 'n', 't'),
  product(matmulWide.any, [2, 128, 5, 64], 'n', 'n'),
  // Where k ends within a block, the infinity of the next matrix is behind it.
  ...[13, 14, 15].map((k) => infinite(product(matmulWide.vec4, [2, 8, k, 20], 't', 'n'))),
  ...[matmulWide.any, matmulWide.vec4].flatMap((kernel) => [
    infinite(product(kernel, [2, 20, 20, 16], 'n', 'n')),
    infinite(product(kernel, [2, 20, 20, 16], 't', 't')),
  ]),
  ...VEC4.flatMap((size) => [
    product(matmulDirect.nn, size, 'n', 'n'),
    product(matmulDirect.tn, size, 't', 'n'),
    product(matmulDirect.nt, size, 'n', 't'),
    product(matmulSubgroup.rows, size, 'n', 'n'),
    product(matmulSubgroup.rows, size, 't', 'n'),
    product(matmulSubgroup.columns, size, 'n', 't'),
  ]),
  // More than one tile of 16 x 32, the last ones not full; k with a rest.
  ...[matmulSubgroup.rows, matmulSubgroup.any, matmulSubgroup.tall].flatMap((kernel) => [
    product(kernel, [2, 37, 23, 44], 'n', 'n'),
    product(kernel, [2, 18, 75, 36], 't', 'n', 3),
  ]),
  product(matmulSubgroup.columns, [2, 37, 24, 44], 'n', 't'),
  product(matmulSubgroup.columns, [2, 18, 76, 36], 't', 't', 3),
  apart(product(matmulSubgroup.columns, [2, 19, 23, 12], 'n', 't'), 24),
  product(matmulSubgroup.any, [PAST_THE_LIMIT, 1, 1, 1], 'n', 'n'),
  infinite(product(matmulSubgroup.any, [2, 19, 21, 18], 'n', 't')),
  ...[matmulTiled, matmulRegister].flatMap((kernel) => [
    infinite(product(kernel, [2, 19, 21, 18], 'n', 'n')),
    infinite(product(kernel, [2, 19, 21, 18], 't', 't')),
    infinite(product(kernel, [2, 19, 21, 18], 'n', 't')),
  ]),
  // Only the axes that are read as vec4 need whole vec4.
  product(matmulDirect.nn, [1, 7, 12, 20], 'n', 'n'),
  product(matmulDirect.tn, [1, 8, 13, 20], 't', 'n'),
  product(matmulDirect.nt, [1, 7, 12, 11], 'n', 't'),
  ...(['nn', 'tn', 'nt'] as const).map((way) =>
    product(matmulDirect[way], [1, 8, 148, 12], way[0] as 'n' | 't', way[1] as 'n' | 't', 3),
  ),
];

// Reductions.
function reduction(
  kernel: KernelCase['kernel'],
  outer: number,
  n: number,
  inner: number,
  chunk_length = n,
): KernelCase {
  const chunks = n === 0 ? 1 : Math.ceil(n / chunk_length);
  return {
    kernel,
    note: `(${outer}, ${n}, ${inner}) in ${chunks} chunks`,
    values: { outer, n, inner, chunks, chunk_length },
    buffers: { x: outer * n * inner, y: outer * chunks * inner },
    tolerance: { absolute: 1e-4 },
  };
}
/** The same with numbers that rise, or fall, all the way: no neighbour may be taken for an element. */
const sloped = (one: KernelCase, slope: number): KernelCase => ({
  ...one,
  note: `${one.note}, slope ${slope}`,
  buffers: {
    ...one.buffers,
    x: Float32Array.from({ length: one.buffers.x as number }, (_, at) => 1 + slope * (at - 500) * 1e-3),
  },
});
/** Every so many numbers, one that is none, and an infinity, which is a number. */
const spoil = (x: Float32Array, every: number): Float32Array =>
  x.map((value, at) => (at % every === 5 ? Number.NaN : at % every < 2 ? (at % 2 === 0 ? 1 : -1) / 0 : value));
/** The same with a few numbers that are none. */
const spoiled = (one: KernelCase): KernelCase => ({
  ...one,
  note: `${one.note}, with NaN`,
  buffers: { ...one.buffers, x: spoil(normals(one.buffers.x as number), 171) },
});
const reduce = (['sum', 'prod', 'max', 'min'] as const)
  .map((name) => ({ ...reductions[name], rowsCpu: rowsCpu[name] }))
  .flatMap(({ rows, columns, columnsVec4, rowsCpu }) => [
    ...[
      [4, 4],
      [8, 64],
      [36, 8],
      [0, 4],
    ].map(([outer, n]) => reduction(rowsCpu, outer, n, 1)),
    reduction(rowsCpu, 2, 1008, 1, 256),
    spoiled(reduction(rowsCpu, 4, 300, 1, 100)),
    ...[1, -1].map((slope) => sloped(reduction(rowsCpu, 4, 300, 1, 100), slope)),
    ...[
      [1, 1, 4],
      [2, 7, 12],
      [3, 100, 64],
      [1, 5, 260],
      [0, 4, 4],
    ].map(([outer, n, inner]) => reduction(columnsVec4, outer, n, inner)),
    reduction(columnsVec4, 2, 101, 8, 10),
    spoiled(reduction(columnsVec4, 2, 30, 8, 7)),
    ...[1, -1].flatMap((slope) =>
      [reduction(columnsVec4, 2, 30, 8, 7), reduction(columnsVec4, 3, 5, 8)].map((one) => sloped(one, slope)),
    ),
    ...[
      [1, 1],
      [3, 63],
      [2, 64],
      [5, 65],
      [1, 1009],
      [PAST_THE_LIMIT, 2],
    ].map(([outer, n]) => reduction(rows, outer, n, 1)),
    reduction(rows, 2, 1009, 1, 100),
    ...[reduction(rows, 5, 300, 1, 100), reduction(rows, 9, 65, 1), reduction(columns, 2, 30, 6, 7)].map(spoiled),
    ...[1, -1].flatMap((slope) => [
      ...[reduction(rows, 4, 300, 1, 100), reduction(rows, 8, 1, 1)].map((one) => sloped(one, slope)),
      ...[reduction(columns, 2, 30, 6, 7), reduction(columns, 4, 1, 1), reduction(columns, 3, 5, 8)].map((one) =>
        sloped(one, slope),
      ),
    ]),
    ...[
      [1, 1, 1],
      [2, 7, 3],
      [3, 100, 64],
      [1, 5, 257],
      [0, 4, 3],
    ].map(([outer, n, inner]) => reduction(columns, outer, n, inner)),
    reduction(columns, 2, 101, 5, 10),
  ]);
const sumsOfTwo = [
  [1, 1],
  [7, 13],
  [0, 4],
  [33, 67],
].map(([rows, cols]): KernelCase => {
  const size = rows * cols;
  return {
    ...{ kernel: addParts, note: `(${rows}, ${cols})`, values: { rows: rows, cols: cols } },
    buffers: { a: size, b: size, y: size },
  };
});

const scans: KernelCase[] = [
  [1, 1, 1],
  [2, 7, 3],
  [3, 67, 1],
  [1, 1000, 2],
  [2, 3, 10],
  [65_537 * 64, 1, 1],
  [2, 0, 3],
].flatMap(([outer, n, inner]) =>
  // Past the limit once: what is summed there does not depend on the order.
  (n === 1 && outer > 1 ? [1] : [0, 1]).map((flag) => ({
    kernel: cumsum,
    note: `${outer} x ${n} x ${inner}, ${flag ? 'exclusive, reverse' : 'plain'}`,
    values: { outer: outer, n: n, inner: inner, exclusive: flag, reverse: flag },
    buffers: { x: outer * n * inner, y: outer * n * inner },
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  })),
);
const sorts: KernelCase[] = [
  [1, 1, 1],
  [2, 7, 3],
  [1, 67, 1],
  [2, 300, 2],
  [2, 5, 2],
  [2, 0, 3],
].flatMap(([outer, n, inner]) =>
  [4, 64, SORTED_BLOCK].flatMap((run): KernelCase[] => {
    const note = `${outer} x ${n} x ${inner}, runs of ${run}`;
    const count = outer * n * inner;
    const common = { note, values: { outer: outer, n: n, inner: inner, run }, types: { y: 'i32' } } as const;
    // Few different numbers: there are equals to order.
    const numbers = integers(count, 40);
    const floats = Float32Array.from(numbers, (value) =>
      value === 7 ? Number.NaN : value === 8 ? Number.POSITIVE_INFINITY : value - 20,
    );
    return (
      [
        ['f32', floats],
        ['i32', numbers.map((value) => value - 20)],
      ] as const
    ).flatMap(([type, x]): KernelCase[] => {
      const { blocks, merge } = argsort[type];
      const sorted = new Float64Array(count);
      blocks.reference({ x: Float64Array.from(x), y: sorted, ...common.values });
      return [
        { kernel: blocks, ...common, buffers: { x, y: count } },
        { kernel: merge, ...common, buffers: { x, sorted: Int32Array.from(sorted), y: count } },
      ];
    });
  }),
);
interface Attended {
  readonly blocks: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly features: number;
  readonly value_features: number;
  readonly causal?: number;
  /** A mask of its own for each query. */
  readonly byQuery?: boolean;
  /** Scores so far apart that a maximum other than the largest overflows. */
  readonly far?: boolean;
}
const attended: readonly Attended[] = [
  { blocks: 1, heads: 1, queries: 1, keys: 1, features: 1, value_features: 1 },
  { blocks: 6, heads: 2, queries: 5, keys: 7, features: 4, value_features: 3 },
  { blocks: 4, heads: 2, queries: 5, keys: 7, features: 4, value_features: 4, byQuery: true },
  { blocks: 2, heads: 2, queries: 3, keys: 131, features: 24, value_features: 70 },
  { blocks: 1, heads: 1, queries: 70, keys: 3, features: 40, value_features: 33 },
  { blocks: 4, heads: 2, queries: 67, keys: 67, features: 5, value_features: 6, causal: 1 },
  { blocks: 4, heads: 2, queries: 5, keys: 68, features: 3, value_features: 4, byQuery: true },
  { blocks: 2, heads: 2, queries: 36, keys: 36, features: 4, value_features: 4, causal: 1 },
  { blocks: 3, heads: 3, queries: 67, keys: 136, features: 1, value_features: 2, byQuery: true, far: true },
  { blocks: 2, heads: 1, queries: 9, keys: 4, features: 65, value_features: 2, causal: 1 },
  { blocks: 3, heads: 3, queries: 67, keys: 134, features: 1, value_features: 2, byQuery: true, far: true },
  { blocks: PAST_THE_LIMIT, heads: 4, queries: 1, keys: 1, features: 1, value_features: 1 },
  { blocks: 0, heads: 1, queries: 3, keys: 3, features: 2, value_features: 2 },
];
const attentions = attended.flatMap(({ causal = 0, byQuery = false, far = false, ...s }): KernelCase[] => {
  const mask_query = byQuery ? s.keys : 0;
  const mask_head = byQuery ? s.queries * s.keys : s.keys;
  const places = { mask_batch: s.heads * mask_head, mask_head, mask_query, mask_key: 1 };
  const values = { ...s, causal, scale: 0.5, ...places };
  const [q, k] = [s.blocks * s.queries, s.blocks * s.keys];
  // A mask by keys, for each head of a sample; it may leave a row nothing to look at.
  const mask = integers(Math.max(1, s.blocks * mask_head), 4, 3).map((one) => Number(one > 0));
  const given = { q: normals(q * s.features, 1), k: normals(k * s.features, 2), mask: Uint32Array.from(mask) };
  const inputs = { ...given, v: k * s.value_features };
  const note = `${s.blocks} blocks, ${s.queries} queries, ${s.keys} keys, ${s.features} features${causal ? ', causal' : ''}${byQuery ? ', masked by query' : ''}${far ? ', far apart' : ''}`;
  const one = { note, values, tolerance: { absolute: 1e-4, relative: 1e-4 } };
  const scores = far
    ? Float32Array.from({ length: q * s.keys }, (_, at) => 400 * ((at * 5 + Math.floor(at / s.keys) * 7) % s.keys))
    : normals(q * s.keys, 4);
  // What p holds before is no small number: who sums more of it than its own row is found.
  const p = new Float32Array(q * s.keys).fill(Number.POSITIVE_INFINITY);
  const naive = { scores, mask: given.mask, p, maximum: q, inverse: q };
  const spread = {
    q: new Float32Array(q * s.features).fill(1),
    // The largest stands anywhere in the first block, where a workgroup begins in the second, where it ends in the third.
    k: Float32Array.from({ length: k }, (_, at) => {
      const j = at % s.keys;
      return 400 * [(5 * j) % s.keys, s.keys - j, (j + s.keys - 64) % s.keys][Math.floor(at / s.keys)];
    }),
  };
  const scored = { ...inputs, ...(far ? spread : {}) };
  const forwards = [
    ...rowKernelsFor(attentionProbabilities, s.keys).map((kernel) => ({ ...one, kernel, buffers: naive })),
    {
      ...one,
      kernel: attentionForward,
      buffers: { ...scored, y: q * s.value_features, maximum: q, inverse: q },
    },
  ];
  const back = { dy: q * s.value_features, rows: softRows(scored, values) };
  const products = { scores: normals(q * s.keys, 4), dscores: normals(q * s.keys, 5) };
  return [
    ...forwards,
    ...(s.keys % 4 === 0
      ? [attentionScoresBackward.scalar, attentionScoresBackward.vec4]
      : [attentionScoresBackward.scalar]
    ).map((kernel) => ({
      ...{ ...one, kernel, buffers: { mask: given.mask, rows: back.rows, ...products } },
    })),
    { ...one, kernel: attentionQueryBackward, buffers: { ...scored, ...back, dq: q * s.features } },
    {
      ...one,
      kernel: attentionKeyBackward,
      buffers: { ...scored, ...back, dk: k * s.features, dv: k * s.value_features },
    },
  ];
});
const emptySums = [reduction(reductions.sum.columns, 2, 0, 3), reduction(reductions.sum.rows, 2, 0, 1)];
const argmax: KernelCase[] = [
  [1, 1, 1],
  [3, 7, 5],
  [2, 64, 1],
  [67, 10, 1],
  [4, 3, 7],
].flatMap(([outer, n, inner]) => {
  const one = { kernel: argmaxColumns, values: { outer: outer, n: n, inner: inner }, types: { y: 'i32' } } as const;
  const size = `(${outer}, ${n}, ${inner})`;
  const [y, count] = [outer * inner, outer * n * inner];
  return [
    { ...one, note: `${size}, many ties`, buffers: { x: Float32Array.from(integers(count, 5)), y } },
    { ...one, note: `${size}, NaN`, buffers: { x: spoil(normals(count), 13), y } },
    { ...one, note: `${size}, rising`, buffers: { x: Float32Array.from({ length: count }, (_, at) => at), y } },
  ];
});

// Softmax and cross-entropy.
const rowShapes = [
  [1, 1],
  [3, 63],
  [2, 64],
  [4, 65],
  [4, 3],
  [3, 1009],
  [5, 4],
  [3, 32],
  [2, 1028],
  [0, 5],
  [PAST_THE_LIMIT, 3],
] as const;
/** Rows whose neighbours would spoil them: a maximum that is another row's, or not the largest, overflows. */
const farRows = [
  { note: 'rows far apart', rows: 5, cols: 67, x: (row: number) => 300 * ((3 * row) % 5) },
  { note: 'elements far apart', rows: 68, cols: 67, x: (row: number, col: number) => 200 * ((5 * col + 7 * row) % 67) },
  { note: 'far apart, vec4', rows: 9, cols: 68, x: (row: number, col: number) => 200 * ((5 * col + 7 * row) % 67) },
  { note: 'rising', rows: 8, cols: 1, x: (row: number) => 300 * row },
  {
    note: 'large logits',
    rows: 2,
    cols: 4,
    x: (row: number, col: number) => (row === 0 ? 1000 + col : 88 * col - 1000),
  },
].map(({ note, rows, cols, x }) => {
  const noise = normals(rows * cols, 3);
  return {
    ...{ note, rows, cols },
    values: noise.map((value, at) => value + x(Math.floor(at / cols), at % cols)),
  };
});
const softmax: KernelCase[] = [
  ...[softmaxForward, logSoftmaxForward].flatMap((family) => [
    ...rowShapes.map(([rows, cols]) => ({ note: `(${rows}, ${cols})`, family, rows, cols, values: rows * cols })),
    ...farRows.map((one) => ({ family, ...one })),
  ]),
].flatMap(({ family, note, rows, cols, values: x }) =>
  [...rowKernelsFor(family, cols), ...(family === softmaxForward ? [softmaxNaive] : [])].map((kernel) => ({
    ...{ kernel, note, values: { rows, cols } },
    buffers: { x, y: rows * cols },
  })),
);
// The head of a row's kernel, which folds many rows into y, is the one of softmax.
const softmaxGradients: KernelCase[] = rowShapes.slice(0, -1).flatMap(([rows, cols]) =>
  [softmaxBackward, logSoftmaxBackward].flatMap((family) =>
    rowKernelsFor(family, cols).map((kernel) => ({
      ...{ kernel, note: `(${rows}, ${cols})`, values: { rows, cols } },
      buffers: { y: rows * cols, dy: rows * cols, dx: rows * cols },
      tolerance: { absolute: 1e-4, relative: 1e-4 },
    })),
  ),
);
const layerNorms: KernelCase[] = [...rowShapes.slice(0, -1), [130, 3] as const].flatMap(([rows, cols]) =>
  [0, 1].flatMap((centred) => {
    const scale = normals(cols, 8);
    const common = { note: `(${rows}, ${cols})${centred === 1 ? '' : ', not centred'}` };
    const inverse = normals(rows, 4).map((value) => 1 + value ** 2);
    return [
      ...[layerNormNaive, ...rowKernelsFor(layerNormForward, cols)].map((kernel) => ({
        ...{ kernel, ...common, values: { rows, cols, centred, epsilon: 1e-3 } },
        buffers: { x: rows * cols, scale, shift: cols, y: rows * cols, mean: rows, rest: rows, inverse: rows },
        tolerance: { absolute: 1e-4, relative: 1e-4 },
      })),
      ...rowKernelsFor(layerNormBackward, cols).map((kernel) => ({
        ...{ kernel, ...common, values: { rows, cols, centred } },
        buffers: { x: rows * cols, scale, mean: rows, rest: rows, inverse, dy: rows * cols, dx: rows * cols },
        tolerance: { absolute: 1e-4, relative: 1e-4 },
      })),
    ];
  }),
);
const entropy = [
  ...rowShapes.map(([rows, cols]) => ({ note: `(${rows}, ${cols})`, rows, cols, values: rows * cols })),
  ...farRows,
].flatMap(({ note, rows, cols, values: logits }): KernelCase[] => {
  const labels = integers(rows, cols);
  const maximum = new Float32Array(rows).fill(2);
  const sums = new Float32Array(rows).fill(7.5);
  const backward = { logits, labels, maximum, sums, dloss: rows, dlogits: rows * cols };
  const values = { rows, cols };
  return [
    ...rowKernelsFor(crossEntropyForward, cols).map((kernel) => ({
      ...{ kernel, note, values, buffers: { logits, labels, loss: rows, maximum: rows, sums: rows } },
    })),
    ...(typeof logits === 'number' ? [{ kernel: crossEntropyBackward, note, values, buffers: backward }] : []),
  ];
});

// Gather.
/** The places of indices in the order of the rows that they name, and where each row's places begin. */
function byRow(indices: Int32Array, rows: number): { order: Int32Array; starts: Uint32Array } {
  const order = Int32Array.from(indices, (_, place) => place).sort((a, b) => indices[a] - indices[b] || a - b);
  const starts = Uint32Array.from({ length: rows + 1 }, (_, row) => indices.filter((index) => index < row).length);
  return { order, starts };
}
const gather = [
  [1, 1, 1],
  [70, 30, 8],
  [5, 129, 4],
  [7, 5, 3],
  [70, 11, 64],
  [0, 3, 2],
  [300, 4, 5],
  [6, 4, 2],
].flatMap(([count, rows, cols]): KernelCase[] => {
  const indices = integers(count, rows + 2).map((index) => index - 1); // some lie outside of the table
  const note = `${count} of (${rows}, ${cols})`;
  const { order, starts } = byRow(indices, rows);
  const values = { count: count, rows: rows, cols: cols };
  return [
    ...(cols % 4 === 0 ? [gatherRows.scalar, gatherRows.vec4] : [gatherRows.scalar]).map((kernel) => ({
      ...{ kernel, note, values: { ...values, first_row: 0 } },
      buffers: { table: rows * cols, indices, y: count * cols },
    })),
    {
      ...{ kernel: rowStarts, note, values: { count: count, rows: rows } },
      ...{ buffers: { indices, order, starts: rows + 1 }, types: { starts: 'u32' } },
    },
    ...(cols % 4 === 0 ? [sumRows.scalar, sumRows.vec4] : [sumRows.scalar]).map((kernel) => ({
      ...{ kernel, note, values },
      buffers: { values: count * cols, order, starts, y: rows * cols },
    })),
  ];
});

// Convolution and pooling.
interface Conv {
  readonly x: [number, number, number, number];
  readonly w: [number, number, number];
  readonly stride?: [number, number];
  readonly pad?: [number, number, number, number];
  readonly dilation?: [number, number];
  readonly groups?: number;
}
const convs: Conv[] = [
  { x: [1, 1, 1, 1], w: [1, 1, 1] },
  { x: [2, 5, 7, 3], w: [3, 2, 5] },
  { x: [1, 8, 8, 4], w: [3, 3, 8], pad: [1, 1, 1, 1] },
  { x: [3, 9, 6, 2], w: [3, 3, 4], stride: [2, 3] },
  { x: [2, 6, 7, 1], w: [4, 3, 6], stride: [2, 1], pad: [1, 2, 0, 1] },
  { x: [2, 17, 13, 5], w: [5, 5, 9], pad: [2, 2, 2, 2] },
  { x: [0, 4, 4, 1], w: [2, 2, 3] },
  { x: [2, 9, 8, 3], w: [3, 2, 5], dilation: [2, 3], pad: [1, 0, 2, 1] },
  { x: [1, 7, 9, 2], w: [2, 3, 4], dilation: [3, 1], stride: [1, 2] },
  { x: [1, 5, 5, 4], w: [2, 2, 8] },
  { x: [1, 11, 10, 2], w: [3, 3, 3], stride: [3, 3], pad: [1, 1, 1, 1] },
  { x: [2, 9, 8, 8], w: [3, 2, 12], stride: [2, 1], pad: [1, 1, 0, 1], dilation: [1, 2] },
  { x: [1, 6, 5, 36], w: [3, 2, 40], pad: [1, 0, 1, 0] },
  { x: [2, 5, 11, 4], w: [2, 3, 8], stride: [3, 3] },
  // An image of the output is a chunk of three lines.
  { x: [5, 5, 6, 4], w: [3, 3, 8] },
  { x: [1, 11, 10, 4], w: [3, 3, 6], groups: 2, stride: [3, 3], pad: [1, 1, 1, 1] },
  { x: [1, 11, 10, 4], w: [3, 3, 6], groups: 2, stride: [2, 2], pad: [1, 1, 2, 1] },
  { x: [2, 6, 5, 6], w: [3, 3, 4], groups: 2 },
  { x: [1, 9, 7, 5], w: [3, 2, 5], groups: 5, pad: [1, 1, 0, 1], stride: [2, 1] },
  { x: [2, 7, 8, 3], w: [2, 3, 9], groups: 3, dilation: [2, 2], pad: [0, 2, 1, 1] },
];
const convolution = convs.flatMap(
  ({ x, w, stride = [1, 1], pad = [0, 0, 0, 0], dilation = [1, 1], groups }): KernelCase[] => {
    const [batch, in_height, in_width, in_channels] = x;
    const [kernel_height, kernel_width, out_channels] = w;
    const out_height =
      Math.floor((in_height + pad[0] + pad[1] - (kernel_height - 1) * dilation[0] - 1) / stride[0]) + 1;
    const out_width = Math.floor((in_width + pad[2] + pad[3] - (kernel_width - 1) * dilation[1] - 1) / stride[1]) + 1;
    const lines = batch * out_height;
    const values = {
      ...{ batch, in_height, in_width, in_channels, out_height, out_width, out_channels, kernel_height, kernel_width },
      ...{
        stride_height: stride[0],
        stride_width: stride[1],
        dilation_height: dilation[0],
        dilation_width: dilation[1],
        ...(groups === undefined ? {} : { groups }),
        pad_top: pad[0],
        pad_left: pad[2],
        chunks: 1,
        chunk_length: Math.max(1, lines),
      },
    };
    const sizes = {
      x: batch * in_height * in_width * in_channels,
      y: lines * out_width * out_channels,
      w: (kernel_height * kernel_width * in_channels * out_channels) / (groups ?? 1),
    };
    const note = `x [${x}], window [${w}], stride [${stride}], padding [${pad}], dilation [${dilation}], ${groups ?? 1} groups`;
    const tolerance = { absolute: 1e-4, relative: 1e-4 };
    const chunks = Math.max(1, Math.ceil(lines / 3));
    const one = { note, values, tolerance };
    const backward = { x: sizes.x, dy: sizes.y };
    const forward = { ...one, buffers: sizes };
    const inputBackward = { ...one, buffers: { dy: sizes.y, w: sizes.w, dx: sizes.x } };
    const filterBackward = [
      { ...one, buffers: { ...backward, dw: sizes.w } },
      {
        ...one,
        note: `${note}, ${chunks} chunks`,
        values: { ...values, chunks, chunk_length: 3 },
        buffers: { ...backward, dw: chunks * sizes.w },
      },
    ];
    if (groups !== undefined)
      return [
        { kernel: groupedConv2d.forward, ...forward },
        { kernel: groupedConv2d.inputBackward, ...inputBackward },
        ...filterBackward.map((given) => ({ kernel: groupedConv2d.filterBackward, ...given })),
      ];
    const vec4 = (...channels: number[]) => channels.every((count) => count % 4 === 0);
    return [
      { kernel: conv2dRegister.forward, ...forward },
      { kernel: conv2dRegister.inputBackward, ...inputBackward },
      ...filterBackward.map((given) => ({ kernel: conv2dRegister.filterBackward, ...given })),
      ...(vec4(out_channels) ? [{ kernel: conv2dSubgroup.forward, ...forward }] : []),
      ...(vec4(out_channels) ? filterBackward : []).map((given) => ({
        kernel: conv2dSubgroup.filterBackward,
        ...given,
      })),
      ...(vec4(in_channels, out_channels) ? [{ kernel: conv2dSubgroup.inputBackward, ...inputBackward }] : []),
    ];
  },
);
/** Infinities in the column of a window's last weight, and in rows of x that few windows hold: they stay there. */
const infiniteConvolution = convolution
  .filter(({ kernel, note }) => kernel === conv2dSubgroup.forward && note.startsWith('x [3,9,6,2]'))
  .map((one) => {
    const { x, w } = one.buffers as Record<'x' | 'w', number>;
    const { out_channels, in_width, in_channels } = one.values;
    const given = { x: normals(x, 1), w: normals(w, 2) };
    given.w[w - out_channels + 1] = Number.POSITIVE_INFINITY;
    given.x.fill(Number.POSITIVE_INFINITY, x - 2 * in_width * in_channels);
    return { ...one, note: `${one.note}, infinite`, buffers: { ...one.buffers, ...given } };
  });
/** One product, of a pixel by a pixel, in each chunk. */
const manyChunks: KernelCase = {
  ...{ kernel: conv2dSubgroup.filterBackward, note: `${PAST_THE_LIMIT} chunks` },
  values: {
    ...{
      batch: PAST_THE_LIMIT,
      in_height: 1,
      in_width: 1,
      in_channels: 1,
      out_height: 1,
      out_width: 1,
      out_channels: 4,
    },
    ...{ kernel_height: 1, kernel_width: 1, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1 },
    ...{ pad_top: 0, pad_left: 0, chunks: PAST_THE_LIMIT, chunk_length: 1 },
  },
  buffers: { x: PAST_THE_LIMIT, dy: 4 * PAST_THE_LIMIT, dw: 4 * PAST_THE_LIMIT },
};
const pooling = (
  [
    [
      [1, 1, 1, 1],
      [1, 1],
      [1, 1],
    ],
    [
      [2, 6, 8, 3],
      [2, 2],
      [2, 2],
    ],
    [
      [2, 7, 9, 2],
      [3, 2],
      [2, 3],
    ],
    [
      [1, 8, 8, 5],
      [3, 3],
      [1, 1],
    ],
    [
      [0, 4, 4, 1],
      [2, 2],
      [2, 2],
    ],
  ] as const
).flatMap(([x, size, stride]): KernelCase[] => {
  const [batch, in_height, in_width, channels] = x;
  const out_height = Math.floor((in_height - size[0]) / stride[0]) + 1;
  const out_width = Math.floor((in_width - size[1]) / stride[1]) + 1;
  const values = {
    ...{ batch, in_height, in_width, channels, out_height, out_width },
    ...{ window_height: size[0], window_width: size[1], stride_height: stride[0], stride_width: stride[1] },
  };
  const count = batch * in_height * in_width * channels;
  const ties = Float32Array.from(integers(count, 40), (value) =>
    value === 7 ? Number.NaN : value === 8 ? Number.NEGATIVE_INFINITY : value % 4,
  );
  const note = `x [${x}], window [${size}], stride [${stride}]`;
  const out = batch * out_height * out_width * channels;
  return [
    { kernel: maxPoolForward, note, values, buffers: { x: ties, y: out } },
    { kernel: maxPoolBackward, note, values, buffers: { x: ties, dy: out, dx: count } },
  ];
});

// LSTM.
const lstm = (
  [
    [lstmCell, lstmCellBackward, 1, 1],
    [lstmCell, lstmCellBackward, 3, 5],
    [lstmCell, lstmCellBackward, 2, 67],
    [lstmCellVec4, lstmCellBackwardVec4, 1, 4],
    [lstmCellVec4, lstmCellBackwardVec4, 4, 4],
    [lstmCellVec4, lstmCellBackwardVec4, 3, 8],
    [lstmCellVec4, lstmCellBackwardVec4, 5, 36],
    [lstmCellVec4, lstmCellBackwardVec4, 2, 128],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 1, 4],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 17, 32],
    [lstmCellSubgroup, lstmCellBackward, 18, 7],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 19, 36],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 2, 128],
    [lstmSequence, lstmSequenceBackward, 1, 4],
    [lstmSequence, lstmSequenceBackward, 3, 36],
    [lstmSequence, lstmSequenceBackward, 2, 132],
    [lstmSequence, lstmSequenceBackward, 0, 4],
    [lstmSequence, lstmSequenceBackward, PAST_THE_LIMIT, 4],
  ] as const
).flatMap(([forward, backward, batch, hidden_size]): KernelCase[] => {
  const time = batch === PAST_THE_LIMIT ? 1 : 3;
  const states = (time + 1) * batch * hidden_size;
  const gates = 4 * time * batch * hidden_size;
  const recurrent = normals(4 * hidden_size ** 2, 9).map((value) => value / Math.sqrt(hidden_size));
  // Behind the last step the mask says padding: it is not to be asked there.
  const mask = Float32Array.from({ length: (time + 1) * batch }, (_, index) =>
    index % 3 === 1 || index >= time * batch ? 0 : 1,
  );
  const within = normals(gates, 5).map((value) => 1 / (1 + Math.exp(-value)));
  const note = `batch ${batch}, hidden ${hidden_size}`;
  const forwardBuffers = {
    ...{ x_gates: gates, recurrent, mask, gates: new Float32Array(gates) },
    ...{ hidden: normals(states, 3), cells: normals(states, 4) },
  };
  const backwardCase = {
    buffers: {
      ...{ recurrent, gates: within, cells: states, mask, dhidden: states, dcells: states },
      ...{ state: normals(states + batch * hidden_size, 6), dgates: normals(gates, 7) },
    },
    tolerance: { absolute: 1e-4, relative: 1e-4 },
  };
  if (forward === lstmSequence)
    return [
      { kernel: forward, note, values: { time, batch, hidden_size }, buffers: forwardBuffers },
      { kernel: backward, note, values: { time, batch, hidden_size }, ...backwardCase },
    ];
  return [0, 1, 2, 3].flatMap((step): KernelCase[] => [
    ...(step < time
      ? [
          {
            ...{ kernel: forward, note: `${note}, step ${step}` },
            ...{ values: { step, batch, hidden_size }, buffers: forwardBuffers },
          },
        ]
      : []),
    { kernel: backward, note: `${note}, step ${step}`, values: { step, time, batch, hidden_size }, ...backwardCase },
  ]);
});

// Movement and updates.
const axes = (prefix: string, strides: number[]) =>
  Object.fromEntries(strides.map((stride, axis) => [`${prefix}_stride_${axis}`, stride]));
const movement = ([1, 4] as const).flatMap((run): KernelCase[] => {
  const [copies, filled] = run === 1 ? [stridedCopies, fills] : [stridedCopiesCpu, fillsCpu];
  return [
    ...(
      [
        [copies.scalar, 1],
        [copies.vec4, 4],
      ] as const
    ).map(([kernel, width]) => ({
      kernel,
      note: 'swaps axes, from and to places inside',
      values: {
        ...{ count: 3 * 4 * 7, size_1: 1, size_2: 3, size_3: 4, size_4: 7, x_offset: 2, y_offset: 1 },
        ...axes('x', [0, 0, 7, 21, 1]),
        ...axes('y', [0, 0, 40, 8, 1]),
      },
      buffers: { x: width * (2 + 84), y: new Float32Array(width * (1 + 120)) },
    })),
    ...(
      [
        [copies.scalar, 1],
        [copies.vec4, 4],
      ] as const
    ).map(([kernel, width]) => ({
      kernel,
      note: 'permutes five axes',
      values: {
        ...{ count: 2 * 3 * 4 * 5 * 2, size_1: 3, size_2: 4, size_3: 5, size_4: 2, x_offset: 1, y_offset: 4 },
        ...axes('x', [3, 1, 60, 6, 30]),
        ...axes('y', [120, 40, 10, 2, 1]),
      },
      buffers: { x: width * (1 + 2 * 3 * 4 * 5 * 2), y: new Float32Array(width * (4 + 2 * 3 * 4 * 5 * 2)) },
    })),
    ...(
      [
        [copies.scalar, 12],
        [copies.vec4, 3],
      ] as const
    ).map(([kernel, count]) => ({
      kernel,
      note: 'fewer than a workgroup',
      values: {
        ...{ count, size_1: 1, size_2: 1, size_3: 1, size_4: count, x_offset: 0, y_offset: 0 },
        ...axes('x', [0, 0, 0, 0, 1]),
        ...axes('y', [0, 0, 0, 0, 1]),
      },
      buffers: { x: 12, y: 12 },
    })),
    {
      kernel: copies.scalar,
      note: 'flips, and leaves gaps',
      values: {
        count: 67,
        size_1: 1,
        size_2: 1,
        size_3: 1,
        size_4: 67,
        x_offset: 66,
        y_offset: 2,
        ...axes('x', [0, 0, 0, 0, -1]),
        ...axes('y', [0, 0, 0, 0, 2]),
      },
      buffers: { x: 67, y: new Float32Array(140) },
    },
    {
      kernel: copies.scalar,
      note: 'copies nothing',
      values: {
        count: 0,
        size_1: 1,
        size_2: 1,
        size_3: 1,
        size_4: 0,
        x_offset: 0,
        y_offset: 0,
        ...axes('x', [0, 0, 0, 0, 1]),
        ...axes('y', [0, 0, 0, 0, 1]),
      },
      buffers: { x: 3, y: new Float32Array(3) },
    },
    ...[0, 1, 63, 64, 1009, 2090].flatMap((count): KernelCase[] => [
      { kernel: filled.f32, note: `${count}`, values: { count, value: 0.5 }, buffers: { y: count } },
      {
        kernel: filled.i32,
        note: `${count}`,
        values: { count, value: -7 },
        buffers: { y: count },
        types: { y: 'i32' },
      },
      { kernel: filled.u32, note: `${count}`, values: { count, value: 7 }, buffers: { y: count }, types: { y: 'u32' } },
      {
        kernel: filled.bool,
        note: `${count}`,
        values: { count, value: 1 },
        buffers: { y: count },
        types: { y: 'u32' },
      },
    ]),
  ];
});
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, correction1: 0.19, correction2: 0.002 };
const updateRules: [UpdateKernels, Record<string, number>][] = [
  [sgdUpdate, {}],
  [sgdUpdate, { limit: Number.POSITIVE_INFINITY }],
  [momentumUpdate, { momentum: 0.9 }],
  [nesterovUpdate, { momentum: 0.9 }],
  [adamUpdate, adam],
  [adamUpdate, { ...adam, epsilon: 0.5 }],
  [rmspropUpdate, { rho: 0.9, epsilon: 1e-3 }],
  [adagradUpdate, { epsilon: 1e-3 }],
];
/** The same update with gradients that are not finite, and the scale that has it leave everything as it is. */
function skipped(one: KernelCase): KernelCase {
  const gradients = Object.entries(one.buffers).filter(([name]) => /^(gradient|values)/.test(name));
  const spoilt = gradients.map(([name, given]) => {
    const values = typeof given === 'number' ? normals(given) : given;
    return [name, values.map((_, at) => (at % 2 === 0 ? Number.NaN : Number.POSITIVE_INFINITY))] as const;
  });
  const buffers = { ...one.buffers, ...Object.fromEntries(spoilt), scale: Float32Array.of(0) };
  return { ...one, note: `${one.note}, skipped`, buffers };
}
const updates = updateRules.flatMap(([{ dense, byRows, moments }, numbers]): KernelCase[] => {
  const common = { rate: 0.1, decay: 0.3, limit: 1.5, ...numbers };
  const scale = Float32Array.of(0.75);
  const states = (slot: number, count: number, seed: number) => ({
    [`parameter${slot}`]: normals(count, seed),
    ...Object.fromEntries(
      moments.map((name, index) => [`${name}${slot}`, normals(count, seed + 1 + index).map(Math.abs)]),
    ),
  });
  const counts = [0, 1, 4, 255, 256, 1009];
  return [
    ...dense.flatMap((kernel, more) =>
      counts.map((_, first): KernelCase => {
        const own = Array.from({ length: more + 1 }, (_, slot) => counts[(first + slot) % counts.length]);
        const sizes = Object.fromEntries(own.map((count, slot) => [`count${slot}`, count]));
        const buffers = own.map((count, slot) => ({
          ...{ [`gradient${slot}`]: normals(count, 1 + slot) },
          ...states(slot, count, 20 + 7 * slot),
        }));
        return {
          kernel,
          note: `${own}`,
          values: { ...sizes, ...common },
          buffers: Object.assign({ scale }, ...buffers),
        };
      }),
    ),
    ...[
      [9, 5, 4],
      [70, 40, 8],
      [0, 3, 12],
    ].map(([count, rows, cols]) => {
      const { order, starts } = byRow(
        integers(count, rows + 2).map((index) => index - 1),
        rows,
      );
      const given = { scale, values: count * cols, order, starts };
      return {
        ...{ kernel: byRows, note: `${count} of (${rows}, ${cols})` },
        values: { count: count, rows: rows, cols: cols, ...common },
        buffers: { ...given, ...states(0, rows * cols, 4) },
      };
    }),
  ].flatMap((one) => [one, skipped(one)]);
});

const roofs: KernelCase[] = [
  // Of 1, -1 and 0.5 all chains are exact, in half precision too, and those of 1 and -1 never forget where they began.
  ...[...roofKernels.multiplyAdds, ...roofKernels.f16MultiplyAdds].flatMap((kernel): KernelCase[] =>
    [1, 130].map((count) => ({
      ...{ kernel, note: `${count}`, values: { count } },
      buffers: {
        x: Float32Array.from({ length: 4 * count }, (_, at) => [1, -1, 0.5][at % 3]),
        y: kernel.name.endsWith('f32') ? count : 4 * count,
      },
      ...(kernel.f16 ? { tolerance: { relative: 1e-3 } } : {}),
    })),
  ),
  ...roofKernels.copies.flatMap((kernel): KernelCase[] =>
    [1, 63, 258].map((count) => ({
      ...{ kernel, note: `${count}`, values: { count }, buffers: { x: 4 * count, y: 4 * count } },
    })),
  ),
  ...[
    [1, 1],
    [67, 3],
    [300, 70],
  ].map(([count, parts]) => ({
    ...{ kernel: roofKernels.read, note: `${count} in ${parts}`, values: { count: count, parts: parts } },
    ...{ buffers: { x: 4 * count, y: 4 * parts }, tolerance: { absolute: 1e-4 } },
  })),
];

const plain: readonly KernelCase[] = [
  ...[...roofs, ...sumsOfTwo],
  ...[...matmul, ...reduce, ...emptySums, ...attentions, ...scans, ...sorts, ...argmax, ...softmax, ...entropy],
  ...softmaxGradients,
  ...layerNorms,
  ...[...gather, ...convolution, ...infiniteConvolution, manyChunks, ...pooling, ...lstm, ...movement, ...updates],
];

/** The kernels for operands in half precision, by those for f32: what is told of these holds for those. */
const halves: readonly (readonly [Kernel, Kernel])[] = [
  [matmulNaive, matmulF16.naive],
  [matmulTiled, matmulF16.tiled],
  [matmulRegister, matmulF16.register],
  ...(['rows', 'columns', 'any', 'tall'] as const).map(
    (name) => [matmulSubgroup[name], matmulSubgroupF16[name]] as const,
  ),
  ...(['forward', 'inputBackward', 'filterBackward'] as const).map(
    (name) => [conv2dRegister[name], conv2dF16[name]] as const,
  ),
  [stridedCopies.scalar, stridedCopiesF16.scalar],
  [stridedCopies.vec4, stridedCopiesF16.vec4],
  [stridedCopiesCpu.scalar, stridedCopiesF16Cpu.scalar],
  [stridedCopiesCpu.vec4, stridedCopiesF16Cpu.vec4],
  [fills.f32, fills.f16],
  [fillsCpu.f32, fillsCpu.f16],
  ...(['any', 'vec4'] as const).flatMap((reading) => {
    const { f32_8x8x8, ...shapes } = matmulSubgroupMatrix;
    return [
      [matmulWide[reading], matmulWideF16[reading]] as const,
      ...Object.values(shapes).map((of) => [f32_8x8x8[reading], of[reading]] as const),
    ];
  }),
];
const pairs = plain.flatMap((one) =>
  halves.filter(([own]) => own === one.kernel).map(([, kernel]) => [one, kernel] as const),
);
const ofF16: readonly KernelCase[] = pairs.map(([one, kernel]) => {
  // Products give f32; what only moves elements moves them as they are.
  const moves = kernel.marks.length === 0 && !kernel.name.startsWith('conv2d');
  const stored = kernel.bindings.filter(({ access }) => access === 'read' || (moves && access === 'read_write'));
  return { ...one, kernel, types: Object.fromEntries(stored.map(({ name }) => [name, 'f16' as const])) };
});

/** A case whose epilogue takes a half in and stores halves. */
function storingF16(one: KernelCase): KernelCase {
  const { fusions = [], buffers, types } = hooked(one, 'epilogue', 0.5);
  const [{ expression, ...fusion }] = fusions;
  const [product] = expression.steps;
  const steps = [product, { fn: cast.f16, operands: [{ kind: 'step', index: 0 } as const], type: 'f16' as const }];
  return {
    ...{ ...one, note: `${one.note}, storing halves`, buffers },
    types: { ...types, [fusion.on]: 'f16', epilogue_in0: 'f16' },
    fusions: [{ ...fusion, expression: { ...expression, inputs: [{ type: 'f16', layout: 'same' }], steps } }],
    tolerance: { absolute: 1e-4, relative: 1e-3 },
  };
}

/** A case with a product at one of its hooks: each value with the number at its own place, which rise or fall. */
function hooked(one: KernelCase, hook: Fusion['hook'], slope: number): KernelCase {
  const access = hook === 'epilogue' ? 'read_write' : 'read';
  const on = one.kernel.bindings.find((binding) => binding.access === access)!.name;
  const content = one.buffers[on];
  const count = typeof content === 'number' ? content : content.length;
  const operands = [{ kind: 'value' } as const, { kind: 'input', index: 0 } as const];
  const expression: Fusion['expression'] = {
    inputs: [{ type: 'f32', layout: 'same' }],
    numbers: [],
    steps: [{ fn: multiply, operands, type: 'f32' }],
  };
  return {
    ...one,
    note: `${one.note}, with ${hook}, slope ${slope}`,
    fusions: [{ hook, on, count, expression }],
    buffers: {
      ...one.buffers,
      [`${hook}_in0`]: Float32Array.from({ length: count }, (_, at) => 1 + (slope * at) / count),
    },
  };
}

const sizeOf = ({ buffers }: KernelCase): number =>
  Object.values(buffers).reduce<number>((sum, given) => sum + (typeof given === 'number' ? given : given.length), 0);

/** For each kernel with hooks its largest case of everyday size. */
const withHooks = [...new Set([...plain, ...ofF16].map(({ kernel }) => kernel))].flatMap((kernel) => {
  const own = [...plain, ...ofF16].filter(
    (one) => one.kernel === kernel && sizeOf(one) < 25_000 && !one.note.endsWith('infinite'),
  );
  const largest = own.reduce((most, one) => (sizeOf(one) > sizeOf(most) ? one : most), own[0]);
  const changed = kernel.marks.flatMap(({ hook }) => [hooked(largest, hook, 0.5), hooked(largest, hook, -0.5)]);
  return kernel.marks.some(({ hook }) => hook === 'epilogue') ? [...changed, storingF16(largest)] : changed;
});

export const kernelCases: readonly KernelCase[] = [...plain, ...ofF16, ...withHooks, ...elementwiseCases, ...f16Cases];
