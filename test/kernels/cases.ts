import { attentionForward, attentionKeyGradient, attentionQueryGradient } from '../../src/kernels/attention.js';
import { conv2dFilterGradient, conv2dForward, conv2dInputGradient } from '../../src/kernels/conv2d.js';
import { crossEntropyBackward, crossEntropyForward } from '../../src/kernels/cross-entropy.js';
import { gatherRows, linkEqual, scatterAddRows } from '../../src/kernels/gather.js';
import {
  groupedConv2dFilterGradient,
  groupedConv2dForward,
  groupedConv2dInputGradient,
} from '../../src/kernels/grouped-conv2d.js';
import { lstmCell, lstmCellBackward, lstmCellBackwardFours, lstmCellFours } from '../../src/kernels/lstm.js';
import { matmulNaive, matmulRegister, matmulTiled } from '../../src/kernels/matmul.js';
import { matmulDirect } from '../../src/kernels/matmul-direct.js';
import { maxPoolBackward, maxPoolForward } from '../../src/kernels/max-pool.js';
import { fills, stridedCopies } from '../../src/kernels/movement.js';
import {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
} from '../../src/kernels/optimizers.js';
import { argmaxColumns, reductions } from '../../src/kernels/reduce.js';
import { cumulativeSum } from '../../src/kernels/scan.js';
import { logSoftmaxForward, softmaxForward } from '../../src/kernels/softmax.js';
import { argsort } from '../../src/kernels/sort.js';
import type { KernelCase } from '../support/kernels.js';
import { integers, normals } from '../support/numbers.js';

/*
 * Sizes for every kernel: 1, below, at and above a tile, primes, empty, and one past 65,535 workgroups where a kernel
 * has a workgroup a row.
 */
const PAST_THE_LIMIT = 65_537;

/** (l, δ) of attention's rows: l of the scores of the buffers that a case is filled with, and any δ. */
function softRows(sizeOfQ: number, sizeOfK: number, mask: Int32Array, values: Record<string, number>): Float32Array {
  const [q, k] = [normals(sizeOfQ, 1), normals(sizeOfK, 2)].map((one) => Float64Array.from(one)) as [
    Float64Array,
    Float64Array,
  ];
  const count = values.blocks! * values.queries!;
  const l = new Float64Array(count);
  const v = new Float64Array(values.blocks! * values.keys! * values.value_features!);
  const y = new Float64Array(count * values.value_features!);
  attentionForward.reference({ q, k, v, mask: Float64Array.from(mask), y, l, ...values });
  const deltas = normals(count, 9);
  return Float32Array.from({ length: 2 * count }, (_, at) => (at % 2 === 0 ? l[at >> 1]! : deltas[at >> 1]!));
}

// ---- matmul ------------------------------------------------------------------------------------------------------
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
  [1, 5, 0, 3],
  [0, 4, 4, 4],
];
const FOURS: [number, number, number, number][] = [
  [1, 4, 4, 4],
  [2, 8, 12, 16],
  [1, 64, 32, 72],
  [3, 4, 8, 4],
];
const matmul = [
  ...[matmulNaive, matmulTiled, matmulRegister, matmulDirect.scalar].flatMap((kernel) =>
    SIZES.flatMap((size) => [
      product(kernel, size, 'n', 'n'),
      product(kernel, size, 't', 'n'),
      product(kernel, size, 'n', 't'),
    ]),
  ),
  ...[matmulRegister, matmulDirect.scalar].map((kernel) => product(kernel, [2, 9, 150, 11], 'n', 't', 4)),
  ...FOURS.flatMap((size) => [
    product(matmulDirect.nn, size, 'n', 'n'),
    product(matmulDirect.tn, size, 't', 'n'),
    product(matmulDirect.nt, size, 'n', 't'),
  ]),
  // Only the axes that are read by fours need whole fours.
  product(matmulDirect.nn, [1, 7, 12, 20], 'n', 'n'),
  product(matmulDirect.tn, [1, 8, 13, 20], 't', 'n'),
  product(matmulDirect.nt, [1, 7, 12, 11], 'n', 't'),
  ...(['nn', 'tn', 'nt'] as const).map((way) =>
    product(matmulDirect[way], [1, 8, 148, 12], way[0] as 'n' | 't', way[1] as 'n' | 't', 3),
  ),
];

