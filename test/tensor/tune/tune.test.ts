import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defineKernel } from '../../../src/gpu/index.js';
import { matmulNaive, matmulRegister, matmulSubgroupMatrix } from '../../../src/kernels/index.js';
import { chooseSubgroupMatrix } from '../../../src/kernels/matmul/subgroup-matrix.js';
import { type ChoicePoint, choiceKey, chooserOf } from '../../../src/launch/choice.js';
import { launch, type Value } from '../../../src/launch/launch.js';
import { sizeOf } from '../../../src/launch/shape.js';
import { TextImageClassifier } from '../../../src/models/index.js';
import { Adam, crossEntropy } from '../../../src/nn/index.js';
import { trace } from '../../../src/tensor/graph/trace.js';
import {
  attention,
  conv2d,
  crossEntropyRows,
  type Device,
  explain,
  grad,
  layerNorm,
  lstm,
  type Shape,
  setDefaultDevice,
  type Tensor,
  TesseraError,
  tensor,
  tune,
} from '../../../src/tensor/index.js';
import { plan } from '../../../src/tensor/runtime/plan.js';
import { measure, winnerOf } from '../../../src/tensor/tune/tune.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, integers, normals } from '../../support/numbers.js';

afterEach(() => {
  setDefaultDevice(undefined);
  for (const device of [gpu, reference]) device.choices = new Map();
});
const none = gpu.choices.size;

const normal = (shape: Shape, seed: number): Tensor => tensor(normals(sizeOf(shape), seed), shape);

/** A result and its gradients. */
function withGradients(compute: (...inputs: Tensor[]) => Tensor, ...shapes: Shape[]): Tensor[] {
  const inputs = shapes.map((shape, index) => normal(shape, index + 1));
  const y = compute(...inputs);
  return [y, ...grad(y.square().mean(), inputs)];
}

/** What is computed by rows, with its gradients, on rows of so many numbers. */
function rowOps(cols: number): Tensor[] {
  const labels = tensor(integers(6, cols), [6]);
  const ops = [
    (x: Tensor) => x.softmax(),
    (x: Tensor) => x.logSoftmax(),
    (x: Tensor) => layerNorm(x),
    (x: Tensor) => crossEntropyRows(x, labels),
  ];
  return ops.flatMap((compute) => withGradients((x) => compute(x), [6, cols]));
}

/** The choices that a plan of the targets meets. */
function pointsOf(targets: readonly Tensor[], device: Device): ChoicePoint[] {
  const points = new Map<string, ChoicePoint>();
  const choose = chooserOf(new Map());
  plan(trace(targets), device, (point) => {
    points.set(point.key, point);
    return choose(point);
  });
  return [...points.values()].filter(({ variants }) => Object.keys(variants).length > 1);
}

const kernelsOf = async (...targets: Tensor[]) => (await explain(...targets)).dispatches.map(({ kernel }) => kernel);

test('convolutions with and without groups are measured apart', () => {
  const x = normal([2, 6, 6, 8], 1);
  const [dense, depthwise] = [conv2d(x, normal([3, 3, 8, 8], 2)), conv2d(x, normal([3, 3, 1, 8], 3), { groups: 8 })];
  const [point] = pointsOf([depthwise], gpu);
  expect(point.key).toMatch(/^conv2d forward .* grouped$/);
  expect(Object.keys(point.variants)).toEqual(['grouped', 'depthwise']);
  // Else one would take the place of the other.
  expect(pointsOf([dense, depthwise], gpu)).toHaveLength(pointsOf([dense], gpu).length + 1);
});

test('the tests do not depend on what the user measured', () => {
  expect(none).toBe(0);
});

test.each([
  [1, '1'],
  [16, '16'],
  [17, '17-32'],
  [32, '17-32/4'],
  [33, '33-64'],
  [1023, '513-1024'],
  [1024, '513-1024/4'],
])('size %i is of the class %s', (size, expected) => {
  expect(choiceKey('op', { n: size, yes: true, no: false })).toBe(`op n=${expected} yes`);
});

