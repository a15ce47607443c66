import { afterAll, describe, expect, test } from 'vitest';
import {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  setDefaultDevice,
  tensor,
  zeros,
} from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { at, type Naive, naive, reduceNaive } from '../support/naive.js';
import { expectClose, normals } from '../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: number[]) => mean(values.map((value) => (value - mean(values)) ** 2));

/** (x - mean) / √(variance + epsilon) · scale + shift, statistics over axes. */
function normalised(
  x: Naive,
  axes: number[],
  epsilon: number,
  scale?: readonly number[],
  shift?: readonly number[],
): Naive {
  const [means, variances] = [reduceNaive(x, axes, mean), reduceNaive(x, axes, variance)];
  return naive(x.shape, (index) => {
    const normal = (at(x, index) - at(means, index)) / Math.sqrt(at(variances, index) + epsilon);
    return normal * (scale?.[index.at(-1)!] ?? 1) + (shift?.[index.at(-1)!] ?? 0);
  });
}

const shape = [3, 4, 5, 6];
const values = normals(360, 1).map((value) => 2 * value + 3);
let next = 0;
const array = naive(shape, () => values[next++]);
const [scale, shift] = [normals(6, 2), normals(6, 3)];
const tolerance = { absolute: 2e-4, relative: 1e-4 };

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  const x = tensor(values, shape);
  const options = { scale: tensor(scale), shift: tensor(shift) };

  test('each takes its statistics over its axes', async () => {
    setDefaultDevice(device);
    const close = async (found: { data(): Promise<ArrayLike<number>> }, wanted: Naive) =>
      expectClose(await found.data(), wanted.data, tolerance);
    await close(layerNorm(x, options), normalised(array, [3], 1e-3, [...scale], [...shift]));
    await close(layerNorm(x, { axes: [1, 2, 3], epsilon: 1e-5 }), normalised(array, [1, 2, 3], 1e-5));
    await close(instanceNorm(x, options), normalised(array, [1, 2], 1e-3, [...scale], [...shift]));
    await close(batchNorm(x, options).y, normalised(array, [0, 1, 2], 1e-3, [...scale], [...shift]));
    const grouped = normalised({ shape: [3, 20, 2, 3], data: array.data }, [1, 3], 1e-3);
    await close(groupNorm(x, 2), { shape, data: grouped.data });
    const root = reduceNaive(array, [3], (row) => Math.sqrt(mean(row.map((value) => value * value)) + 1e-6));
    await close(
      rmsNorm(x, { scale: tensor(scale) }),
      naive(shape, (index) => (at(array, index) / at(root, index)) * scale[index.at(-1)!]),
    );
  });

  test('batch normalisation tells its statistics, and takes others', async () => {
    setDefaultDevice(device);
    const { mean: means, variance: variances } = batchNorm(x);
    expectClose(await means.data(), reduceNaive(array, [0, 1, 2], mean).data, tolerance);
    expectClose(await variances.data(), reduceNaive(array, [0, 1, 2], variance).data, tolerance);
    const used = batchNorm(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      {
        statistics: { mean: tensor([1, 1]), variance: tensor([4, 1]) },
        epsilon: 0,
      },
    );
    expectClose(await used.y.data(), [0, 1, 1, 3]);
  });
});

test('what does not fit is told', () => {
  expect(() => groupNorm(zeros([2, 3, 4]), 3)).toThrow('3 groups do not divide the channels of [2, 3, 4]');
  expect(() => instanceNorm(zeros([2, 3]))).toThrow('expected (batch, ..., channels), got [2, 3]');
  expect(() => batchNorm(zeros([3]))).toThrow('must have rank 2');
});
