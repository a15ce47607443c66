import { afterAll, describe, expect, test } from 'vitest';
import {
  batchNorm,
  grad,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
  setDefaultDevice,
  tensor,
  zeros,
} from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { at, type Naive, naive, reduceNaive } from '../../support/naive.js';
import { expectClose, normals } from '../../support/numbers.js';

afterAll(() => setDefaultDevice(undefined));

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: number[]) => {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
};

/** (x - mean) / √(variance + epsilon) · scale + shift, statistics over axes. */
function normalized(
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

/** The gradients of Σ w ⊙ layerNorm(x) for x and for the scale. */
function gradientsOfRows(x: Naive, scale: ArrayLike<number>, w: ArrayLike<number>): [number[], number[]] {
  const [rows, cols] = x.shape;
  const [normal, inverse] = [
    normalized(x, [1], 1e-3),
    reduceNaive(x, [1], (row) => 1 / Math.sqrt(variance(row) + 1e-3)),
  ];
  const g = naive(x.shape, ([r, c]) => w[r * cols + c] * scale[c]);
  const [along, alongX] = [g, naive(x.shape, (index) => at(g, index) * at(normal, index))].map((one) =>
    reduceNaive(one, [1], mean),
  );
  const dx = naive(x.shape, ([r, c]) => {
    const left = at(g, [r, c]) - at(along, [r, 0]) - at(normal, [r, c]) * at(alongX, [r, 0]);
    return at(inverse, [r, 0]) * left;
  });
  const dscale = naive([cols], ([c]) =>
    Array.from({ length: rows }, (_, r) => w[r * cols + c] * at(normal, [r, c])).reduce((sum, one) => sum + one, 0),
  );
  return [[...dx.data], [...dscale.data]];
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
    await close(layerNorm(x, options), normalized(array, [3], 1e-3, [...scale], [...shift]));
    await close(layerNorm(x, { axes: [1, 2, 3], epsilon: 1e-5 }), normalized(array, [1, 2, 3], 1e-5));
    await close(instanceNorm(x, options), normalized(array, [1, 2], 1e-3, [...scale], [...shift]));
    await close(batchNorm(x, options).y, normalized(array, [0, 1, 2], 1e-3, [...scale], [...shift]));
    const grouped = normalized({ shape: [3, 20, 2, 3], data: array.data }, [1, 3], 1e-3);
    await close(groupNorm(x, 2), { shape, data: grouped.data });
    const root = reduceNaive(array, [3], (row) => Math.sqrt(mean(row.map((value) => value * value)) + 1e-6));
    await close(
      rmsNorm(x, { scale: tensor(scale) }),
      naive(shape, (index) => (at(array, index) / at(root, index)) * scale[index.at(-1)!]),
    );
  });

  test('batch normalization tells its statistics, and takes others', async () => {
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

describe.each([
  ['gpu', gpu],
  ['reference', reference],
])('values with a large mean on the %s', (_, device) => {
  // Rows of which each has a mean of its own; the formulas are applied to what f32 keeps of them.
  const means = [-1e7, -1e5, 1e4, 1e5, 1e6, 1e7];
  const data = Float32Array.from(normals(means.length * 1003, 4), (value, at) => means[Math.floor(at / 1003)] + value);
  const rows = naive([means.length, 1003], (index) => data[index[0] * 1003 + index[1]]);
  const x = () => tensor(data, rows.shape);

  test('variance, and its gradient', async () => {
    setDefaultDevice(device);
    const own = x();
    const variances = own.variance(-1);
    const [dx] = grad(variances.sum(), [own]);
    const middles = reduceNaive(rows, [1], mean);
    const slopes = naive(rows.shape, (index) => (2 * (at(rows, index) - at(middles, [index[0], 0]))) / 1003);
    const relative = { absolute: 0, relative: 4e-6 };
    expectClose(await variances.data(), reduceNaive(rows, [1], variance).data, relative);
    expectClose(await dx.data(), slopes.data, { absolute: 1e-8, relative: 1e-5 });
    expectClose(await own.std(0).data(), reduceNaive(rows, [0], variance).data.map(Math.sqrt), relative);
  });

  test('layer, instance, group and batch normalization', async () => {
    setDefaultDevice(device);
    const expected = normalized(rows, [1], 1e-3).data;
    const close = { absolute: 2e-5, relative: 0 };
    expectClose(await layerNorm(x()).data(), expected, close);
    expectClose(await groupNorm(x(), 1).data(), expected, close);
    expectClose(await instanceNorm(x().reshape([means.length, 1003, 1])).data(), expected, close);
    const { y, mean: found, variance: spread } = batchNorm(x().transpose());
    expectClose(await y.transpose().data(), expected, close);
    expectClose(await found.data(), reduceNaive(rows, [1], mean).data, { absolute: 0, relative: 1e-6 });
    expectClose(await spread.data(), reduceNaive(rows, [1], variance).data, { absolute: 0, relative: 4e-6 });
  });

  test('the gradients of layer normalization', async () => {
    setDefaultDevice(device);
    const own = x();
    const [scale, weights] = [tensor(normals(1003, 5)), tensor(normals(rows.data.length, 6), rows.shape)];
    const slopes = await Promise.all(
      grad(layerNorm(own, { scale }).mul(weights).sum(), [own, scale]).map((one) => one.data()),
    );
    const [dx, dscale] = gradientsOfRows(rows, await scale.data(), await weights.data());
    expectClose(slopes[0], dx, { absolute: 1e-4, relative: 0 });
    expectClose(slopes[1], dscale, { absolute: 1e-4, relative: 0 });
  });
});

test('constant rows are normalized to 0', async () => {
  setDefaultDevice(gpu);
  const x = tensor(new Float32Array(3 * 70).fill(16777215), [3, 70]);
  expectClose(await layerNorm(x, { epsilon: 1e-12 }).data(), new Float32Array(210));
  expectClose(await x.variance(-1).data(), [0, 0, 0]);
});

test('what does not fit is an error', () => {
  expect(() => groupNorm(zeros([2, 3, 4]), 3)).toThrow('3 groups do not divide the channels of [2, 3, 4]');
  expect(() => instanceNorm(zeros([2, 3]))).toThrow('expected (batch, ..., channels), got [2, 3]');
  expect(() => batchNorm(zeros([3]))).toThrow('must have rank 2');
});