// Planning needs no adapter, so each kind of them can be asked for here.
test.each([
  ['a GPU', false, 32, ['conv2d', 'conv2d_filter_backward', 'matmul_register']],
  [
    'a software adapter with subgroups of eight',
    true,
    8,
    ['conv2d_filter_backward_subgroup', 'conv2d_subgroup', 'matmul_subgroup_columns', 'matmul_subgroup_rows'],
  ],
  [
    'a software adapter without them',
    true,
    4,
    ['conv2d', 'conv2d_filter_backward', 'matmul_direct_nn', 'matmul_direct_nt', 'matmul_direct_tn'],
  ],
])('without measurements a training step on %s takes the rules’ kernels', (_, software, subgroupLanes, expected) => {
  const model = new TextImageClassifier();
  const inputs = { tokens: tensor(integers(640, 100), [32, 20]), images: normal([32, 28, 28, 1], 1) };
  const loss = crossEntropy(model.forward(inputs), tensor(integers(32, 10)));
  const device = {
    kind: 'gpu',
    software,
    choices: new Map(),
    limits: { ...reference.limits, storageBuffers: 16, subgroupLanes },
  } as unknown as Device;
  const { dispatches } = plan(trace([loss, ...new Adam(model.parameters()).assigns(loss)]), device);
  const names = dispatches.map(({ kernel }) => kernel.name.replace(/\+.*/, ''));
  expect([...new Set(names)].filter((name) => /^(matmul|conv2d)/.test(name)).sort()).toEqual(
    expect.arrayContaining(expected),
  );
});

test.each([
  ['512 tiles of 128 x 64', [2048, 64, 2048], 'matmul_wide_vec4'],
  ['odd sizes', [2047, 63, 2049], 'matmul_wide'],
  ['a batch of small ones', [64, 128, 64, 256], 'matmul_wide_vec4'],
  ['too few tiles', [1024, 64, 1024], 'matmul_register'],
  ['tiles that are half empty', [64, 64, 65_536], 'matmul_register'],
])('without measurements a GPU takes for %s %j: %s', (_, sizes, expected) => {
  const [m, k, n] = sizes.slice(-3);
  const lead = sizes.slice(0, -3);
  const product = tensor(new Float32Array(sizeOf([...lead, m, k])), [...lead, m, k]).matmul(
    tensor(new Float32Array(sizeOf([...lead, k, n])), [...lead, k, n]),
  );
  const subgroupMatrices = [{ componentType: 'f32', resultComponentType: 'f32', M: 8, N: 8, K: 8 }];
  const limits = { ...reference.limits, subgroupLanes: 32, subgroupMatrices };
  const device = { kind: 'gpu', software: false, features: new Set(), choices: new Map(), limits } as unknown as Device;
  expect(plan(trace([product]), device).dispatches.map(({ kernel }) => kernel.name)).toEqual([expected]);
  // What matrix units compute was never seen on a GPU: it may be measured, not chosen.
  expect(Object.keys(pointsOf([product], device)[0].variants)).toContain('subgroupMatrix');
});

test('matrix units take operands of their type, in the shape that the device likes best', () => {
  const size = { batch: 1, m: 8, n: 8, k: 8, chunks: 1, chunk_length: 8 };
  const strides = { a_batch: 64, a_row: 8, a_col: 1, b_batch: 64, b_row: 8, b_col: 1 };
  const shape = (componentType: string, resultComponentType: string, M: number, N: number, K: number) => ({
    componentType,
    resultComponentType,
    M,
    N,
    K,
  });
  const shapes = [
    ...[shape('i8', 'i32', 16, 16, 32), shape('f16', 'f16', 16, 16, 16), shape('f16', 'f32', 64, 8, 16)],
    ...[shape('f16', 'f32', 16, 8, 16), shape('f16', 'f32', 16, 16, 16)],
  ];
  const kernelFor = (type: 'f32' | 'f16') => chooseSubgroupMatrix({ ...size, ...strides }, type, shapes);
  expect(kernelFor('f16')).toBe(matmulSubgroupMatrix.f16_16x8x16.vec4);
  expect(kernelFor('f32')).toBeUndefined();
});

