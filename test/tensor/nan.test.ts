import { afterAll, expect, test } from 'vitest';
import { type Device, grad, ops, setDefaultDevice, type Tensor, tensor } from '../../src/tensor/index.js';
import { gpu, reference } from '../support/devices.js';
import { normals } from '../support/numbers.js';

/*
 * One NaN in an input makes NaN of what depends on it, values and gradients, on every adapter as in float64: a run that
 * computes with NaN is not to show a falling loss.
 */
afterAll(() => setDefaultDevice(undefined));

interface NanCase {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  compute(given: Readonly<Record<string, Tensor>>): Tensor;
}

const labels = () => tensor(Int32Array.of(0, 4, 2, 1));
const rows = { x: [4, 5] };
const recurrences = (gates: number) => ({
  x: [2, 3, 4],
  kernel: [4, gates * 4],
  recurrent: [4, gates * 4],
  bias: [gates * 4],
});

const cases: Readonly<Record<string, NanCase>> = {
  softmax: { shapes: rows, compute: ({ x }) => x.softmax() },
  'softmax of whole vec4s': { shapes: { x: [3, 8] }, compute: ({ x }) => x.softmax() },
  logSoftmax: { shapes: rows, compute: ({ x }) => x.logSoftmax() },
  logSumExp: { shapes: rows, compute: ({ x }) => ops.logSumExp(x, -1) },
  crossEntropyRows: { shapes: rows, compute: ({ x }) => ops.crossEntropyRows(x, labels()) },
  layerNorm: {
    shapes: { ...rows, scale: [5], shift: [5] },
    compute: ({ x, scale, shift }) => ops.layerNorm(x, { scale, shift }),
  },
  rmsNorm: { shapes: { ...rows, scale: [5] }, compute: ({ x, scale }) => ops.rmsNorm(x, { scale }) },
  batchNorm: { shapes: { x: [4, 5] }, compute: ({ x }) => ops.batchNorm(x).y },
  variance: { shapes: rows, compute: ({ x }) => x.variance(-1) },
  cumsum: { shapes: rows, compute: ({ x }) => ops.cumsum(x, 1) },
  attention: {
    shapes: { q: [1, 2, 3, 4], k: [1, 2, 5, 4], v: [1, 2, 5, 3] },
    compute: ({ q, k, v }) => ops.attention(q, k, v, { causal: true }),
  },
  lstm: {
    shapes: { ...recurrences(4), hidden: [2, 4], cell: [2, 4] },
    compute: ({ x, kernel, recurrent, bias, hidden, cell }) =>
      ops.lstm(x, kernel, recurrent, bias, {
        initial: { hidden, cell },
        mask: tensor([
          [1, 0, 1],
          [1, 1, 1],
        ]),
      }).sequence,
  },
  gru: {
    shapes: { ...recurrences(3), recurrentBias: [12], initial: [2, 4] },
    compute: ({ x, kernel, recurrent, bias, recurrentBias, initial }) =>
      ops.gru(x, kernel, recurrent, bias, recurrentBias, { initial }).sequence,
  },
};

/** Where a result and the gradients of its weighted sum are NaN, with NaN as element 1 of one input. */
async function nans(
  device: Device,
  { shapes, compute }: NanCase,
  poisoned: string,
): Promise<Record<string, boolean[]>> {
  setDefaultDevice(device);
  const given = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], seed) => {
      const values = normals(
        shape.reduce((size, length) => size * length, 1),
        seed + 1,
      );
      return [name, tensor(name === poisoned ? values.with(1, Number.NaN) : values, shape)];
    }),
  );
  const y = compute(given);
  const weighted = y.mul(tensor(normals(y.size, 9), y.shape));
  const results = {
    y,
    ...Object.fromEntries(
      grad(weighted.sum(), Object.values(given)).map((one, at) => [`d${Object.keys(given)[at]}`, one]),
    ),
  };
  const found: Record<string, boolean[]> = {};
  for (const [name, one] of Object.entries(results)) found[name] = Array.from(await one.data(), Number.isNaN);
  return found;
}

test.each(
  Object.entries(cases).flatMap(([name, one]) => Object.keys(one.shapes).map((input) => [name, input] as const)),
)('%s with NaN in %s', async (name, input) => {
  const expected = await nans(reference, cases[name], input);
  expect(expected.y.includes(true)).toBe(true);
  expect(await nans(gpu, cases[name], input)).toEqual(expected);
});

test.each([
  ['gpu', gpu],
  ['reference', reference],
])('a pixel that is no number spoils only what is made of it, on the %s', async (_, device) => {
  setDefaultDevice(device);
  // One channel, 1 x 5 pixels.
  const image = (value: number) => tensor([1, 2, value, 4, 5], [1, 1, 5, 1]);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const found = async (y: Tensor) => Array.from(await y.data());
    expect(await found(ops.adaptiveAveragePool2d(image(value), [1, 3]))).toEqual([1.5, value, 4.5]);
    expect(await found(ops.adaptiveAveragePool2d(image(value), [1, 5]))).toEqual([1, 2, value, 4, 5]);
    const wide = await found(ops.resize(image(value), [1, 10], 'bilinear'));
    expect(wide.map(Number.isFinite)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false],
      ...[true, true, true],
    ]);
    // Each third output lies on a pixel: it takes nothing of the others.
    expect(await found(ops.resize(image(value).slice([0, 0, 1], [1, 1, 4]), [1, 9], 'bilinear'))).toEqual([
      ...[2, 2],
      ...[value, value, value, value, value],
      ...[4, 4],
    ]);
  }
});