// ---- reductions --------------------------------------------------------------------------------------------------
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
const reduce = Object.values(reductions).flatMap(({ rows, columns }) => [
  ...[
    [1, 1],
    [3, 63],
    [2, 64],
    [5, 65],
    [1, 1009],
    [PAST_THE_LIMIT, 2],
  ].map(([outer, n]) => reduction(rows, outer!, n!, 1)),
  reduction(rows, 2, 1009, 1, 100),
  ...[
    [1, 1, 1],
    [2, 7, 3],
    [3, 100, 64],
    [1, 5, 257],
    [0, 4, 3],
  ].map(([outer, n, inner]) => reduction(columns, outer!, n!, inner!)),
  reduction(columns, 2, 101, 5, 10),
]);
const scans: KernelCase[] = [
  [1, 1, 1],
  [2, 7, 3],
  [3, 67, 1],
  [1, 1000, 2],
  [2, 0, 3],
].flatMap(([outer, n, inner]) =>
  [0, 1].map((flag) => ({
    kernel: cumulativeSum,
    note: `${outer} x ${n} x ${inner}, ${flag ? 'exclusive, reverse' : 'plain'}`,
    values: { outer: outer!, n: n!, inner: inner!, exclusive: flag, reverse: flag },
    buffers: { x: outer! * n! * inner!, y: outer! * n! * inner! },
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  })),
);
const sorts: KernelCase[] = [
  [1, 1, 1],
  [2, 7, 3],
  [1, 67, 1],
  [2, 300, 2],
  [2, 0, 3],
].map(([outer, n, inner]) => ({
  kernel: argsort,
  note: `${outer} x ${n} x ${inner}`,
  values: { outer: outer!, n: n!, inner: inner! },
  // Few different numbers: there are equals to order.
  buffers: {
    x: Float32Array.from(integers(outer! * n! * inner!, 40), (value) => (value === 7 ? Number.NaN : value - 20)),
    y: outer! * n! * inner!,
  },
  types: { y: 'i32' },
}));
const attentions = [
  { blocks: 1, heads: 1, queries: 1, keys: 1, features: 1, value_features: 1, causal: 0 },
  { blocks: 6, heads: 2, queries: 5, keys: 7, features: 4, value_features: 3, causal: 0 },
  { blocks: 2, heads: 2, queries: 3, keys: 131, features: 8, value_features: 70, causal: 0 },
  { blocks: 4, heads: 2, queries: 67, keys: 67, features: 5, value_features: 6, causal: 1 },
  { blocks: 2, heads: 1, queries: 9, keys: 4, features: 65, value_features: 2, causal: 1 },
  { blocks: 0, heads: 1, queries: 3, keys: 3, features: 2, value_features: 2, causal: 0 },
].flatMap((s): KernelCase[] => {
  const values = { ...s, scale: 0.5, mask_batch: 2 * s.keys, mask_head: s.keys, mask_query: 0, mask_key: 1 };
  const [q, k] = [s.blocks * s.queries, s.blocks * s.keys];
  // A mask by keys, for each head of a sample; it may leave a row nothing to look at.
  const mask = integers(Math.max(1, Math.ceil(s.blocks / s.heads) * 2 * s.keys), 4, 3).map((one) => Number(one > 0));
  const inputs = { q: q * s.features, k: k * s.features, v: k * s.value_features, mask: Uint32Array.from(mask) };
  const back = { dy: q * s.value_features, rows: 2 * q };
  const note = `${s.blocks} blocks, ${s.queries} queries, ${s.keys} keys, ${s.features} features${s.causal ? ', causal' : ''}`;
  const tolerance = { absolute: 1e-4, relative: 1e-4 };
  // l must be that of the scores: a gradient with another one has no meaning, and overflows.
  const rows = softRows(inputs.q, inputs.k, mask, values);
  return [
    { kernel: attentionForward, note, values, buffers: { ...inputs, y: q * s.value_features, l: q }, tolerance },
    {
      kernel: attentionQueryGradient,
      note,
      values,
      buffers: { ...inputs, ...back, rows, dq: q * s.features },
      tolerance,
    },
    {
      kernel: attentionKeyGradient,
      note,
      values,
      buffers: { ...inputs, ...back, rows, dk: k * s.features, dv: k * s.value_features },
      tolerance,
    },
  ];
});
const emptySums = [reduction(reductions.sum.columns, 2, 0, 3), reduction(reductions.sum.rows, 2, 0, 1)];
const argmax: KernelCase[] = [
  [1, 1, 1],
  [3, 7, 5],
  [2, 64, 1],
  [67, 10, 1],
].map(([outer, n, inner]) => ({
  kernel: argmaxColumns,
  note: `(${outer}, ${n}, ${inner})`,
  values: { outer: outer!, n: n!, inner: inner! },
  buffers: { x: Float32Array.from(integers(outer! * n! * inner!, 5)), y: outer! * inner! }, // few values: many ties
  types: { y: 'i32' },
}));