describe('a measured choice', () => {
  const [a, b] = [normal([48, 64], 1), normal([64, 40], 2)];
  const key = choiceKey('matmul', { batch: 1, m: 48, n: 40, k: 64, transposeA: false, transposeB: false });
  const product = () => a.matmul(b);
  const measured = (name: string) => new Map([[key, name]]);

  test('is taken, in the class of its shapes and nowhere else', async () => {
    setDefaultDevice(gpu);
    gpu.choices = measured('tiled');
    expect(await kernelsOf(product())).toEqual(['matmul_tiled']);
    expect(await kernelsOf(normal([60, 36], 1).matmul(normal([36, 64], 2)))).toEqual(['matmul_tiled']);
    expect(await kernelsOf(normal([65, 64], 1).matmul(b))).not.toEqual(['matmul_tiled']);
  });

  test.each(['no such variant', 'toString', 'direct/3'])('named %j falls back to the rule', async (name) => {
    setDefaultDevice(gpu);
    const rule = await kernelsOf(product());
    gpu.choices = measured(name);
    expect(await kernelsOf(product())).toEqual(rule);
  });

  test('changes plans that were made before it', async () => {
    setDefaultDevice(gpu);
    const before = await product().data();
    const { bindGroupsCreated } = gpu.counters;
    await product().data();
    expect(gpu.counters.bindGroupsCreated).toBe(bindGroupsCreated);
    gpu.choices = measured('tiled');
    expectClose(await product().data(), before);
    if (gpu.kind === 'gpu') expect(gpu.counters.bindGroupsCreated).toBe(bindGroupsCreated + 1);
  });
});

test.each([
  ['a GPU without subgroups', false, 0, 32, ['workgroup', 'workgroup/vec4'], 'workgroup/vec4'],
  ['a GPU', false, 32, 32, ['workgroup', 'workgroup/vec4', 'lanes', 'lanes/vec4'], 'workgroup/vec4'],
  ['a GPU, odd', false, 32, 45, ['workgroup', 'lanes'], 'workgroup'],
  ['a software adapter', true, 8, 32, ['workgroup', 'workgroup/vec4', 'lanes', 'lanes/vec4'], 'lanes/vec4'],
  ['a software adapter, odd', true, 8, 45, ['workgroup', 'lanes'], 'lanes'],
  ['a software adapter of four lanes', true, 4, 32, ['workgroup', 'workgroup/vec4'], 'workgroup/vec4'],
])('rows are a choice between row groups on %s', (_, software, subgroupLanes, cols, names, rule) => {
  const limits = { ...reference.limits, storageBuffers: 16, subgroupLanes };
  const device = { kind: 'gpu', software, features: new Set(), choices: new Map(), limits } as unknown as Device;
  const [q, k] = [normal([1, 2, 5, 8], 1), normal([1, 2, cols, 8], 2)];
  const points = pointsOf([...rowOps(cols), attention(q, k, k)], device).filter(({ key }) => / rows=/.test(key));
  expect(points.map(({ key }) => key.split(' ')[0])).toEqual([
    ...['softmax', 'softmax_backward', 'log_softmax', 'log_softmax_backward'],
    ...['layer_norm', 'layer_norm_backward', 'cross_entropy'],
    ...(software ? ['attention_probabilities'] : []), // a GPU goes by blocks
  ]);
  for (const { variants, default: name } of points) expect([Object.keys(variants), name]).toEqual([names, rule]);
});

