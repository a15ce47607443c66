import { expect, test } from 'vitest';
import { batchesOf, copyRows, epochOrder, range } from '../../src/tensor/batches.js';

test('an epoch has each row once, in an order of its own by seed and epoch', () => {
  expect([...epochOrder(4, undefined)]).toEqual([0, 1, 2, 3]);
  const [first, again, later] = [epochOrder(50, 1), epochOrder(50, 1), epochOrder(50, 1, 1)];
  expect([...first].sort((a, b) => a - b)).toEqual([...range(0, 50)]);
  expect(again).toEqual(first);
  expect(later).not.toEqual(first);
});

test('batches follow each other, the last may be smaller, and some may be left out', () => {
  const sizes = (skip?: number) => [...batchesOf(range(3, 10), 3, skip)].map((batch) => [...batch]);
  expect(sizes()).toEqual([[3, 4, 5], [6, 7, 8], [9]]);
  expect(sizes(2)).toEqual([[9]]);
});

test('rows are copied in the order that is asked for, one as often as it is', () => {
  const rows = copyRows(Int32Array.of(1, 2, 3, 4, 5, 6), Uint32Array.of(2, 0, 2, 1), new Int32Array(8));
  expect([...rows]).toEqual([5, 6, 1, 2, 5, 6, 3, 4]);
});
