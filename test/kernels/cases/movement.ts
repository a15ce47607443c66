import { fills, stridedCopies } from '../../../src/kernels/movement.js';
import { fillsCpu, stridedCopiesCpu } from '../../../src/kernels/movement-cpu.js';
import { sliceUpdates } from '../../../src/kernels/slice-update.js';
import type { KernelCase } from '../../support/kernels.js';

const axes = (prefix: string, strides: number[]) =>
  Object.fromEntries(strides.map((stride, axis) => [`${prefix}_stride_${axis}`, stride]));
export const movement = ([1, 4] as const).flatMap((run): KernelCase[] => {
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
        count: 3 * 4 * 7,
        size_1: 1,
        size_2: 3,
        size_3: 4,
        size_4: 7,
        x_offset: 2,
        y_offset: 1,
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
        count: 2 * 3 * 4 * 5 * 2,
        size_1: 3,
        size_2: 4,
        size_3: 5,
        size_4: 2,
        x_offset: 1,
        y_offset: 4,
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
        count,
        size_1: 1,
        size_2: 1,
        size_3: 1,
        size_4: count,
        x_offset: 0,
        y_offset: 0,
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

/**
 * y's own numbers, which stay where no row is written, are their places. Behind the last sample stands a place to begin
 * that is inside: who goes on to one more writes there.
 */
const updated = (
  batch: number,
  inner: number,
  length: number,
  rows: number,
  cols: number,
  begin: number[],
): KernelCase[] =>
  (cols % 4 === 0 ? [sliceUpdates.scalar, sliceUpdates.vec4] : [sliceUpdates.scalar]).map((kernel) => ({
    kernel,
    note: `${rows} rows of ${cols} in (${batch}, ${inner}, ${length}) from ${begin} on`,
    values: { batch, inner, length, rows, cols },
    buffers: {
      values: batch * inner * rows * cols,
      begin: Int32Array.from([...begin, 0]),
      y: Float32Array.from({ length: batch * inner * length * cols }, (_, at) => at),
    },
  }));
export const slicesUpdated: readonly KernelCase[] = [
  ...updated(2, 3, 7, 1, 4, [0, 6]),
  ...updated(3, 1, 5, 2, 3, [-1, 4, 1]),
  ...updated(3, 2, 5, 2, 8, [-2, 5, 3]),
  ...updated(1, 1, 1, 1, 1, [0]),
  ...updated(5, 7, 13, 11, 16, [0, 1, 2, 3, 2 ** 31 - 1]),
  ...updated(2, 2, 40, 37, 20, [3, 0]),
  ...updated(2, 2, 5, 0, 4, [0, 1]),
  ...updated(2, 2, 0, 3, 4, [0, 1]),
  ...updated(0, 2, 5, 1, 4, []),
];
