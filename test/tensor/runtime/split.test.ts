import { afterAll, describe, expect, test } from 'vitest';
import {
  type Encoder,
  SoundConv,
  SoundCRNN,
  type SoundInputs,
  SoundTransformer,
  SoundWaveCNN,
  TextImageClassifier,
} from '../../../src/models/index.js';
import { Adam, crossEntropy } from '../../../src/nn/index.js';
import { readBack } from '../../../src/tensor/evaluate.js';
import {
  arange,
  concat,
  type Device,
  explain,
  grad,
  openDevice,
  ops,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../../src/tensor/index.js';
import { gpu, reference } from '../../support/devices.js';
import { expectClose, normals } from '../../support/numbers.js';

/*
 * Tensors larger than what a device binds at once, on a device that binds little: the plan does launches in parts, and
 * the values are those of a device that binds all.
 */
const BINDS = 2 ** 16;
const narrow = await openDevice({ device: gpu.kind === 'gpu' ? 'gpu' : 'reference' });
// And binds from multiples of 256 bytes, as the most demanding adapters do.
Object.assign(narrow.limits, { bindingBytes: BINDS, bindingAlignment: 256 });
afterAll(() => {
  setDefaultDevice(undefined);
  narrow.close();
});

const drawn = (shape: readonly number[], seed = 1): Tensor =>
  tensor(
    normals(
      shape.reduce((product, size) => product * size, 1),
      seed,
    ),
    shape,
  );
const indices = (count: number, below: number): Tensor =>
  tensor(
    Int32Array.from({ length: count }, (_, at) => (at * 7919) % below),
    [count],
  );
/** A value, and the gradients of the sum of its squares. */
const withGradients = (y: Tensor, ...inputs: Tensor[]): Tensor[] => [y, ...grad(y.square().sum(), inputs)];

/** What is computed, from tensors of its own. */
const cases: Readonly<Record<string, () => Tensor | Tensor[]>> = {
  'elementwise, with a row': () =>
    drawn([100, 256])
      .add(drawn([256], 2))
      .sigmoid(),
  'elementwise, with a column': () =>
    drawn([200, 256])
      .mul(drawn([200, 1], 2))
      .tanh(),
  'elementwise, with a matrix for all': () => drawn([6, 60, 64]).sub(drawn([60, 64], 2)),
  'elementwise, of odd size': () => drawn([40_007]).exp(),
  'random numbers': () => [
    ops.randomUniform([40_001], { seed: 1 }),
    ops.dropout(drawn([200, 100]), 0.5, { seed: 2 }),
    ops.randomNormal([200, 128], { seed: 3 }).add(drawn([128], 1)),
  ],
  'a range': () => arange(40_000).mul(2),
  'copies of rows': () => [
    concat([drawn([170, 130]), drawn([170, 3], 2)], 1),
    concat([drawn([170, 130]), drawn([3, 130], 2)], 0),
    drawn([170, 131]).slice([3, 5], [168, 130], [2, 3]),
    drawn([170, 131]).flip(0),
    drawn([170, 131]).flip(1),
    drawn([170, 131]).pad(
      [
        [1, 2],
        [3, 4],
      ],
      5,
    ),
  ],
  'copies by other axes': () => [
    drawn([301, 303]).transpose().add(0),
    drawn([7, 9, 11, 60]).permute([3, 2, 1, 0]),
    drawn([170, 131]).transpose().add(0),
    drawn([18, 20, 5, 11]).permute([2, 0, 3, 1]),
  ],
  'a product, A by rows': () => {
    const [a, b] = [drawn([400, 64]), drawn([64, 40], 2)];
    return withGradients(
      a
        .matmul(b)
        .add(drawn([40], 3))
        .sigmoid(),
      a,
      b,
    );
  },
  'a product, B by rows': () => {
    const [a, b] = [drawn([8, 400]), drawn([400, 64], 2)];
    return withGradients(
      a
        .matmul(b)
        .add(drawn([64], 3))
        .relu(),
      a,
      b,
    );
  },
  'a product, B transposed': () => {
    const [a, b] = [drawn([24, 64]), drawn([400, 64], 2)];
    return withGradients(
      a
        .matmul(b.transpose())
        .add(drawn([400], 3))
        .tanh(),
      a,
      b,
    );
  },
  'a product, A transposed': () =>
    drawn([500, 50])
      .transpose()
      .matmul(drawn([500, 30], 2))
      .mul(0.1),
  'a product, both transposed': () =>
    drawn([400, 50])
      .transpose()
      .matmul(drawn([60, 400], 2).transpose()),
  'a product, A and B': () =>
    drawn([65, 260])
      .matmul(drawn([260, 130], 2))
      .add(1),
  'a product, C': () =>
    drawn([130, 64])
      .matmul(drawn([64, 200], 2))
      .add(drawn([200], 3)),
  'a product, of long rows': () => drawn([9, 3_001]).matmul(drawn([3_001, 1], 2)),
  'products in a batch': () => {
    const [a, b] = [drawn([120, 9, 16]), drawn([120, 16, 12], 2)];
    return withGradients(a.matmul(b), a, b);
  },
  sums: () => [
    drawn([300, 64]).square().sum(),
    drawn([300, 64]).square().sum(0),
    drawn([300, 64]).square().sum(1).mul(2),
    drawn([20, 1024]).sum(0),
    drawn([40, 30, 16]).mean([0, 2]),
    drawn([40, 30, 16]).max(1),
    drawn([20_011]).min(),
  ],
  'sums of few long rows': () => [
    drawn([3, 20_001]).sum(1),
    drawn([3, 9_001, 3]).mean(1),
    drawn([5, 9_003]).max(1),
    drawn([2, 301, 64]).sum([0, 2]),
    drawn([33_003])
      .mul(drawn([33_003], 2))
      .sum(),
  ],
  'sums of what is computed with a row and a column': () => {
    const x = drawn([400, 101]);
    return [
      x
        .sub(drawn([101], 2))
        .square()
        .sum(),
      x.mul(drawn([400, 1], 2)).sum(0),
      x.mul(drawn([400, 1], 2)).sum(1),
    ];
  },
  'a column within large parts': () => drawn([2, 20_003]).mul(drawn([2, 1], 2)),
  'odd shapes': () => {
    const [x, image] = [drawn([301, 133]), drawn([33, 15, 13, 3])];
    const [scale, shift] = [drawn([133], 2), drawn([133], 3)];
    return [
      ...withGradients(ops.layerNorm(x, { scale, shift }), x, scale, shift),
      ...withGradients(ops.crossEntropyRows(x, indices(301, 133)), x),
      ...withGradients(image.maxPool2d(), image),
      ops.cumsum(x, 1),
      drawn([2, 8_500]).matmul(drawn([3, 8_500], 2).transpose()),
      drawn([8, 400]).matmul(drawn([400, 65], 2)),
    ];
  },
  'a table of odd rows': () => {
    const table = drawn([701, 33]);
    return withGradients(table.gather(indices(91, 701)), table);
  },
  'rows as a whole': () => {
    const x = drawn([200, 100]);
    const [scale, shift] = [drawn([100], 2), drawn([100], 3)];
    return [
      ...withGradients(x.softmax(), x),
      ...withGradients(x.logSoftmax(), x),
      ...withGradients(ops.layerNorm(x, { scale, shift }), x, scale, shift),
      ...withGradients(ops.crossEntropyRows(x, indices(200, 100)), x),
    ];
  },
  'order, running sums, largest': () => [
    drawn([200, 100]).argsort(),
    ops.cumsum(drawn([200, 100]), 1),
    drawn([200, 100]).argmax(1),
    drawn([200, 20, 8]).argmax(1),
  ],
  'rows of a table': () => {
    const table = drawn([700, 32]);
    return withGradients(table.gather(indices(90, 700)), table);
  },
  'many rows of a table': () => drawn([700, 30]).gather(indices(800, 700)),
  'rows of a table that are none': () => drawn([700, 32]).gather(tensor(Int32Array.of(-1, 3, 699, 0), [4]).add(0)),
  'a convolution': () => {
    const [x, kernel] = [drawn([32, 16, 12, 4]), drawn([3, 3, 4, 8], 2)];
    const y = x
      .conv2d(kernel)
      .add(drawn([8], 3))
      .relu();
    return withGradients(y, x, kernel);
  },
  'a convolution in groups': () => {
    const [x, kernel] = [drawn([32, 16, 12, 4]), drawn([3, 3, 2, 8], 2)];
    return withGradients(x.conv2d(kernel, { groups: 2 }), x, kernel);
  },
  'largest of windows': () => {
    const x = drawn([32, 16, 12, 4]);
    return withGradients(x.maxPool2d(), x);
  },
  'a recurrence': () => {
    const x = drawn([60, 5, 12]);
    const [kernel, recurrent, bias] = [drawn([12, 64], 2).mul(0.2), drawn([16, 64], 3).mul(0.2), drawn([64], 4)];
    const mask = tensor(
      Float32Array.from({ length: 300 }, (_, at) => (at % 5 < 2 + (at % 4) ? 1 : 0)),
      [60, 5],
    );
    const { sequence, last } = ops.lstm(x, kernel, recurrent, bias, { mask });
    return [last.cell, ...withGradients(sequence, x, kernel, recurrent, bias)];
  },
  attention: () => {
    const [q, k, v] = [1, 2, 3].map((seed) => drawn([40, 2, 16, 16], seed));
    return withGradients(ops.attention(q, k, v, { causal: true }), q, k, v);
  },
};

async function valuesOn(device: Device, make: () => Tensor | Tensor[]): Promise<ArrayLike<number>[]> {
  setDefaultDevice(device);
  const tensors = [make()].flat();
  await readBack(tensors);
  return Promise.all(tensors.map((one) => one.data()));
}

/** Bindings of a plan that hold a part of something. */
async function partsIn(...targets: Tensor[]): Promise<string[]> {
  setDefaultDevice(narrow);
  const { dispatches } = await explain(...targets);
  return dispatches.flatMap(({ buffers }) => Object.values(buffers).filter((name) => name.includes('[')));
}

test.each(Object.entries(cases))('%s', async (_, make) => {
  const expected = await valuesOn(reference, make);
  const found = await valuesOn(narrow, make);
  for (const [index, values] of expected.entries())
    expectClose(found[index], values, { absolute: 1e-3, relative: 1e-4 });
  expect(await partsIn(...[make()].flat())).not.toEqual([]);
});

test.skipIf(gpu.kind === 'gpu' && !gpu.features.has('shader-f16'))('f16', async () => {
  const make = () => {
    const [a, b] = [drawn([600, 64]).cast('f16'), drawn([64, 80], 2).cast('f16')];
    return [
      a
        .matmul(b)
        .add(drawn([80], 3))
        .relu()
        .cast('f16'),
      concat([a, a], 1),
    ].map((y) => y.cast('f32'));
  };
  const expected = await valuesOn(reference, make);
  const found = await valuesOn(narrow, make);
  for (const [index, values] of expected.entries())
    expectClose(found[index], values, { absolute: 2e-3, relative: 2e-3 });
  expect(await partsIn(...make())).not.toEqual([]);
});

/** Losses of training steps of a model whose table, images and dense layer are all too large to be bound. */
async function lossesOn(device: Device): Promise<number[]> {
  setDefaultDevice(device);
  const text = { vocabulary: 2500, embedding: 32, units: 64 };
  const model = new TextImageClassifier({ ...text, image: [28, 28, 1], filters: 16, classes: 10, seed: 1 });
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const batch = {
    tokens: indices(16 * 5, 2500).reshape([16, 5]),
    images: drawn([16, 28, 28, 1]),
  };
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const loss = crossEntropy(model.forward(batch), indices(16, 10));
    await optimizer.step(loss);
    losses.push(await loss.item());
  }
  return losses;
}

