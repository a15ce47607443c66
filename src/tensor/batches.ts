import type { HostArray } from '../gpu/device.js';
import { Generator } from './generator.js';

/*
 * Rows in arrays on the host, and batches of them: what training from tables and from tensors have in common.
 */

/** The rows of an epoch: shuffled by (seed, epoch), or in their order without a seed. */
export const epochOrder = (rows: number, seed: number | undefined, epoch = 0): Uint32Array =>
  seed === undefined ? range(0, rows) : new Generator(seed, epoch).permutation(rows);

/** The integers from `begin` up to `end`, which is not one of them. */
export const range = (begin: number, end: number): Uint32Array =>
  Uint32Array.from({ length: end - begin }, (_, index) => begin + index);

/** Consecutive batches of at most `size` rows; those before `skip` are left out. */
export function* batchesOf(order: Uint32Array, size: number, skip = 0): globalThis.Generator<Uint32Array> {
  for (let begin = skip * size; begin < order.length; begin += size) yield order.subarray(begin, begin + size);
}

/** Copies the given rows of an array into another, which has room for just these; returns that. */
export function copyRows<Array extends HostArray>(from: Array, rows: Uint32Array, into: Array): Array {
  const width = into.length / rows.length;
  rows.forEach((row, at) => {
    into.set(from.subarray(row * width, (row + 1) * width), at * width);
  });
  return into;
}
