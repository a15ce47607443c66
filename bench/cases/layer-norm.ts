import { layerNormBackward, layerNormForward, layerNormNaive } from '../../src/kernels/index.js';
import { type KernelCase, rowRungs, single } from './case.js';

function layerNorm(rows: number, cols: number, when?: KernelCase['when']): KernelCase[] {
  const values = { rows, cols, centered: 1, epsilon: 1e-3 };
  const size = rows * cols;
  const forward = { x: size, scale: cols, shift: cols, y: size, mean: rows, mean_low: rows, rstd: rows };
  // What the forward pass would have kept of rows of normal numbers.
  const kept = { mean: new Float32Array(rows), mean_low: new Float32Array(rows), rstd: new Float32Array(rows).fill(1) };
  const { epsilon: _, ...sizes } = values;
  return [
    {
      when,
      ...layerNormForward.workgroup.scalar.cost(values),
      name: `layer norm ${rows} x ${cols}`,
      buffers: forward,
      outputs: ['y', 'mean', 'rstd'], // mean_low depends on the order of summation
      rungs: [single('naive', layerNormNaive, values), ...rowRungs(layerNormForward, values)],
    },
    {
      when,
      ...layerNormBackward.workgroup.scalar.cost(sizes),
      name: `layer norm gradient ${rows} x ${cols}`,
      buffers: { x: size, scale: cols, ...kept, dy: size, dx: size },
      outputs: ['dx'],
      rungs: rowRungs(layerNormBackward, sizes),
    },
  ];
}

/** Rows as of a small network, of a large one, and many of them. */
export const layerNormCases: readonly KernelCase[] = [
  ...layerNorm(1024, 128, 'quick'),
  ...layerNorm(1024, 1024),
  ...layerNorm(8192, 4096, 'large'),
];
