import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AdditionFusion,
  ConcatenationFusion,
  CrossAttentionFusion,
  type Features,
  FiLMFusion,
  type Fusion,
  type FusionOptions,
  GatedFusion,
  LowRankFusion,
  TransformerFusion,
} from '../../../src/models/index.js';
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
    mask: tensor([1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1], [ROWS, 2]),
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
  AdditionFusion: (options) => new AdditionFusion(options),
  GatedFusion: (options) => new GatedFusion(options),
  FiLMFusion: (options) => new FiLMFusion(options),
  LowRankFusion: (options) => new LowRankFusion({ rank: 2, ...options }),
  CrossAttentionFusion: (options) => new CrossAttentionFusion({ heads: 2, ...options }),
  TransformerFusion: (options) => new TransformerFusion({ heads: 2, depth: 1, ...options }),
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
    expect(() => fusion.forward(undefined as never, present)).toThrow(`${name}: expected features of 3 fields`);
    expect(() => fusion.forward([features[0], null as never, features[2]], present)).toThrow(`${name}: field 1: `);
    const tokens = { ...features[0], tokens: zeros([ROWS, 2, 9]) };
    expect(() => fusion.forward([tokens, ...features.slice(1)], present)).toThrow(
      `${name}: expected tokens of field 0`,
    );
    expect(() => fusion.forward(features, zeros([ROWS, 2]))).toThrow(`${name}: expected present of f32 [batch, 3]`);
    expect(() => fusion.forward([features[0], features[0], features[2]], present)).toThrow(
      `${name}: expected pooled features of field 1 of f32 [8, 3], got f32 [8, 4]`,
    );
  });
});

test('a field that is absent is left out by gates and attention, whatever its tokens are', async () => {
  const other = { ...features[0], tokens: tensor(normals(ROWS * 2 * 4, 9), [ROWS, 2, 4]) };
  for (const make of [fusions.CrossAttentionFusion, fusions.TransformerFusion]) {
    const fusion = make({ inputs: INPUTS, width: 6, seed: 1 });
    const [first, second] = await Promise.all(
      [features[0], other].map((field) => fusion.forward([field, features[1], features[2]], present).toArray()),
    );
    const same = flags.map((_, row) =>
      Number(String((first as number[][])[row]) === String((second as number[][])[row])),
    );
    // Rows 2, 6 and 7 lack the field; in row 5 all its tokens are padding.
    expect(same).toEqual([0, 0, 1, 0, 0, 1, 1, 1]);
  }
});

test('FiLM and cross-attention need two fields, and attention heads that divide the width', () => {
  expect(() => new FiLMFusion({ inputs: [4] })).toThrow('FiLMFusion: expected at least two fields, got one');
  expect(() => new FiLMFusion({ inputs: [4, 3], modulated: 2 })).toThrow(
    'FiLMFusion: modulated must be below the number of fields, 2, got 2',
  );
  expect(() => new CrossAttentionFusion({ inputs: [4] })).toThrow('expected at least two fields, got one');
  for (const type of [CrossAttentionFusion, TransformerFusion])
    expect(() => new type({ inputs: [4, 3], width: 6, heads: 4 })).toThrow(
      `${type.name}: width must be a multiple of heads, got width 6 and heads 4`,
    );
});

test.each(['GatedFusion', 'TransformerFusion'])(
  '%s: the adapter gives what the reference device gives',
  async (name) => {
    const compute = () => fusions[name]({ inputs: INPUTS, width: 6, seed: 1 }).forward(features, present).data();
    const expected = await compute();
    setDefaultDevice(gpu);
    const actual = await compute();
    setDefaultDevice(reference);
    expectClose(actual, expected, { absolute: 1e-4, relative: 1e-4 });
  },
);

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

/** x · Φ(x), by the series of erf. */
const gelu = (x: number): number => {
  let [term, sum] = [x / Math.SQRT2, x / Math.SQRT2];
  for (let n = 1; n < 60; n++) {
    term *= -(x * x) / 2 / n;
    sum += term / (2 * n + 1);
  }
  return (x / 2) * (1 + (2 / Math.sqrt(Math.PI)) * sum);
};