// ---- softmax and cross-entropy -------------------------------------------------------------------------------------
const rowShapes = [
  [1, 1],
  [3, 63],
  [2, 64],
  [4, 65],
  [3, 1009],
  [0, 5],
  [PAST_THE_LIMIT, 3],
] as const;
const softmax: KernelCase[] = [softmaxForward, logSoftmaxForward].flatMap((kernel) => [
  ...rowShapes.map(([rows, cols]) => ({
    kernel,
    note: `(${rows}, ${cols})`,
    values: { rows, cols },
    buffers: { x: rows * cols, y: rows * cols },
  })),
  {
    kernel,
    note: 'rows far apart: a maximum of another row would overflow',
    values: { rows: 5, cols: 67 },
    buffers: { x: normals(5 * 67, 3).map((value, at) => 3 * value + 300 * ((3 * Math.floor(at / 67)) % 5)), y: 5 * 67 },
  },
  {
    kernel,
    note: 'large logits',
    values: { rows: 2, cols: 3 },
    buffers: { x: new Float32Array([1000, 1001, 999, -1000, 0, 88]), y: 6 },
  },
]);
const entropy = rowShapes.flatMap(([rows, cols]): KernelCase[] => {
  const labels = integers(rows, cols);
  return [
    {
      kernel: crossEntropyForward,
      note: `(${rows}, ${cols})`,
      values: { rows, cols },
      buffers: { logits: rows * cols, labels, loss: rows, normalizer: rows },
    },
    {
      kernel: crossEntropyBackward,
      note: `(${rows}, ${cols})`,
      values: { rows, cols },
      buffers: {
        logits: rows * cols,
        labels,
        normalizer: new Float32Array(rows).fill(4),
        dloss: rows,
        dlogits: rows * cols,
      },
    },
  ];
});

// ---- gather ------------------------------------------------------------------------------------------------------
const gather = [
  [1, 1, 1],
  [7, 5, 3],
  [70, 11, 64],
  [0, 3, 2],
  [300, 4, 5],
].flatMap(([count, rows, cols]): KernelCase[] => {
  const indices = integers(count!, rows! + 2).map((index) => index - 1); // some lie outside of the table
  const heads = Int32Array.from(indices, (row, place) => (indices.indexOf(row) === place ? 1 : 0));
  const links = Int32Array.from(indices, (row, place) => indices.indexOf(row, place + 1));
  const note = `${count} of (${rows}, ${cols})`;
  return [
    {
      kernel: gatherRows,
      note,
      values: { count: count!, rows: rows!, cols: cols! },
      buffers: { table: rows! * cols!, indices, y: count! * cols! },
    },
    {
      kernel: linkEqual,
      note,
      values: { count: count! },
      buffers: { indices, heads: count!, links: count! },
      types: { heads: 'i32', links: 'i32' },
    },
    {
      kernel: scatterAddRows,
      note,
      values: { count: count!, rows: rows!, cols: cols! },
      buffers: { dy: count! * cols!, indices, heads, links, dtable: new Float32Array(rows! * cols!) },
    },
  ];
});

// ---- convolution and pooling -----------------------------------------------------------------------------------------
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
    const [forward, inputGradient, filterGradient] =
      groups === undefined
        ? [conv2dForward, conv2dInputGradient, conv2dFilterGradient]
        : [groupedConv2dForward, groupedConv2dInputGradient, groupedConv2dFilterGradient];
    return [
      { kernel: forward, note, values, buffers: sizes, tolerance },
      { kernel: inputGradient, note, values, buffers: { dy: sizes.y, w: sizes.w, dx: sizes.x }, tolerance },
      { kernel: filterGradient, note, values, buffers: { x: sizes.x, dy: sizes.y, dw: sizes.w }, tolerance },
      {
        kernel: filterGradient,
        note: `${note}, ${chunks} chunks`,
        values: { ...values, chunks, chunk_length: 3 },
        buffers: { x: sizes.x, dy: sizes.y, dw: chunks * sizes.w },
        tolerance,
      },
    ];
  },
);
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
  const ties = Float32Array.from(integers(count, 4));
  const note = `x [${x}], window [${size}], stride [${stride}]`;
  const out = batch * out_height * out_width * channels;
  return [
    { kernel: maxPoolForward, note, values, buffers: { x: ties, y: out } },
    { kernel: maxPoolBackward, note, values, buffers: { x: ties, dy: out, dx: count } },
  ];
});

