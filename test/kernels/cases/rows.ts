import { crossEntropyBackward, crossEntropyForward } from '../../../src/kernels/rows/cross-entropy.js';
import { layerNormBackward, layerNormForward, layerNormNaive } from '../../../src/kernels/rows/layer-norm.js';
import {
  logSoftmaxBackward,
  logSoftmaxForward,
  softmaxBackward,
  softmaxForward,
  softmaxNaive,
} from '../../../src/kernels/rows/softmax.js';
import type { KernelCase } from '../../support/kernels.js';
import { integers, normals } from '../../support/numbers.js';
import { rowKernelsFor } from './common.js';

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
] as const;
/** Rows whose neighbors would spoil them: a maximum that is another row's, or not the largest, overflows. */
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
    note,
    rows,
    cols,
    values: noise.map((value, at) => value + x(Math.floor(at / cols), at % cols)),
  };
});
export const softmax: KernelCase[] = [
  ...[softmaxForward, logSoftmaxForward].flatMap((family) => [
    ...rowShapes.map(([rows, cols]) => ({ note: `(${rows}, ${cols})`, family, rows, cols, values: rows * cols })),
    ...farRows.map((one) => ({ family, ...one })),
  ]),
].flatMap(({ family, note, rows, cols, values: x }) =>
  [...rowKernelsFor(family, cols), ...(family === softmaxForward ? [softmaxNaive] : [])].map((kernel) => ({
    kernel,
    note,
    values: { rows, cols },
    buffers: { x, y: rows * cols },
  })),
);
export const softmaxGradients: KernelCase[] = rowShapes.flatMap(([rows, cols]) =>
  [softmaxBackward, logSoftmaxBackward].flatMap((family) =>
    rowKernelsFor(family, cols).map((kernel) => ({
      kernel,
      note: `(${rows}, ${cols})`,
      values: { rows, cols },
      buffers: { y: rows * cols, dy: rows * cols, dx: rows * cols },
      tolerance: { absolute: 1e-4, relative: 1e-4 },
    })),
  ),
);
export const layerNorms: KernelCase[] = [...rowShapes, [130, 3] as const].flatMap(([rows, cols]) =>
  [0, 1].flatMap((centered) => {
    const scale = normals(cols, 8);
    const common = { note: `(${rows}, ${cols})${centered === 1 ? '' : ', not centered'}` };
    const rstd = normals(rows, 4).map((value) => 1 + value ** 2);
    return [
      ...[layerNormNaive, ...rowKernelsFor(layerNormForward, cols)].map((kernel) => ({
        kernel,
        ...common,
        values: { rows, cols, centered, epsilon: 1e-3 },
        buffers: { x: rows * cols, scale, shift: cols, y: rows * cols, mean: rows, mean_low: rows, rstd: rows },
        tolerance: { absolute: 1e-4, relative: 1e-4 },
      })),
      ...rowKernelsFor(layerNormBackward, cols).map((kernel) => ({
        kernel,
        ...common,
        values: { rows, cols, centered },
        buffers: { x: rows * cols, scale, mean: rows, mean_low: rows, rstd, dy: rows * cols, dx: rows * cols },
        tolerance: { absolute: 1e-4, relative: 1e-4 },
      })),
    ];
  }),
);
export const entropy = [
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
      kernel,
      note,
      values,
      buffers: { logits, labels, loss: rows, maximum: rows, sums: rows },
    })),
    ...(typeof logits === 'number' ? [{ kernel: crossEntropyBackward, note, values, buffers: backward }] : []),
  ];
});