/** The projection of field i. */
const project = (p: Record<string, number[] & number[][]>, i: number, x: number[]): number[] =>
  affine(x, p[`projections.${i}.kernel`], p[`projections.${i}.bias`]);

/** The sum of vectors. */
const addedUp = (rows: number[][]): number[] => rows[0].map((_, unit) => rows.reduce((sum, row) => sum + row[unit], 0));

const softmax = (x: number[]): number[] => {
  const shifted = x.map((value) => Math.exp(value - Math.max(...x)));
  return shifted.map((value) => value / shifted.reduce((sum, one) => sum + one, 0));
};

/** Layer normalization with its initial scale 1 and shift 0. */
const normalize = (x: number[]): number[] => {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value) => (value - mean) / Math.sqrt(variance + 1e-3));
};

/** What a query finds in a context by an attention of two heads of 3 features; without a context, zeros. */
function attend(
  p: Record<string, number[] & number[][]>,
  name: string,
  query: number[],
  context: number[][],
): number[] {
  const of = (layer: string, x: number[]) => affine(x, p[`${name}.${layer}.kernel`], p[`${name}.${layer}.bias`]);
  const [q, k, v] = [of('query', query), context.map((x) => of('key', x)), context.map((x) => of('value', x))];
  const heads = [0, 3].flatMap((first) => {
    const units = [first, first + 1, first + 2];
    const scores = k.map((key) => units.reduce((sum, unit) => sum + q[unit] * key[unit], 0) / Math.sqrt(3));
    const weights = softmax(scores);
    return units.map((unit) => v.reduce((sum, value, at) => sum + weights[at] * value[unit], 0));
  });
  return of('output', heads);
}

/** Whether a row has each of the fields. */
const flags = await rowsOf(present);
/** The feature vectors of each row, one for each field. */
const vectors = await Promise.all(features.map(({ pooled }) => rowsOf(pooled))).then((fields) =>
  flags.map((_, row) => fields.map((field) => field[row])),
);

/** The tokens of each row, and whether they count: those of the first field, and the vectors of the others. */
const tokensOfRow = await Promise.all([features[0].tokens!.toArray(), features[0].mask!.toArray()]).then(
  ([tokens, mask]) =>
    flags.map((has, row) => [
      ...(tokens as number[][][])[row].map((token, at) => ({
        field: 0,
        token,
        counts: has[0] * (mask as number[][])[row][at] === 1,
      })),
      ...[1, 2].map((field) => ({ field, token: vectors[row][field], counts: has[field] === 1 })),
    ]),
);

test('concatenation: g = relu([f1; ...; fn]·W + b)', async () => {
  const fusion = new ConcatenationFusion({ inputs: INPUTS, width: 6, seed: 2 });
  const p = await parametersOf(fusion);
  const expected = vectors.map((f) =>
    affine(f.flat(), p['output.kernel'], p['output.bias']).map((x) => Math.max(x, 0)),
  );
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});

test('addition: g = Σ relu(fi·Wi + bi)', async () => {
  const fusion = new AdditionFusion({ inputs: INPUTS, width: 6, seed: 2 });
  const p = await parametersOf(fusion);
  const expected = vectors.map((f) => addedUp(f.map((x, i) => project(p, i, x).map((y) => Math.max(y, 0)))));
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});

test('gates: g = Σ zi ⊙ tanh(fi·Wi + bi), z a softmax over the fields that are present', async () => {
  const fusion = new GatedFusion({ inputs: INPUTS, width: 6, seed: 2 });
  const p = await parametersOf(fusion);
  const expected = vectors.map((f, row) => {
    const h = f.map((x, i) => project(p, i, x).map(Math.tanh));
    const gates = affine(f.flat(), p['gates.kernel'], p['gates.bias']);
    return h[0].map((_, unit) => {
      const weights = softmax(
        flags[row].map((flag, i) => (flag === 1 ? gates[i * 6 + unit] : Number.NEGATIVE_INFINITY)),
      );
      return h.reduce((sum, one, i) => sum + weights[i] * one[unit], 0);
    });
  });
  // In a row without fields all gates are the same.
  expected[7] = addedUp(vectors[7].map((x, i) => project(p, i, x).map((y) => Math.tanh(y) / 3)));
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});