// ---- LSTM --------------------------------------------------------------------------------------------------------
const lstm = (
  [
    [lstmCell, lstmCellBackward, 1, 1],
    [lstmCell, lstmCellBackward, 3, 5],
    [lstmCell, lstmCellBackward, 2, 67],
    [lstmCellFours, lstmCellBackwardFours, 1, 4],
    [lstmCellFours, lstmCellBackwardFours, 3, 8],
    [lstmCellFours, lstmCellBackwardFours, 5, 36],
    [lstmCellFours, lstmCellBackwardFours, 2, 128],
  ] as const
).flatMap(([forward, backward, batch, hidden_size]): KernelCase[] => {
  const time = 3;
  const states = (time + 1) * batch * hidden_size;
  const gates = 4 * time * batch * hidden_size;
  const recurrent = normals(4 * hidden_size ** 2, 9).map((value) => value / Math.sqrt(hidden_size));
  const mask = Float32Array.from({ length: time * batch }, (_, index) => (index % 3 === 1 ? 0 : 1));
  const within = normals(gates, 5).map((value) => 1 / (1 + Math.exp(-value)));
  return [0, 1, 2, 3].flatMap((step): KernelCase[] => [
    ...(step < time
      ? [
          {
            kernel: forward,
            note: `batch ${batch}, hidden ${hidden_size}, step ${step}`,
            values: { step, batch, hidden_size },
            buffers: {
              x_gates: gates,
              recurrent,
              mask,
              hidden: normals(states, 3),
              cells: normals(states, 4),
              gates: new Float32Array(gates),
            },
          },
        ]
      : []),
    {
      kernel: backward,
      note: `batch ${batch}, hidden ${hidden_size}, step ${step}`,
      values: { step, time, batch, hidden_size },
      buffers: {
        ...{ recurrent, gates: within, cells: states, mask, dhidden: states, dcells: states },
        ...{ state: normals(states + batch * hidden_size, 6), dgates: normals(gates, 7) },
      },
      tolerance: { absolute: 1e-4, relative: 1e-4 },
    },
  ]);
});

// ---- movement and updates ------------------------------------------------------------------------------------------
const axes = (prefix: string, strides: number[]) =>
  Object.fromEntries(strides.map((stride, axis) => [`${prefix}_stride_${axis}`, stride]));
const movement: KernelCase[] = [
  {
    kernel: stridedCopies.fours,
    note: 'swaps axes, from and to places inside',
    values: {
      ...{ count: 3 * 5 * 7, size_1: 1, size_2: 3, size_3: 5, size_4: 7, x_offset: 2, y_offset: 1 },
      ...axes('x', [0, 0, 7, 21, 1]),
      ...axes('y', [0, 0, 40, 8, 1]),
    },
    buffers: { x: 4 * (2 + 105), y: new Float32Array(4 * (1 + 120)) },
  },
  {
    kernel: stridedCopies.ones,
    note: 'permutes five axes',
    values: {
      count: 2 * 3 * 4 * 5 * 2,
      size_1: 3,
      size_2: 4,
      size_3: 5,
      size_4: 2,
      x_offset: 0,
      y_offset: 0,
      ...axes('x', [3, 1, 60, 6, 30]),
      ...axes('y', [120, 40, 10, 2, 1]),
    },
    buffers: { x: 2 * 3 * 4 * 5 * 2, y: 2 * 3 * 4 * 5 * 2 },
  },
  {
    kernel: stridedCopies.ones,
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
    kernel: stridedCopies.ones,
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
  ...[0, 1, 63, 64, 1009].flatMap((count): KernelCase[] => [
    { kernel: fills.f32, note: `${count}`, values: { count, value: 0.5 }, buffers: { y: count } },
    { kernel: fills.i32, note: `${count}`, values: { count, value: -7 }, buffers: { y: count }, types: { y: 'i32' } },
    { kernel: fills.u32, note: `${count}`, values: { count, value: 7 }, buffers: { y: count }, types: { y: 'u32' } },
    { kernel: fills.bool, note: `${count}`, values: { count, value: 1 }, buffers: { y: count }, types: { y: 'u32' } },
  ]),
];
const updates = [0, 1, 4, 255, 256, 1009].flatMap((count): KernelCase[] => {
  const update = (kernel: KernelCase['kernel'], numbers: Record<string, number>, ...moments: string[]): KernelCase => ({
    kernel,
    note: `${count}`,
    values: { count, rate: 0.1, decay: 0.3, ...numbers },
    buffers: {
      ...{ gradient: normals(count, 1), parameter: normals(count, 2) },
      ...Object.fromEntries(moments.map((name, index) => [name, normals(count, 3 + index).map(Math.abs)])),
    },
  });
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, correction1: 0.19, correction2: 0.002 };
  return [
    update(sgdUpdate, {}),
    update(momentumUpdate, { momentum: 0.9 }, 'velocity'),
    update(nesterovUpdate, { momentum: 0.9 }, 'velocity'),
    update(adamUpdate, adam, 'm', 'v'),
    update(rmspropUpdate, { rho: 0.9, epsilon: 1e-3 }, 'v'),
    update(adagradUpdate, { epsilon: 1e-3 }, 'v'),
  ];
});

export const kernelCases: readonly KernelCase[] = [
  ...[...matmul, ...reduce, ...emptySums, ...attentions, ...scans, ...sorts, ...argmax, ...softmax, ...entropy],
  ...[...gather, ...convolution, ...pooling, ...lstm, ...movement, ...updates],
];
