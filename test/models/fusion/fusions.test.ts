import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConcatenationFusion, type Features, type Fusion, type FusionOptions } from '../../../src/models/index.js';
import { crossEntropy, Linear, Sequential } from '../../../src/nn/index.js';
import { Generator, ones, setDefaultDevice, type Tensor, tensor, zeros } from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, integers, normals } from '../../support/numbers.js';
import { expectGradients, trained } from '../../support/training.js';

beforeAll(() => setDefaultDevice(reference));
afterAll(() => setDefaultDevice(undefined));

const ROWS = 8;
const INPUTS = [4, 3, 5];

/** Three fields, of which the first has tokens. The rows lack some fields; the last has none. */
const features: readonly Features[] = [
  {
    pooled: tensor(normals(ROWS * 4, 1), [ROWS, 4]),
    tokens: tensor(normals(ROWS * 2 * 4, 2), [ROWS, 2, 4]),
    mask: tensor([1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0], [ROWS, 2]),
  },
  { pooled: tensor(normals(ROWS * 3, 3), [ROWS, 3]) },
  { pooled: tensor(normals(ROWS * 5, 4), [ROWS, 5]) },
];
const present = tensor([
  [1, 1, 1],
  [1, 0, 1],
  [0, 1, 1],
  [1, 1, 1],
  [1, 1, 0],
  [1, 1, 1],
  [0, 0, 1],
  [0, 0, 0],
]);

const fusions: Readonly<Record<string, (options: FusionOptions) => Fusion>> = {
  ConcatenationFusion: (options) => new ConcatenationFusion(options),
};

describe.each(Object.entries(fusions))('%s', (name, make) => {
  const options = { inputs: INPUTS, width: 6 };

  test('gives one vector per row, also for rows without fields', async () => {
    const fusion = make(options);
    const fused = fusion.forward(features, present);
    expect([fusion.width, fusion.inputs]).toEqual([6, INPUTS]);
    expect(fused.shape).toEqual([ROWS, 6]);
    expect((await fused.data()).every(Number.isFinite)).toBe(true);
  });

  test('a field that is absent is told from one that is present', async () => {
    const fusion = make({ ...options, seed: 1 });
    const absent = { ...features[1], pooled: features[1].pooled.mul(0).add(0.5) };
    const without = present.mul(tensor([1, 0, 1]));
    const a = fusion.forward(features, present);
    const b = fusion.forward([features[0], absent, features[2]], without);
    const [first, second] = [await a.data(), await b.data()];
    expect(Math.hypot(...first.subarray(0, 18).map((value, at) => value - second[at]))).toBeGreaterThan(1e-3);
    expect(second.every(Number.isFinite)).toBe(true);
  });

  test('a seed gives the same vectors again, dropout included', async () => {
    const [a, b, c] = [1, 1, 2].map((seed) => make({ ...options, seed, dropout: 0.3 }).forward(features, present));
    expectClose(await a.data(), await b.data());
    expect(await a.data()).not.toEqual(await c.data());
  });

  test('gradients reach every parameter', async () => {
    const fusion = make({ ...options, seed: 1 });
    const weights = tensor(normals(ROWS * 6, 5), [ROWS, 6]);
    await expectGradients(fusion, fusion.forward(features, present).mul(weights).sum());
  });

  test('learns 8 rows', async () => {
    const fusion = make({ ...options, seed: 1 });
    const head = new Linear({ inputs: 6, outputs: 3, generator: new Generator(1) });
    const labels = tensor(integers(ROWS, 3, 7));
    const model = Object.assign(new Sequential(), { fusion, head });
    const [first, last] = await trained(model, () =>
      crossEntropy(head.forward(fusion.forward(features, ones([ROWS, 3]))), labels),
    );
    expect(last).toBeLessThan(0.3 * first);
  });

  test('wrong options and features are errors under its name', () => {
    expect(() => make({ ...options, size: 3 } as never)).toThrow(`${name}: there is no option 'size'`);
    expect(() => make({ inputs: [] })).toThrow(`${name}: inputs must be an array of positive integers, at least one`);
    const fusion = make(options);
    expect(() => fusion.forward(features.slice(1), present)).toThrow(`${name}: expected features of 3 fields, got 2`);
    expect(() => fusion.forward(features, zeros([ROWS, 2]))).toThrow(`${name}: expected present of f32 [batch, 3]`);
    expect(() => fusion.forward([features[0], features[0], features[2]], present)).toThrow(
      `${name}: expected pooled features of field 1 of f32 [8, 3], got f32 [8, 4]`,
    );
  });
});

test('the adapter gives what the reference device gives', async () => {
  const compute = () =>
    fusions.ConcatenationFusion({ inputs: INPUTS, width: 6, seed: 1 }).forward(features, present).data();
  const expected = await compute();
  setDefaultDevice(gpu);
  const actual = await compute();
  setDefaultDevice(reference);
  expectClose(actual, expected, { absolute: 1e-4, relative: 1e-4 });
});

/** The rows of a tensor as lists. */
const rowsOf = async (x: Tensor): Promise<number[][]> => (await x.toArray()) as number[][];

/** The values of a fusion's parameters by name, matrices as lists of rows. */
async function parametersOf(fusion: Fusion): Promise<Record<string, number[] & number[][]>> {
  const named = [...fusion.namedParameters()];
  return Object.fromEntries(
    await Promise.all(named.map(async ([name, value]) => [name, (await value.toArray()) as number[] & number[][]])),
  );
}

/** x·W + b. */
const affine = (x: number[], w: number[][], b: number[]): number[] =>
  b.map((bias, out) => x.reduce((sum, value, index) => sum + value * w[index][out], bias));

/** Whether a row has each of the fields. */
const flags = await rowsOf(present);
/** The feature vectors of each row, one for each field. */
const vectors = await Promise.all(features.map(({ pooled }) => rowsOf(pooled))).then((fields) =>
  flags.map((_, row) => fields.map((field) => field[row])),
);

test('concatenation: g = relu([f1; ...; fn]·W + b)', async () => {
  const fusion = new ConcatenationFusion({ inputs: INPUTS, width: 6, seed: 2 });
  const p = await parametersOf(fusion);
  const expected = vectors.map((f) =>
    affine(f.flat(), p['output.kernel'], p['output.bias']).map((x) => Math.max(x, 0)),
  );
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});
