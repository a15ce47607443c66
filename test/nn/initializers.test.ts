import { expect, test } from 'vitest';
import { glorotUniform, heNormal, heUniform, orthogonal, uniformInitializer } from '../../src/nn/index.js';
import { Generator } from '../../src/tensor/index.js';

const variance = (values: Float32Array) => values.reduce((sum, value) => sum + value ** 2, 0) / values.length;

test.each([
  ['Glorot uniform', glorotUniform, [100, 300], 2 / 400],
  ['Glorot uniform of a convolution', glorotUniform, [3, 3, 20, 40], 2 / (9 * 60)],
  ['He normal', heNormal, [200, 100], 2 / 200],
  ['He uniform', heUniform, [200, 100], 2 / 200],
  ['uniform', uniformInitializer(0.05), [100, 100], 0.05 ** 2 / 3],
] as const)('%s has its variance', (_, initializer, shape, expected) => {
  const values = initializer(shape, new Generator(1));
  expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(0.05);
});

test.each([
  [6, 6],
  [4, 9],
  [9, 4],
])('orthogonal %i x %i has orthonormal rows or columns', (rows, columns) => {
  const values = orthogonal([rows, columns], new Generator(2));
  const many = Math.min(rows, columns);
  const at = (vector: number, index: number) =>
    rows <= columns ? values[vector * columns + index]! : values[index * columns + vector]!;
  for (let a = 0; a < many; a++) {
    for (let b = 0; b < many; b++) {
      let dot = 0;
      for (let index = 0; index < Math.max(rows, columns); index++) dot += at(a, index) * at(b, index);
      expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-6);
    }
  }
});
