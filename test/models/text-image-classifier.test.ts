import { expect, test } from 'vitest';
import { batches, toyData } from '../../src/data/index.js';
import { type Modality, TextImageClassifier } from '../../src/models/index.js';
import { Adam, accuracy, crossEntropy, type Precision } from '../../src/nn/index.js';
import { tensor, zeros } from '../../src/tensor/index.js';
import { gpu } from '../support/devices.js';
import { expectClose } from '../support/numbers.js';

test('its default sizes are those of the Keras model', () => {
  const shapes = Object.fromEntries(
    [...new TextImageClassifier().namedParameters()].map(([name, { shape }]) => [name, shape]),
  );
  expect(shapes).toEqual({
    'embedding.table': [10_000, 128],
    'lstm.kernel': [128, 512],
    'lstm.recurrentKernel': [128, 512],
    'lstm.bias': [512],
    'conv.kernel': [3, 3, 1, 64],
    'conv.bias': [64],
    'classify.kernel': [128 + 26 * 26 * 64, 10],
    'classify.bias': [10],
  });
});

test.each(['text', 'image', 'both'] as Modality[])(
  'with %s it learns as much as that input determines',
  async (modality) => {
    const [train, heldOut] = [toyData({ size: 256, seed: 1 }), toyData({ size: 128, seed: 2 })];
    const sizes = { vocabulary: 8, embedding: 8, units: 8, image: [8, 8, 1], filters: 4, classes: 4 } as const;
    const model = new TextImageClassifier({ ...sizes, modality, seed: 1 });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
    for (let epoch = 0; epoch < 8; epoch++) {
      for (const batch of batches(train, { size: 32, seed: 1, epoch }))
        await optimizer.step(crossEntropy(model.forward(batch), batch.labels));
    }
    const [all] = batches(heldOut, { size: 128 });
    const score = await accuracy(model.eval().forward(all), all.labels).item();
    if (modality === 'both') expect(score).toBeGreaterThan(0.9);
    else expect(Math.abs(score - 0.5)).toBeLessThan(0.15);
  },
);

test.runIf(gpu.kind === 'gpu' && gpu.features.has('shader-f16'))(
  'in mixed precision its first losses are those of f32, within a hundredth',
  async () => {
    const train = toyData({ size: 160, seed: 1 });
    const sizes = { vocabulary: 8, embedding: 8, units: 8, image: [8, 8, 1], filters: 4, classes: 4 } as const;
    const lossesOf = async (precision: Precision) => {
      const model = new TextImageClassifier({ ...sizes, seed: 1 }).usePrecision(precision);
      const scaled = precision === 'mixed' ? ({ lossScale: 'dynamic' } as const) : {};
      const optimizer = new Adam(model.parameters(), { learningRate: 0.01, ...scaled });
      const losses: number[] = [];
      for (const batch of batches(train, { size: 32, seed: 1, epoch: 0 })) {
        const loss = crossEntropy(model.forward(batch), batch.labels);
        await optimizer.step(loss);
        losses.push(await loss.item());
      }
      return losses;
    };
    const [full, mixed] = [await lossesOf('f32'), await lossesOf('mixed')];
    expect(full).toHaveLength(5);
    expect(mixed).not.toEqual(full);
    expectClose(mixed, full, { absolute: 0, relative: 1e-2 });
  },
);

test('inputs are checked', () => {
  const model = new TextImageClassifier({
    vocabulary: 10,
    embedding: 2,
    units: 2,
    image: [4, 4, 1],
    filters: 2,
    classes: 3,
  });
  const tokens = tensor(Int32Array.of(1, 2), [1, 2]);
  expect(() => model.forward({ tokens })).toThrow(
    'TextImageClassifier: expected images of f32 [batch, 4, 4, 1], got nothing',
  );
  expect(() => model.forward({ tokens, images: zeros([1, 4, 4, 3]) })).toThrow('got f32 [1, 4, 4, 3]');
  expect(() => model.forward({ tokens, images: zeros([2, 4, 4, 1]) })).toThrow('1 texts and 2 images');
  expect(() => model.forward({ tokens: tensor(Int32Array.of(10), [1, 1]), images: zeros([1, 4, 4, 1]) })).toThrow(
    'TextImageClassifier: tokens 10 at position 0 is out of range',
  );
  expect(() => model.forward({ tokens: tensor(new Int32Array(0), [0, 2]), images: zeros([0, 4, 4, 1]) })).toThrow(
    'got i32 [0, 2]',
  );
});
