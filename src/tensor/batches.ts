import type { HostArray } from '../gpu/device.js';
import { Generator } from './generator.js';

/*
 * Rows of arrays on the host and batches of them, for training from tables and from tensors.
 */

/** Returns the row indices of an epoch: shuffled by (seed, epoch), or in ascending order without a seed. */
export const epochOrder = (rows: number, seed: number | undefined, epoch = 0): Uint32Array =>
  seed === undefined ? range(0, rows) : new Generator(seed, epoch).permutation(rows);

/** Returns the integers of [begin, end). */
export const range = (begin: number, end: number): Uint32Array =>
  Uint32Array.from({ length: end - begin }, (_, index) => begin + index);

/** Yields consecutive batches of at most `size` rows, without the first `skip` batches. */
export function* batchesOf(order: Uint32Array, size: number, skip = 0): globalThis.Generator<Uint32Array> {
  for (let begin = skip * size; begin < order.length; begin += size) yield order.subarray(begin, begin + size);
}

/** Copies rows of an array into another one, which has room for exactly these rows, and returns the latter. */
export function copyRows<Array extends HostArray>(from: Array, rows: Uint32Array, into: Array): Array {
  const width = into.length / rows.length;
  rows.forEach((row, at) => {
    into.set(from.subarray(row * width, (row + 1) * width), at * width);
  });
  return into;
}
