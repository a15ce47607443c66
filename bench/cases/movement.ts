import { fills, fillsCpu, stridedCopies, stridedCopiesCpu } from '../../src/kernels/index.js';
import { type KernelCase, single } from './case.js';

/** Uniforms of a strided copy: sizes, then strides, outermost first. */
const copyOf = (
  [size_0, size_1, size_2, size_3, size_4]: readonly [number, number, number, number, number],
  from: readonly number[],
  to: readonly number[],
) => ({
  count: size_0 * size_1 * size_2 * size_3 * size_4,
  size_1,
  size_2,
  size_3,
  size_4,
  x_offset: 0,
  y_offset: 0,
  ...Object.fromEntries(from.map((stride, axis) => [`x_stride_${axis}`, stride])),
  ...Object.fromEntries(to.map((stride, axis) => [`y_stride_${axis}`, stride])),
});

/** y (cols, rows) = the transpose of x (rows, cols). */
function transpose(rows: number, cols: number, when?: KernelCase['when']): KernelCase {
  const values = copyOf([1, 1, 1, cols, rows], [0, 0, 0, 1, cols], [0, 0, 0, rows, 1]);
  return {
    name: `transpose ${rows} x ${cols}`,
    when,
    flops: 0,
    bytes: 8 * rows * cols,
    buffers: { x: rows * cols, y: rows * cols },
    outputs: ['y'],
    rungs: [
      single('an invocation an element', stridedCopies.scalar, values),
      single('an invocation four elements', stridedCopiesCpu.scalar, values),
    ],
  };
}

/** y (rows, 2 · cols), its left half, = x (rows, cols): what a concatenation does. */
function concatenation(rows: number, cols: number, when?: KernelCase['when']): KernelCase {
  const ones = copyOf([1, 1, 1, rows, cols], [0, 0, 0, cols, 1], [0, 0, 0, 2 * cols, 1]);
  const vec4 = copyOf([1, 1, 1, rows, cols / 4], [0, 0, 0, cols / 4, 1], [0, 0, 0, cols / 2, 1]);
  return {
    name: `concatenation ${rows} x ${cols}`,
    when,
    flops: 0,
    bytes: 8 * rows * cols,
    outputs: ['y'],
    buffers: { x: rows * cols, y: new Float32Array(2 * rows * cols) },
    rungs: [
      single('an element', stridedCopies.scalar, ones),
      single('vec4', stridedCopies.vec4, vec4),
      single('four vec4 an invocation', stridedCopiesCpu.vec4, vec4),
    ],
  };
}

function fill(count: number): KernelCase {
  const values = { count, value: 0.5 };
  return {
    name: `fill ${count}`,
    flops: 0,
    bytes: 4 * count,
    buffers: { y: count },
    outputs: ['y'],
    rungs: [
      single('four elements an invocation', fills.f32, values),
      single('four vec4 an invocation', fillsCpu.f32, values),
    ],
  };
}

export const movementCases: readonly KernelCase[] = [
  transpose(256, 512, 'quick'),
  transpose(1024, 2048),
  concatenation(1024, 1024),
  fill(2 ** 21),
  transpose(8192, 4096, 'large'),
];
