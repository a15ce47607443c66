import { expect } from 'vitest';
import { Generator, type HostArray } from '../../src/tensor/index.js';

/** For each seed the longest row of numbers that was asked for: a shorter one is its beginning. */
const drawn = new Map<number, Float32Array>();

/** Random normal numbers that f32 holds exactly, so that both devices start from the same ones. */
export function normals(length: number, seed = 1): Float32Array {
  const known = drawn.get(seed);
  if (known !== undefined && known.length >= length) return known.slice(0, length);
  const generator = new Generator(seed);
  const values = Float32Array.from({ length }, () => generator.normal());
  drawn.set(seed, values);
  return values.slice();
}

/** Random integers below a bound. */
export function integers(length: number, bound: number, seed = 1): Int32Array {
  const generator = new Generator(seed);
  return Int32Array.from({ length }, () => generator.integer(bound));
}

export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

/**
 * What is wrong with the first element that is not within absolute + relative·|expected|; undefined where all are. NaN
 * agrees with nothing but NaN, an infinity with nothing but itself.
 */
export function disagreement(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 1e-5, relative = 1e-5 }: Tolerance = {},
): string | undefined {
  for (let index = 0; index < expected.length; index++) {
    const [a, e] = [actual[index], expected[index]];
    // Beyond what f32 holds, infinity is right.
    if (a === e || a === Math.fround(e) || (Number.isNaN(a) && Number.isNaN(e))) continue;
    if (!(Number.isFinite(e) && Math.abs(a - e) <= absolute + relative * Math.abs(e)))
      return `element ${index} of ${expected.length}: got ${a}, expected ${e} (difference ${Math.abs(a - e)})`;
  }
  return undefined;
}

/** Asserts that two arrays agree. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance = {},
  what = 'values',
): void {
  expect(actual.length, what).toBe(expected.length);
  const wrong = disagreement(actual, expected, tolerance);
  if (wrong !== undefined) expect.fail(`${what}: ${wrong}`);
}

export const toList = (values: HostArray): number[] => Array.from(values);
