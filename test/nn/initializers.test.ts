import { expect, test } from 'vitest';
import { constant, initializers, orthogonal, truncatedNormal, varianceScaling } from '../../src/nn/index.js';
import { Generator } from '../../src/tensor/index.js';

const variance = (values: Float32Array) => values.reduce((sum, value) => sum + value ** 2, 0) / values.length;

test.each([
  ['glorotUniform', [100, 300], 2 / 400],
  ['glorotUniform', [3, 3, 20, 40], 2 / (9 * 60)],
  ['glorotNormal', [3, 3, 20, 40], 2 / (9 * 60)],
  ['heNormal', [200, 100], 2 / 200],
  ['heUniform', [200, 100], 2 / 200],
  ['lecunNormal', [5, 40, 100], 1 / 200],
  ['lecunUniform', [200, 100], 1 / 200],
  ['randomUniform', [100, 200], 0.05 ** 2 / 3],
  ['randomNormal', [100, 200], 0.05 ** 2],
  ['truncatedNormal', [100, 200], (0.05 * 0.8796) ** 2],
] as const)('%s of %j has its variance', (name, shape, expected) => {
  const values = initializers[name](shape, new Generator(1));
  expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(0.05);
});

test('normal distributions by the name of Keras are truncated at two deviations', () => {
  expect(Math.max(...truncatedNormal(1, 0.5)([50, 50], new Generator(3)).map((x) => Math.abs(x - 1)))).toBeLessThan(1);
  const largest = Math.max(...initializers.heNormal([50, 50], new Generator(3)));
  expect(largest).toBeLessThan((2 * Math.sqrt(2 / 50)) / 0.8796);
  const whole = varianceScaling({ distribution: 'normal', mode: 'fanOut' })([50, 50], new Generator(3));
  expect(Math.max(...whole)).toBeGreaterThan(2 * Math.sqrt(1 / 50));
});

test('constants, ones and the identity', () => {
  const generator = new Generator(0);
  expect([...constant(3)([2], generator)]).toEqual([3, 3]);
  expect([...initializers.ones([1, 2], generator)]).toEqual([1, 1]);
  expect([...initializers.identity([2, 3], generator)]).toEqual([1, 0, 0, 0, 1, 0]);
  expect(() => initializers.identity([2], generator)).toThrow('expected a matrix, got shape [2]');
});

test.each([
  [6, 6],
  [4, 9],
  [9, 4],
])('orthogonal %i x %i has orthonormal rows or columns', (rows, columns) => {
  const values = orthogonal([rows, columns], new Generator(2));
  const many = Math.min(rows, columns);
  const at = (vector: number, index: number) =>
    rows <= columns ? values[vector * columns + index] : values[index * columns + vector];
  for (let a = 0; a < many; a++) {
    for (let b = 0; b < many; b++) {
      let dot = 0;
      for (let index = 0; index < Math.max(rows, columns); index++) dot += at(a, index) * at(b, index);
      expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-6);
    }
  }
});