test.each<[string, () => Tensor[]]>([
  ['matmul', () => withGradients((a, b) => a.matmul(b), [36, 1100], [1100, 20])],
  ['matmul, odd', () => withGradients((a, b) => a.matmul(b), [2, 19, 301], [2, 301, 7])],
  ['conv2d', () => withGradients((x, w) => conv2d(x, w), [4, 11, 10, 8], [3, 3, 8, 12])],
  ['conv2d, odd', () => withGradients((x, w) => conv2d(x, w, { stride: 2 }), [20, 9, 9, 3], [3, 3, 3, 8])],
  ['attention', () => withGradients((q, k, v) => attention(q, k, v), [1, 2, 40, 8], [1, 2, 50, 8], [1, 2, 50, 4])],
  [
    'lstm',
    () =>
      withGradients(
        (x, kernel, recurrent, bias) => lstm(x, kernel, recurrent, bias).sequence,
        [5, 3, 4],
        [4, 32],
        [8, 32],
        [32],
      ),
  ],
  [
    'reductions',
    () => {
      const x = normal([3, 1500], 1);
      return [x.sum(), x.sum(-1), x.sum(0), x.max(-1), x.min(), normal([9, 40], 2).sum(-1)];
    },
  ],
  ['rows', () => rowOps(32)],
  // Without eight lanes nobody but a workgroup can compute rows that are not whole vec4.
  ...(gpu.limits.subgroupLanes >= 8 ? [['rows, odd', () => rowOps(45)] as [string, () => Tensor[]]] : []),
])(
  'every variant of %s computes the same',
  async (_, targetsOf) => {
    setDefaultDevice(reference);
    const expected = await Promise.all(targetsOf().map((target) => target.data()));
    setDefaultDevice(gpu);
    const points = pointsOf(targetsOf(), gpu);
    expect(points.length).toBeGreaterThan(0);
    for (const { key, variants } of points) {
      for (const name of Object.keys(variants)) {
        gpu.choices = new Map([[key, name]]);
        const found = await Promise.all(targetsOf().map((target) => target.data()));
        found.forEach((values, output) => {
          expectClose(
            values,
            expected[output],
            { absolute: 1e-4, relative: 1e-4 },
            `${key}: ${name}, output ${output}`,
          );
        });
      }
    }
  },
  300_000,
);

test.each([
  ['a faster one wins', [2, 2, 2, 2], 'other'],
  ['the fastest of several wins', [3, 3, 3, 3], 'third'],
  ['one lost round is luck', [2, 2, 9, 2], 'other'],
  ['two are not', [2, 9, 9, 2], 'rule'],
  ['less than 5% is noise', [3.9, 3.9, 3.9, 3.9], 'rule'],
  ['one that was left early does not win', [2, 2], 'rule'],
])('%s', (_, times, expected) => {
  const rounds = new Map<string, readonly number[]>([
    ['rule', [4, 4, 4, 4]],
    ['other', times],
    ...(expected === 'third' ? [['third', [2, 2, 2, 2]] as const] : []),
  ]);
  expect(winnerOf(rounds, 'rule')).toBe(expected);
});

const value = (shape: Shape): Value => ({ shape, dtype: 'f32', length: sizeOf(shape) });