test('FiLM: g = relu((1 + c·W_γ + b_γ) ⊙ (fm·W + b) + c·W_β + b_β)', async () => {
  const fusion = new FiLMFusion({ inputs: INPUTS, width: 6, modulated: 1, seed: 2 });
  const p = await parametersOf(fusion);
  const expected = vectors.map(([f0, f1, f2]) => {
    const of = (name: string, x: number[]) => affine(x, p[`${name}.kernel`], p[`${name}.bias`]);
    const [x, gamma, beta] = [of('projection', f1), of('scale', [...f0, ...f2]), of('shift', [...f0, ...f2])];
    return x.map((value, unit) => Math.max(0, (1 + gamma[unit]) * value + beta[unit]));
  });
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});

test('low rank: g is the product of all pairs and triples of features with a tensor of low rank', async () => {
  const fusion = new LowRankFusion({ inputs: INPUTS, width: 6, rank: 2, seed: 2 });
  const p = await parametersOf(fusion);
  const factor = (i: number, r: number, unit: number) => [
    ...(p[`factors.${i}.kernel`] as number[][]).map((row) => row[r * 6 + unit]),
    p[`factors.${i}.bias`][r * 6 + unit],
  ];
  const expected = vectors.map((f) =>
    p.bias.map((bias, unit) => {
      let sum: number = bias;
      // The whole tensor of weights, W[j, k, l] = Σ_r Π_i factor_i[r], times the outer product of all [fi; 1].
      const z = f.map((x) => [...x, 1]);
      for (const [j, x] of z[0].entries())
        for (const [k, y] of z[1].entries())
          for (const [l, w] of z[2].entries())
            for (const r of [0, 1])
              sum += x * y * w * factor(0, r, unit)[j] * factor(1, r, unit)[k] * factor(2, r, unit)[l];
      return sum;
    }),
  );
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});

test('cross-attention: each field asks the tokens of the others that are present', async () => {
  const fusion = new CrossAttentionFusion({ inputs: INPUTS, width: 6, heads: 2, seed: 2 });
  const p = await parametersOf(fusion);
  const expected = vectors.map((f, row) => {
    const queries = f.map((x, i) => project(p, i, x));
    const known = queries.map((query, i) => {
      const asked = tokensOfRow[row].filter(({ field, counts }) => field !== i && counts);
      const answer = attend(
        p,
        'attention',
        query,
        asked.map(({ field, token }) => project(p, field, token)),
      );
      return normalize(query.map((value, unit) => value + answer[unit]));
    });
    return affine(known.flat(), p['output.kernel'], p['output.bias']).map((x) => Math.max(x, 0));
  });
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});

test('transformer: the class token attends to the vectors of all fields and to the tokens of those present', async () => {
  const fusion = new TransformerFusion({ inputs: INPUTS, width: 6, heads: 2, depth: 1, seed: 2 });
  const p = await parametersOf(fusion);
  const [[start]] = p.classToken as unknown as number[][][];
  const expected = vectors.map((f, row) => {
    const fields = f.flatMap((x, i) => [
      project(p, i, x),
      ...(i === 0 ? tokensOfRow[row].filter(({ field, counts }) => field === 0 && counts) : []).map(({ token }) =>
        project(p, i, token),
      ),
    ]);
    const answer = attend(p, 'blocks.0.attention', normalize(start), [start, ...fields].map(normalize));
    const h = start.map((value, unit) => value + answer[unit]);
    const hidden = affine(normalize(h), p['blocks.0.expand.kernel'], p['blocks.0.expand.bias']).map(gelu);
    const change = affine(hidden, p['blocks.0.contract.kernel'], p['blocks.0.contract.bias']);
    return normalize(h.map((value, unit) => value + change[unit]));
  });
  expectClose(await fusion.forward(features, present).data(), expected.flat());
});
