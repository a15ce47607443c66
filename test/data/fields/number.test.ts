import { expect, test } from 'vitest';
import { number } from '../../../src/data/fields/number.js';
import { encode, learn } from '../../support/fields.js';
import { expectClose } from '../../support/numbers.js';

const point = number.settings({});
const comma = number.settings({ decimal: ',' });

test('a number is finite, with the decimal mark of its column', () => {
  expect(['1', ' -2.5e3 ', 7, 12n, '.5'].map((cell) => number.parse(cell, point))).toEqual([1, -2500, 7, 12, 0.5]);
  expect(['1,5', '-2,5e3', '7'].map((cell) => number.parse(cell, comma))).toEqual([1.5, -2500, 7]);
  expect(['', ' ', 'NA', 'NaN', Number.NaN, undefined].map((cell) => number.parse(cell, point))).toEqual(
    Array(6).fill(undefined),
  );
  for (const cell of ['Infinity', '1e400', Number.POSITIVE_INFINITY, 'seven', '1 2', new Date(0), new Uint8Array(3)])
    expect(() => number.parse(cell, point), String(cell)).toThrow('expected a finite number, got ');
  expect(() => number.parse('1,5', point)).toThrow("got '1,5'; for decimals such as 1,5 set decimal: ','");
});

test('numbers are standardized by the training rows, and the absent are 0', async () => {
  const state = await learn(number, [1, 3, undefined, 5, 7]);
  expect(state).toMatchObject({ mean: 4, deviation: Math.sqrt(5) });
  const { present, values } = await encode(number, state, ['4', undefined, 9, '-1e300']);
  expect(present.data).toEqual([1, 0, 1, 1]);
  expect(values.shape).toEqual([4, 1]);
  expectClose(values.data, [0, 0, Math.sqrt(5), -1e6]);
});

test('mean and deviation keep their digits where the mean is large, and constants divide by 1', async () => {
  const state = await learn(
    number,
    Array.from({ length: 1000 }, (_, index) => 1e9 + (index % 2)),
  );
  expectClose([state.mean - 1e9, state.deviation], [0.5, 0.5]);
  expect(await learn(number, [0.1, 0.1, 0.1])).toMatchObject({ deviation: 1 });
  await expect(learn(number, [1e308, -1e308])).rejects.toThrow("too large for a deviation; set scaling: 'quantile'");
});

test('quantiles map any distribution to mean 0 and deviation 1', async () => {
  const cells = Array.from({ length: 5000 }, (_, index) => Math.exp(index / 500));
  const state = await learn(number, cells, { scaling: 'quantile' });
  const { values } = await encode(number, state, cells);
  const mean = values.data.reduce((sum, value) => sum + value) / 5000;
  const variance = values.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 5000;
  expectClose([mean, variance], [0, 1], { absolute: 0.01 });
  const outside = await encode(number, state, [-5, 1e300]);
  expectClose(outside.values.data, [-Math.sqrt(3), Math.sqrt(3)]);
});

test('a value on which many quantiles fall lies in the middle of them', async () => {
  const cells = [...Array(50).fill(0), ...Array(50).fill(1)];
  const state = await learn(number, cells, { scaling: 'quantile' });
  const { values } = await encode(number, state, [0, 0.5, 1]);
  expect(values.data[0]).toBeCloseTo(-Math.sqrt(12) / 4, 1);
  expect(values.data[1]).toBeCloseTo(0, 1);
  expect(values.data[2]).toBeCloseTo(Math.sqrt(12) / 4, 1);
  const extreme = await learn(number, [-1e308, 1e308], { scaling: 'quantile' });
  expectClose((await encode(number, extreme, [0])).values.data, [0]);
});

test('bins hold equally many of the training values, however they are scaled', async () => {
  const cells = Array.from({ length: 1001 }, (_, index) => (index / 1000) ** 3);
  const state = await learn(number, cells, { bins: 4 });
  const standard = (value: number) => (value - state.mean) / state.deviation;
  expectClose(
    state.edges,
    [0, 0.25, 0.5, 0.75, 1].map((share) => standard(share ** 3)),
  );
  const byRank = await learn(number, cells, { bins: 4, scaling: 'quantile' });
  expectClose(
    byRank.edges,
    [-0.5, -0.25, 0, 0.25, 0.5].map((rank) => Math.sqrt(12) * rank),
  );
});

test('where quantiles fall together there are fewer bins, and none for one or two different values', async () => {
  const zeros = await learn(number, [...Array(80).fill(0), ...Array.from({ length: 20 }, (_, index) => index + 1)]);
  expect(zeros.edges.length).toBeGreaterThan(3);
  expect(zeros.edges.length).toBeLessThan(8);
  expect((await learn(number, [1, 2, 3], { bins: 0 })).edges).toEqual([]);
  expect((await learn(number, [7, 7, 7])).edges).toEqual([]);
  expect(() => number.settings({ bins: 1001 })).toThrow('bins must be an integer from 0 to 1000');
});
