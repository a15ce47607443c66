import { afterAll, describe, expect, test } from 'vitest';
import {
  randomBernoulli,
  randomCategorical,
  randomNormal,
  randomPermutation,
  randomTruncatedNormal,
  randomUniform,
  setDefaultDevice,
  tensor,
} from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';

afterAll(() => setDefaultDevice(undefined));

const COUNT = 20_000;
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: ArrayLike<number>) => {
  const center = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - center) ** 2)));
};
/** Within five standard errors of a mean of so many. */
const near = (found: number, wanted: number, spread: number) =>
  expect(Math.abs(found - wanted)).toBeLessThan((5 * spread) / Math.sqrt(COUNT));

describe.each([
  ['the adapter', gpu],
  ['the reference device', reference],
])('on %s', (_, device) => {
  test('draws have the moments of their distributions', async () => {
    setDefaultDevice(device);
    const uniform = await randomUniform([COUNT], { seed: 1 }).data();
    near(mean(uniform), 0.5, 0.29);
    expect(deviation(uniform)).toBeCloseTo(Math.sqrt(1 / 12), 2);
    const normal = await randomNormal([COUNT], { seed: 2 }).data();
    near(mean(normal), 0, 1);
    expect(deviation(normal)).toBeCloseTo(1, 1);
    const truncated = await randomTruncatedNormal([COUNT], { seed: 3 }).data();
    near(mean(truncated), 0, 0.88);
    expect(deviation(truncated)).toBeCloseTo(0.8796, 1);
    expect(truncated.every((value) => Math.abs(value) <= 2.001)).toBe(true);
    near(mean(await randomBernoulli([COUNT], 0.3, { seed: 4 }).cast('f32').data()), 0.3, 0.46);
  });

  test('classes are drawn with their probabilities', async () => {
    setDefaultDevice(device);
    const logits = tensor([Math.log(0.2), Math.log(0.5), Math.log(0.3)]).broadcastTo([COUNT, 3]);
    const drawn = await randomCategorical(logits, { seed: 5 }).data();
    for (const [label, p] of [0.2, 0.5, 0.3].entries())
      near(Array.from(drawn).filter((one) => one === label).length / COUNT, p, Math.sqrt(p * (1 - p)));
  });

  test('a permutation has every number once, in another order for another draw', async () => {
    setDefaultDevice(device);
    const [first, second] = await Promise.all(
      [0, 1].map(async (draw) => Array.from(await randomPermutation(101, { seed: 6, draw }).data())),
    );
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 101 }, (__, at) => at));
    expect(first).not.toEqual(second);
  });
});

test('a probability beyond 1 is refused', () => {
  expect(() => randomBernoulli([2], 1.5, { seed: 0 })).toThrow('p must be a number within [0, 1], got 1.5');
});