describe.runIf(gpu.kind === 'gpu')('tune', () => {
  // A clock on which each dispatch takes 2 ms, whatever the adapter and its load.
  beforeEach(() => {
    let clock = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const submit = gpu.submit.bind(gpu);
    vi.spyOn(gpu, 'submit').mockImplementation((prepared, around) => {
      clock += 2 * prepared.dispatches.length;
      return submit(prepared, around);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const targets = () => [normal([64, 32], 1).matmul(normal([32, 24], 2)), normal([200, 40], 3).sum(-1)];

  test('measures each choice once, takes one of the variants, and computes the same with it', async () => {
    setDefaultDevice(gpu);
    const expected = await Promise.all(targets().map((target) => target.data()));
    const seen: [number, number][] = [];
    const rows = await tune(targets(), { milliseconds: 60_000, onProgress: (done, total) => seen.push([done, total]) });
    expect(rows.map(({ key }) => key.split(' ')[0])).toEqual(['matmul', 'sum']);
    expect(seen).toEqual([
      [0, 2],
      [1, 2],
    ]);
    for (const { key, variant, default: baseline, milliseconds, refused } of rows) {
      expect(gpu.choices.get(key)).toBe(variant);
      expect(milliseconds).toHaveProperty([baseline]);
      expect(milliseconds).toHaveProperty([variant!]);
      for (const time of Object.values(milliseconds)) expect(time).toBeGreaterThan(0);
      expect(refused).toEqual({});
    }
    const found = await Promise.all(targets().map((target) => target.data()));
    found.forEach((values, index) => {
      expectClose(values, expected[index]);
    });
    expect(await tune(targets())).toEqual([]);
  });

  test.each([60_000, 1e-9])('gives back all memory, with %d ms', async (milliseconds) => {
    setDefaultDevice(gpu);
    const [allocate, release] = [vi.spyOn(gpu, 'allocate'), vi.spyOn(gpu, 'release')];
    await tune(targets(), { milliseconds });
    const held = new Set(await Promise.all(allocate.mock.results.map(({ value }) => value)));
    for (const [buffer] of release.mock.calls) held.delete(buffer);
    expect(held.size).toBe(0);
    if (milliseconds > 1) expect(allocate).toHaveBeenCalled();
  });

  test('leaves out what there is no time for, and says so', async () => {
    setDefaultDevice(gpu);
    const before = gpu.choices;
    const rows = await tune(targets(), { milliseconds: 1e-9 });
    expect(rows.map(({ variant, milliseconds }) => [variant, milliseconds])).toEqual([
      [undefined, {}],
      [undefined, {}],
    ]);
    expect(gpu.choices).toBe(before);
  });

  test('finds that once is faster than forty times', async () => {
    const [a, b, c] = [value([64, 64]), value([64, 64]), value([64, 64])];
    const sizes = {
      batch: 1,
      m: 64,
      n: 64,
      k: 64,
      chunks: 1,
      chunk_length: 64,
      a_batch: 4096,
      a_row: 64,
      a_col: 1,
      b_batch: 4096,
      b_row: 64,
      b_col: 1,
    };
    const times = (count: number) => () =>
      Array.from({ length: count }, () => launch(matmulRegister, { a, b, c }, sizes));
    const point = { key: 'matmul', default: 'forty', variants: { forty: times(40), once: times(1) } };
    const { variant, milliseconds } = await measure(gpu, point, Number.POSITIVE_INFINITY);
    expect(variant).toBe('once');
    expect(milliseconds).toEqual({ once: 2, forty: 80 });
  });

  test('refuses a variant that computes something else, or that does not compile', async () => {
    const [a, b, c] = [value([8, 8]), value([8, 8]), value([8, 8])];
    const sizes = {
      batch: 1,
      m: 8,
      n: 8,
      k: 8,
      chunks: 1,
      chunk_length: 8,
      a_batch: 64,
      a_row: 8,
      a_col: 1,
      b_batch: 64,
      b_row: 8,
      b_col: 1,
    };
    const broken = defineKernel({
      name: 'broken',
      writes: ['c'],
      workgroups: () => 1,
      cost: () => ({ flops: 1, bytes: 1 }),
      wgsl: `@group(0) @binding(0) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(1) fn main() { c[0] = no_such_function(); }`,
      reference: () => {},
    });
    const { variant, refused } = await measure(
      gpu,
      {
        key: 'matmul',
        default: 'right',
        variants: {
          right: () => [launch(matmulRegister, { a, b, c }, sizes)],
          transposed: () => [launch(matmulNaive, { a, b, c }, { ...sizes, b_row: 1, b_col: 8 })],
          nothing: () => [launch(matmulNaive, { a, b, c }, { ...sizes, m: 0 })],
          broken: () => [launch(broken, { c }, {})],
        },
      },
      Number.POSITIVE_INFINITY,
    );
    expect(variant).toBe('right');
    expect(refused).toEqual({
      transposed: 'it computes another result',
      nothing: 'it computes another result',
      broken: expect.stringContaining('no_such_function'),
    });
  });
});

test('the reference device has nothing to measure', async () => {
  setDefaultDevice(reference);
  await expect(tune([normal([4], 1).sum()])).rejects.toThrow(TesseraError);
});
