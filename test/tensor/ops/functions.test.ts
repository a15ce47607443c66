import { afterAll, describe, expect, test } from 'vitest';
import {
  atan2,
  elu,
  gelu,
  hardSigmoid,
  leakyRelu,
  setDefaultDevice,
  silu,
  softplus,
  type Tensor,
  tensor,
} from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose } from '../../support/numbers.js';

/*
 * Functions of one operand against float64, over sizes from tiny to large and both signs, and at their corners.
 */
afterAll(() => setDefaultDevice(undefined));

const sizes = [1e-20, 1e-6, 1e-3, 0.01, 0.05, 0.1, 0.29, 0.31, 0.34, 0.36, 0.49, 0.51, 0.7, 0.99];
const large = [1, 1.3, 1.5, 2, 2.5, 3, 3.5, 5, 7.3, 12, 40];
const both = (values: readonly number[]) => [0, ...values, ...values.map((value) => -value)];
const everywhere = both([...sizes, ...large]);

interface Case {
  readonly apply: (x: Tensor) => Tensor;
  readonly exact: (x: number) => number;
  readonly values?: readonly number[];
  readonly tolerance?: number;
}

const exactSoftplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const cases: Readonly<Record<string, Case>> = {
  exp: { apply: (x) => x.exp(), exact: Math.exp, values: both([...sizes, 1, 5, 12]) },
  expm1: { apply: (x) => x.expm1(), exact: Math.expm1, values: both([...sizes, 1, 5, 12]) },
  log: { apply: (x) => x.log(), exact: Math.log, values: [...sizes, ...large] },
  log1p: { apply: (x) => x.log1p(), exact: Math.log1p, values: [...both(sizes), ...large] },
  sqrt: { apply: (x) => x.sqrt(), exact: Math.sqrt, values: [0, ...sizes, ...large] },
  sin: { apply: (x) => x.sin(), exact: Math.sin, values: both([...sizes, 1, 2, 3]), tolerance: 1e-3 },
  cos: { apply: (x) => x.cos(), exact: Math.cos, values: both([...sizes, 1, 2, 3]), tolerance: 1e-3 },
  tan: { apply: (x) => x.tan(), exact: Math.tan, values: both([...sizes, 1]), tolerance: 2e-3 },
  asin: { apply: (x) => x.asin(), exact: Math.asin, values: both(sizes), tolerance: 1e-3 },
  acos: { apply: (x) => x.acos(), exact: Math.acos, values: both(sizes), tolerance: 1e-3 },
  atan: { apply: (x) => x.atan(), exact: Math.atan, tolerance: 1e-3 },
  sinh: { apply: (x) => x.sinh(), exact: Math.sinh, values: both([...sizes, 1, 5, 12]), tolerance: 1e-4 },
  cosh: { apply: (x) => x.cosh(), exact: Math.cosh, values: both([...sizes, 1, 5, 12]) },
  tanh: { apply: (x) => x.tanh(), exact: Math.tanh },
  sigmoid: { apply: (x) => x.sigmoid(), exact: (x) => 1 / (1 + Math.exp(-x)) },
  erf: { apply: (x) => x.erf(), exact: () => Number.NaN },
  abs: { apply: (x) => x.abs(), exact: Math.abs },
  sign: { apply: (x) => x.sign(), exact: Math.sign },
  floor: { apply: (x) => x.floor(), exact: Math.floor },
  ceil: { apply: (x) => x.ceil(), exact: Math.ceil },
  reciprocal: { apply: (x) => x.reciprocal(), exact: (x) => 1 / x, values: [...sizes, ...large] },
  relu: { apply: (x) => x.relu(), exact: (x) => Math.max(x, 0) },
  silu: { apply: silu, exact: (x) => x / (1 + Math.exp(-x)) },
  softplus: { apply: softplus, exact: exactSoftplus },
  leakyRelu: { apply: leakyRelu, exact: (x) => (x > 0 ? x : 0.2 * x) },
  elu: { apply: elu, exact: (x) => (x > 0 ? x : Math.expm1(x)) },
  hardSigmoid: { apply: hardSigmoid, exact: (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1) },
  clip: { apply: (x) => x.clip(-0.5, 2), exact: (x) => Math.min(Math.max(x, -0.5), 2) },
};

describe.each(Object.entries(cases))('%s', (name, { apply, exact, values = everywhere, tolerance = 1e-5 }) => {
  test('is what mathematics says on the reference device, and near it on the adapter', async () => {
    setDefaultDevice(reference);
    const wanted = await apply(tensor(Float64Array.from(values))).data();
    if (name !== 'erf') expectClose(wanted, values.map(exact), { absolute: 1e-14, relative: 1e-13 });
    setDefaultDevice(gpu);
    const found = await apply(tensor(Float32Array.from(values))).data();
    expectClose(found, wanted, { absolute: tolerance * 0.1, relative: tolerance });
  });
});

test('the error function has its tabled values', async () => {
  setDefaultDevice(reference);
  const x = [0.1, 0.5, 1, 1.5, 2, 3, -1];
  // Abramowitz and Stegun, table 7.1.
  const tabled = [0.112462916, 0.5204998778, 0.8427007929, 0.9661051465, 0.995322265, 0.9999779095, -0.8427007929];
  expectClose(await tensor(x).erf().data(), tabled, { absolute: 1e-10 });
});

test('gelu is x times the normal distribution; its approximation is near', async () => {
  for (const device of [gpu, reference]) {
    setDefaultDevice(device);
    const x = tensor([-3, -1, 0, 1, 3]);
    expectClose(await gelu(x).data(), [-0.00404969, -0.15865525, 0, 0.84134475, 2.99595031], { absolute: 2e-6 });
    expectClose(await gelu(x, { approximate: true }).data(), await gelu(x).data(), { absolute: 1e-3 });
  }
});

test("halves are rounded to even, remainders have the divisor's sign, angles their quadrant", async () => {
  for (const device of [gpu, reference]) {
    setDefaultDevice(device);
    expect([...(await tensor([0.5, 1.5, 2.5, -0.5, -1.5, 2.4]).round().add(0).data())]).toEqual([0, 2, 2, 0, -2, 2]);
    expectClose(
      await tensor([5, -5, 5, -5, 5.5])
        .mod(tensor([3, 3, -3, -3, 2]))
        .data(),
      [2, 1, -1, -2, 1.5],
    );
    const [y, x] = [
      [1, 1, -1, -1, 0, 0, 1, -1, 0, 1e-3],
      [1, -1, 1, -1, 1, -1, 0, 0, 0, -5],
    ];
    const angles = y.map((one, index) => (one === 0 && x[index] === 0 ? 0 : Math.atan2(one, x[index])));
    expectClose(await atan2(tensor(y), tensor(x)).data(), angles, { absolute: 1e-3 });
  }
});

test('NaN and infinity are told apart', async () => {
  for (const device of [gpu, reference]) {
    setDefaultDevice(device);
    const x = tensor([Number.NaN, Infinity, -Infinity, 0, 1e38]);
    expect([...(await x.isNaN().data())].map(Number)).toEqual([1, 0, 0, 0, 0]);
    expect([...(await x.isFinite().data())].map(Number)).toEqual([0, 0, 0, 1, 1]);
    expect([...(await x.isNaN().xor(x.isFinite()).data())].map(Number)).toEqual([1, 0, 0, 1, 1]);
  }
});