test('training steps', async () => {
  Object.assign(narrow.limits, { bindingBytes: 2 ** 18 }); // parameters below that share dispatches
  const expected = await lossesOn(reference);
  const found = await lossesOn(narrow).finally(() => Object.assign(narrow.limits, { bindingBytes: BINDS }));
  expectClose(found, expected, { absolute: 1e-4, relative: 1e-4 });
});

/** The features of a batch of long sounds, and the gradients of the sum of their squares. */
const featuresOf = (make: () => Encoder<SoundInputs>) => () => {
  const [encoder, batch, length] = [make(), 40, 1200];
  const { pooled } = encoder.forward({
    samples: drawn([batch, length]),
    seconds: tensor(Float32Array.from({ length: batch }, (_, row) => 1.5 - row / 80)),
  });
  return withGradients(pooled, ...encoder.parameters());
};
const sizes = { sampleRate: 800, width: 16, seed: 1 };

test.each([
  ['SoundConv', () => new SoundConv({ ...sizes, bands: 8 })],
  ['SoundCRNN', () => new SoundCRNN({ ...sizes, bands: 8 })],
  ['SoundWaveCNN', () => new SoundWaveCNN(sizes)],
  ['SoundTransformer', () => new SoundTransformer({ ...sizes, bands: 8 })],
])('a batch of long sounds: %s', async (_, make) => {
  const compute = featuresOf(make);
  const expected = await valuesOn(gpu, compute);
  Object.assign(narrow.limits, { bindingBytes: 2 ** 18 });
  try {
    const found = await valuesOn(narrow, compute);
    for (const [index, values] of expected.entries())
      expectClose(found[index], values, { absolute: 1e-3, relative: 1e-3 });
    expect(await partsIn(...compute())).not.toEqual([]);
  } finally {
    Object.assign(narrow.limits, { bindingBytes: BINDS });
  }
});

describe('what cannot be done in parts is refused', () => {
  test('with the op, the binding, and what to do', async () => {
    setDefaultDevice(narrow);
    await expect(drawn([2, 20_000]).softmax().data()).rejects.toThrow(
      /^softmax \[2, 20000\]: 'x' of softmax\w* has 80000 bytes, more than are bound at once \(65536\), .*; split the tensor/,
    );
  });

  test('with its largest binding, where there would be too many parts', async () => {
    setDefaultDevice(narrow);
    await expect(ops.tile(drawn([3]), [1e8]).data()).rejects.toThrow(/'y' of copy has 1200000000 bytes/);
  });

  test('and so is what no buffer can hold', async () => {
    setDefaultDevice(narrow);
    const { bufferBytes } = narrow.limits;
    Object.assign(narrow.limits, { bufferBytes: 2 ** 17 });
    await expect(drawn([40_000]).add(1).data()).rejects.toThrow(/160000 bytes exceed/);
    Object.assign(narrow.limits, { bufferBytes });
  });
});
