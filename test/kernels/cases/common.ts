import type { RowKernels } from '../../../src/kernels/rows/row-kernels.js';

/** The row groups' kernels that can compute rows of so many numbers. */
export const rowKernelsFor = ({ workgroup, lanes }: RowKernels, cols: number) =>
  [workgroup, lanes].flatMap(({ scalar, vec4 }) => (cols % 4 === 0 ? [scalar, vec4] : [scalar]));
/** Every so many numbers, one that is none, and an infinity, which is a number. */
export const spoil = (x: Float32Array, every: number): Float32Array =>
  x.map((value, at) => (at % every === 5 ? Number.NaN : at % every < 2 ? (at % 2 === 0 ? 1 : -1) / 0 : value));
