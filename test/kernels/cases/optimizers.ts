import {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
  type UpdateKernels,
} from '../../../src/kernels/optimizers.js';
import type { KernelCase } from '../../support/kernels.js';
import { integers, normals } from '../../support/numbers.js';
import { byRow } from './reduce.js';

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
export const updates = updateRules.flatMap(([{ dense, byRows, moments }, numbers]): KernelCase[] => {
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
          [`gradient${slot}`]: normals(count, 1 + slot),
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
        kernel: byRows,
        note: `${count} of (${rows}, ${cols})`,
        values: { count: count, rows: rows, cols: cols, ...common },
        buffers: { ...given, ...states(0, rows * cols, 4) },
      };
    }),
  ].flatMap((one) => [one, skipped(one)]);
});
