import { expect } from 'vitest';
import { Generator, type HostArray } from '../../src/tensor/index.js';

/** Random normal numbers that f32 holds exactly, so that both devices start from the same ones. */
export function normals(length: number, seed = 1): Float32Array {
  const generator = new Generator(seed);
  return Float32Array.from({ length }, () => generator.normal());
}

/** Random whole numbers below a bound. */
export function integers(length: number, bound: number, seed = 1): Int32Array {
  const generator = new Generator(seed);
  return Int32Array.from({ length }, () => generator.integer(bound));
}

/** Asserts that two arrays agree within absolute + relative·|expected|. NaN agrees with nothing but NaN. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 1e-5, relative = 1e-5 } = {},
  what = 'values',
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    const [a, e] = [actual[index]!, expected[index]!];
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    if (!(Math.abs(a - e) <= absolute + relative * Math.abs(e))) {
      expect.fail(
        `${what}: element ${index} of ${expected.length}: got ${a}, expected ${e} (difference ${Math.abs(a - e)})`,
      );
    }
  }
}

export const toList = (values: HostArray): number[] => Array.from(values);
